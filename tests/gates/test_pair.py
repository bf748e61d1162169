"""Each gate alone."""

from __future__ import annotations

import pytest

from personagen.gates import PAIR_GATES, Comparison
from personagen.gates.disputed import disputed
from personagen.gates.pair import empty, identical, inconsistent, judged, margin_of, tie, uninformed
from personagen.records import Judgment
from tests.trees import verdicts

REPLIES = {"0.0": "Fix it yourself.", "0.1": "How lovely, do tell me more!", "0.2": "All right."}
GOOD = verdicts("0", ["0.1", "0.2", "0.0"])


def rank(*ranking: str, order: tuple[str, ...] = ("0.0", "0.1", "0.2"), **more) -> Judgment:
    return Judgment(node="0", order=order, ranking=ranking, **more)


def case(judgments=GOOD, replies=REPLIES, better="0.1", worse="0.0", **more) -> Comparison:
    return Comparison(better, worse, replies, judgments, **more)


@pytest.mark.parametrize("name", PAIR_GATES)
def test_two_agreeing_verdicts_about_good_replies_pass_every_gate(name: str):
    assert PAIR_GATES[name](case()) is None


def test_gates_are_asked_in_this_order():
    texts = ["uninformed", "judged", "empty", "identical", "similar"]
    assert list(PAIR_GATES) == [*texts, "leak", "dump", "contradiction", "tie", "inconsistent", "disputed"]


def test_a_reply_that_was_not_asked_for_since_nothing_was_known_makes_no_pair():
    alone = {"0.1": "How lovely!"}
    why = "nothing was known about the user yet, so the candidates were not told apart"
    assert uninformed(case((), alone, "", "", unasked=["0.0"])) == why
    assert uninformed(case((), alone, "", "")) is None
    assert uninformed(case(unasked=["0.3"])) is None


@pytest.mark.parametrize("count", [0, 1, 3])
def test_anything_but_two_verdicts_is_unjudged(count: int):
    assert judged(case((GOOD * 2)[:count])) == f"{count} of 2 verdicts"


def test_one_reply_alone_is_unjudged():
    assert judged(case(verdicts("0", ["0.0"]), {"0.0": "Hm."}, "", "")) == "1 of at least 2 replies"


def test_verdicts_that_saw_the_same_order_are_not_two_verdicts():
    assert judged(case([GOOD[0], GOOD[0]])) == "both verdicts saw the replies in the same order"


@pytest.mark.parametrize("ranking", [("0.1", "0.0"), ("0.1", "0.1", "0.0"), ("0.1", "0.3", "0.0")])
def test_a_verdict_that_does_not_rank_each_reply_once_is_unjudged(ranking: tuple[str, ...]):
    assert judged(case([GOOD[0], rank(*ranking, order=("0.2", "0.1", "0.0"))])) is not None


def test_verdicts_about_other_replies_are_unjudged():
    assert judged(case(verdicts("0", ["0.1", "0.3", "0.0"]))) is not None


@pytest.mark.parametrize("which", [0, 1])
def test_one_tie_of_two_is_a_tie(which: int):
    both = list(GOOD)
    both[which] = both[which].model_copy(update={"tie": True})
    assert tie(case(both)) == "a tie in 1 of 2 verdicts"


@pytest.mark.parametrize(
    ("again", "said"),
    [
        (rank("0.0", "0.1", "0.2"), "asked again, reply 0.0 is preferred to 0.1"),
        (rank("0.1", "0.2", "0.0", tie=True), "asked again, it is a tie"),
        (rank("0.2", "0.1", "0.0"), None),
    ],
)
def test_a_verdict_that_is_asked_for_again_must_prefer_the_same_reply(again: Judgment, said: str | None):
    assert disputed(case(again=[rank("0.1", "0.0", "0.2"), again])) == said
    assert disputed(case()) is None


def test_a_better_reply_that_changes_with_the_order_is_inconsistent():
    both = [rank("0.0", "0.1", "0.2"), rank("0.1", "0.0", "0.2")]
    assert inconsistent(case(both, better="0.0", worse="0.1")) == (
        "the better reply changed with the order, from 0.0 to 0.1"
    )
    assert inconsistent(case(both, better="0.0", worse="0.2")) is None


def test_the_margin_is_the_mean_difference_of_the_scores_in_both_orders():
    both = [
        rank("0.1", "0.2", "0.0", scores=(2, 5, 4)),
        rank("0.1", "0.2", "0.0", order=("0.2", "0.1", "0.0"), scores=(4, 4, 2)),
    ]
    assert margin_of(case(both)) == 2.5
    assert margin_of(case(both, worse="0.2")) == 0.5
    assert margin_of(case([both[0], GOOD[1]])) is None


def test_scores_that_on_the_whole_contradict_the_ranking_are_inconsistent():
    says = [rank("0.1", "0.2", "0.0", scores=(3, 4, 4)), rank("0.1", "0.2", "0.0", scores=(5, 2, 4))]
    assert inconsistent(case(says)) == "reply 0.1 is ranked above 0.0, but its scores are lower by 1"
    assert inconsistent(case([says[0], says[0]])) is None
    even = [says[0], rank("0.1", "0.2", "0.0", scores=(4, 3, 4))]
    assert (margin_of(case(even)), inconsistent(case(even))) == (0, None)


@pytest.mark.parametrize("blank", ["", " \n\t", "\u00a0", "\u200b\ufeff", "\x00"])
@pytest.mark.parametrize("node", ["0.0", "0.1"])
def test_a_reply_with_nothing_to_see_is_empty_on_either_side(blank: str, node: str):
    assert empty(case(replies={**REPLIES, node: blank})) == f"reply {node} is empty"


@pytest.mark.parametrize("text", ["?", "👍", "ok"])
def test_a_short_reply_is_not_empty(text: str):
    assert empty(case(replies={**REPLIES, "0.0": text})) is None


def test_an_empty_reply_harms_no_pair_of_others():
    assert empty(case(replies={**REPLIES, "0.2": ""})) is None


@pytest.mark.parametrize("same", ["Fix it  yourself.", "FIX IT YOURSELF.\n", "Fix it yourself."])
def test_replies_that_differ_in_case_and_whitespace_only_are_identical(same: str):
    assert identical(case(replies={**REPLIES, "0.1": same})) == "replies 0.1 and 0.0 are the same"


def test_a_difference_of_one_mark_is_a_difference():
    assert identical(case(replies={**REPLIES, "0.1": "Fix it yourself!"})) is None
