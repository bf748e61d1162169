"""Figures of user turns: what they count, that they add up, and that they see differences."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.metrics.realism import WINDOW, by_style, counts_of, figures_of, styled, type_token

TURNS = (
    "my boiler bangs at night",
    "Is it dangerous?",
    "no, that's not what i asked",
    "Thanks, I'm 41 and I keep bees in Leiden.",
)
FACTS = ("is 41", "keeps bees in Leiden")


def test_the_figures_of_one_conversation():
    found = figures_of(counts_of(TURNS, FACTS, {"left": 1}))
    assert found["words"] == {"p10": 3, "median": 5, "p90": 9}
    assert {name: found[name] for name in ("questions", "polite", "pushback", "no_end_mark", "lower_case_start")} == {
        "questions": 0.25,
        "polite": 0.25,
        "pushback": 0.25,
        "no_end_mark": 0.5,
        "lower_case_start": 0.5,
    }
    assert found["length_cv"] == pytest.approx(2.165 / 5.75, abs=0.001)
    assert found["first_turn_share"] == pytest.approx(5 / 23, abs=0.001)
    assert found["told_by_turn"] == {"1": 0.0, "2": 0.0, "3": 0.0, "4": 1.0}
    assert found["endings"] == {"left": 1}
    assert "type_token" not in found


@given(st.lists(st.lists(st.text(max_size=30), min_size=1, max_size=5), max_size=6), st.randoms())
def test_a_sum_does_not_depend_on_the_order_of_its_conversations(conversations, random):
    one = sum(map(counts_of, conversations), Counter())
    other = sum(map(counts_of, random.sample(conversations, len(conversations))), Counter())
    assert figures_of(one) == figures_of(other)


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("Yes.", True),
        ("yes", False),
        ("Really?!", True),
        ("はい。", True),
        ("はい", False),
        ('"No."', True),
        ("ok 🙂", True),
        ("नहीं।", True),
    ],
)
def test_an_end_mark_is_one_in_any_script(text, ends):
    assert figures_of(counts_of([text]))["no_end_mark"] == (not ends)


def test_scripts_without_case_have_no_lower_case():
    assert "lower_case_start" not in figures_of(counts_of(["はい", "123"]))
    assert figures_of(counts_of(["はい", "ja"]))["lower_case_start"] == 1.0


def test_politeness_is_counted_in_english_only():
    assert {"polite", "pushback"} & set(figures_of(counts_of(["danke, please"], language="de"))) == set()
    assert figures_of(counts_of(["please"], language="en-GB"))["polite"] == 1.0


def test_each_style_has_figures_of_its_own_conversations():
    calm = styled(counts_of(["one two three"]), {"noise": "low", "patience": "high"})
    rash = styled(counts_of(["one"]), {"noise": "high", "patience": "high"})
    found = by_style(calm + rash)
    assert list(found) == ["all", "noise high", "noise low", "patience high"]
    assert [found[name]["words"]["p90"] for name in found] == [3, 1, 3, 3]
    assert found["all"] == found["patience high"]
    assert by_style({}) == {}
    assert list(by_style(styled(counts_of(["one"]), {}))) == ["all"]


def test_the_type_token_ratio_does_not_fall_with_length():
    words = [f"w{n % 40}" for n in range(400)]
    assert type_token(words[: WINDOW - 1]) is None
    assert type_token(words) == pytest.approx(40 / WINDOW)
    assert type_token(words[:200]) == pytest.approx(type_token(words))
    assert type_token([f"w{n}" for n in range(60)]) == 1.0
    assert type_token(["w"] * 60) == pytest.approx(1 / WINDOW)
