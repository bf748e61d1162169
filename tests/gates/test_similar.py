"""Near-equal replies."""

from __future__ import annotations

import pytest

from personagen.gates.pair import Comparison
from personagen.gates.similar import similar, similar_score, similarity

REPLY = (
    "Put the jars in the sun for an hour first. Then boil them with the lids, and let them cool on a cloth. "
    "If the lid clicks, the jar is closed and keeps for a year in the dark."
)


@pytest.mark.parametrize(
    "other",
    [
        REPLY.upper().replace(",", ""),
        REPLY.replace("an hour", "two hours", 1),
        f"{REPLY} Good luck!",
        " ".join([*REPLY.split(". ")[1:], REPLY.split(". ", maxsplit=1)[0]]),
    ],
)
def test_a_reply_that_hardly_differs_is_similar(other):
    made = Comparison("0.1", "0.0", {"0.0": REPLY, "0.1": other}, ())
    assert similar(made).startswith("replies 0.1 and 0.0 are nearly the same: ")
    assert similar_score(made) >= 0.9


@pytest.mark.parametrize(
    "other",
    [
        "",
        "Yes.",
        REPLY.split(". ", maxsplit=1)[0],
        f"{REPLY} As you have a cellar, keep them there, away from frost and light.",
    ],
)
def test_a_reply_with_a_sentence_of_its_own_is_not(other):
    assert similar(Comparison("0.1", "0.0", {"0.0": REPLY, "0.1": other}, ())) is None


def test_one_word_replies_are_similar_only_if_equal():
    assert similarity("Yes.", "yes") == 1.0
    assert similarity("Yes.", "No.") == 0.0
    assert similarity("短い小説を読んで", "短い小説を読んだ") == pytest.approx(6 / 7, abs=0.1)
