"""The two-sample test: it tells apart what differs, does not what is the same, and learns no speaker by heart."""

from __future__ import annotations

from random import Random

import pytest

from personagen.metrics.two_sample import LEAST, told_apart

WORDS = "the a to of in it boiler night water price how what when why can should I my we they old new".split()


def said(count, seed, length=8, speakers=0, mark=".", turns=3):
    rng = Random(seed)
    return [
        (
            f"{seed}{n % (speakers or count)}",
            [" ".join(rng.choices(WORDS, k=max(1, round(rng.gauss(length, 3))))) + mark for _ in range(turns)],
        )
        for n in range(count)
    ]


def test_two_samples_of_one_source_look_alike():
    found = told_apart(said(150, 1), said(150, 2))
    assert found.low < 0.5 < found.high
    assert abs(found.value - 0.5) < 0.12


@pytest.mark.parametrize("other", [{"length": 20}, {"mark": ""}])
def test_samples_that_differ_in_length_or_marks_are_told_apart(other):
    assert told_apart(said(150, 1), said(150, 2, **other)).value > 0.85


def test_samples_that_differ_in_words_are_told_apart():
    theirs = [
        (who, [turn.replace("boiler", "kettle").replace("old", "ancient") for turn in turns])
        for who, turns in said(150, 2)
    ]
    assert told_apart(said(150, 1), theirs).value > 0.85


def test_speakers_are_kept_apart_so_that_none_is_known_by_heart():
    def marked(seed):
        return [(who, [f"tic{who} tac{who} toe{who}."] * 3) for who, _ in said(200, seed, speakers=37)]

    found = told_apart(marked(1), marked(2))
    assert found.value < 0.6


def test_a_conversation_with_more_turns_is_cut_so_that_their_number_tells_nothing():
    assert told_apart(said(150, 1), said(150, 2, turns=12)).low < 0.55


def test_too_few_speakers_say_nothing():
    assert told_apart(said(LEAST - 1, 1), said(100, 2)) is None
    assert told_apart([], said(100, 2)) is None
    assert told_apart(said(100, 1, speakers=LEAST - 1), said(100, 2)) is None
