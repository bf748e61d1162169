"""Each gate alone."""

from __future__ import annotations

import pytest

from personagen.gates import PAIR_GATES
from personagen.gates.pair import empty, identical, inconsistent, judged, tie
from personagen.records import Judgment
from tests.trees import verdicts

REPLIES = {"0.0": "Fix it yourself.", "0.1": "How lovely, do tell me more!", "0.2": "All right."}
GOOD = verdicts("0", ["0.1", "0.2", "0.0"])


def rank(*ranking: str, order: tuple[str, ...] = ("0.0", "0.1", "0.2"), tie: bool = False) -> Judgment:
    return Judgment(node="0", order=order, ranking=ranking, tie=tie)


@pytest.mark.parametrize("name", PAIR_GATES)
def test_two_agreeing_verdicts_about_good_replies_pass_every_gate(name: str):
    assert PAIR_GATES[name](GOOD, REPLIES) is None


def test_gates_are_asked_in_this_order():
    assert list(PAIR_GATES) == ["judged", "empty", "identical", "tie", "inconsistent"]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_anything_but_two_verdicts_is_unjudged(count: int):
    assert judged((GOOD * 2)[:count], REPLIES) == f"{count} of 2 verdicts"


def test_one_reply_alone_is_unjudged():
    assert judged(verdicts("0", ["0.0"]), {"0.0": "Hm."}) == "1 of at least 2 replies"


def test_verdicts_that_saw_the_same_order_are_not_two_verdicts():
    assert judged([GOOD[0], GOOD[0]], REPLIES) == "both verdicts saw the replies in the same order"


@pytest.mark.parametrize("ranking", [("0.1", "0.0"), ("0.1", "0.1", "0.0"), ("0.1", "0.3", "0.0")])
def test_a_verdict_that_does_not_rank_each_reply_once_is_unjudged(ranking: tuple[str, ...]):
    assert judged([GOOD[0], rank(*ranking, order=("0.2", "0.1", "0.0"))], REPLIES) is not None


def test_verdicts_about_other_replies_are_unjudged():
    assert judged(verdicts("0", ["0.1", "0.3", "0.0"]), REPLIES) is not None


@pytest.mark.parametrize("which", [0, 1])
def test_one_tie_of_two_is_a_tie(which: int):
    both = list(GOOD)
    both[which] = both[which].model_copy(update={"tie": True})
    assert tie(both, REPLIES) == "a tie in 1 of 2 verdicts"


def test_a_best_reply_that_changes_with_the_order_is_inconsistent():
    assert inconsistent([rank("0.0", "0.1", "0.2"), rank("0.1", "0.0", "0.2")], REPLIES) == (
        "the best reply changed with the order, from 0.0 to 0.1"
    )


def test_a_worst_reply_that_changes_with_the_order_is_inconsistent():
    assert inconsistent([rank("0.0", "0.1", "0.2"), rank("0.0", "0.2", "0.1")], REPLIES) == (
        "the worst reply changed with the order, from 0.2 to 0.1"
    )


@pytest.mark.parametrize("blank", ["", " \n\t", "\u00a0", "\u200b\ufeff", "\x00"])
@pytest.mark.parametrize("node", ["0.0", "0.1"])
def test_a_reply_with_nothing_to_see_is_empty_on_either_side(blank: str, node: str):
    assert empty(GOOD, {**REPLIES, node: blank}) == f"reply {node} is empty"


@pytest.mark.parametrize("text", ["?", "👍", "ok"])
def test_a_short_reply_is_not_empty(text: str):
    assert empty(GOOD, {**REPLIES, "0.0": text}) is None


def test_an_empty_reply_in_the_middle_harms_no_pair():
    assert empty(GOOD, {**REPLIES, "0.2": ""}) is None


@pytest.mark.parametrize("same", ["Fix it  yourself.", "FIX IT YOURSELF.\n", "Fix it yourself."])
def test_replies_that_differ_in_case_and_whitespace_only_are_identical(same: str):
    assert identical(GOOD, {**REPLIES, "0.1": same}) == "replies 0.1 and 0.0 are the same"


def test_a_difference_of_one_mark_is_a_difference():
    assert identical(GOOD, {**REPLIES, "0.1": "Fix it yourself!"}) is None
