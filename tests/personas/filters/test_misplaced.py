"""The kind filter."""

from __future__ import annotations

import pytest

from personagen.personas.filters import PoolView
from personagen.personas.filters.misplaced import misplaced
from tests.personas.filters.pools import PERSONALITY, PROFILE, personality, profile

EMPTY = PoolView()


def test_a_profile_of_facts_and_a_personality_of_traits_pass():
    assert misplaced(profile(), EMPTY) is None
    assert misplaced(personality(), EMPTY) is None


@pytest.mark.parametrize(
    ("sentence", "traits"), [("She is generous.", "generous"), ("She is a patient and witty woman.", "patient, witty")]
)
def test_a_profile_that_names_traits_is_turned_away_with_them(sentence, traits):
    verdict = misplaced(profile(f"{PROFILE} {sentence}"), EMPTY)
    assert verdict.reason == f"a trait in a profile: {traits}"
    assert verdict.score == traits.count(",") + 1


@pytest.mark.parametrize(
    "sentence",
    [
        "She keeps a calm horse.", "Her patients are children.", "She works in a kind of cellar.", "A warm bed.",
        "She runs a creative writing class.",
    ],
)  # fmt: skip
def test_a_word_that_describes_a_thing_is_no_trait(sentence):
    assert misplaced(profile(f"{PROFILE} {sentence}"), EMPTY) is None


@pytest.mark.parametrize(
    ("sentence", "what"),
    [
        ("She is 34 years old.", "an age"),
        ("She is a 34-year-old.", "an age"),
        ("At 34, she is set in her ways.", "an age"),
        ("She is in her late thirties.", "an age"),
        ("She works as a nurse.", "work"),
        ("She is a primary school teacher.", "work"),
        ("She is retired.", "work"),
        ("She lives in Oslo.", "a home"),
        ("She grew up on a farm.", "a home"),
        ("She is happily married.", "a family"),
        ("She has two teenage sons.", "a family"),
        ("She is a mother of three.", "a family"),
        ("She has a black cat.", "a pet"),
    ],
)
def test_a_personality_that_states_a_fact_is_turned_away_with_it(sentence, what):
    verdict = misplaced(personality(f"{PERSONALITY} {sentence}"), EMPTY)
    assert verdict.reason.startswith(f"a fact in a personality, {what}")


@pytest.mark.parametrize(
    "sentence",
    [
        "She lives in the moment.", "She is a born listener.", "She works well with people.", "She has a sharp tongue.",
        "She is as stubborn as a mule.", "She sees people as they are.", "She moved on at once.",
        "She keeps her head.", "She treats everyone like a brother.",
    ],
)  # fmt: skip
def test_a_turn_of_phrase_is_no_fact(sentence):
    assert misplaced(personality(f"{PERSONALITY} {sentence}"), EMPTY) is None


def test_a_profile_is_no_personality_and_a_personality_no_profile():
    assert misplaced(personality(PROFILE), EMPTY) is not None
    assert misplaced(profile(PERSONALITY), EMPTY) is not None
