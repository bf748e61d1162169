"""What a turn says of the judge."""

from __future__ import annotations

from typing import Any

from personagen.reports.rules import judged


def verdict(order: str, ranking: str, **more: Any) -> dict[str, Any]:
    return {"node": "0", "order": list(order), "ranking": list(ranking), "tie": False, "persona": "", **more}


def test_a_judge_that_prefers_what_it_sees_first_disagrees_with_itself():
    tree = {"judgments": [verdict("ab", "ab"), verdict("ba", "ba")]}
    assert judged(tree) == {"0": {"position": True, "orders": False}}


def test_a_judge_that_prefers_one_reply_has_no_position():
    assert judged({"judgments": [verdict("ab", "ab"), verdict("ba", "ab")]}) == {"0": {"orders": True}}


def test_a_tie_is_the_same_as_another_tie_alone():
    tie = verdict("ab", "ab", tie=True)
    assert judged({"judgments": [tie, verdict("ba", "ba", tie=True)]})["0"]["orders"]
    assert not judged({"judgments": [tie, verdict("ba", "ba")]})["0"]["orders"]


def test_the_verdicts_of_another_judge_and_of_the_judge_again_are_set_beside_the_first():
    tree = {
        "judgments": [verdict("ab", "ab")],
        "repeated": [verdict("ab", "ab"), verdict("ab", "ba")],
        "seconded": [verdict("ab", "ab")],
    }
    assert judged(tree) == {"0": {"repeated": False, "seconded": True}}


def test_what_others_prefer_says_nothing_of_the_judge():
    assert judged({"judgments": [verdict("ab", "ab", persona="nobody")]}) == {}
