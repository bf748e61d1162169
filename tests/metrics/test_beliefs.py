from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.metrics.beliefs import Beliefs, lines_of
from tests.fakes import PERSONA

LINES = ("is 41 years old", "keeps bees in Leiden", "blunt", "patient")


def test_what_is_learned_pays_once_in_whatever_words():
    beliefs = Beliefs(LINES)
    assert beliefs.gain(["The user is 41 years old."]) == 0.25
    assert beliefs.gain(["She is 41 years old", "Somebody of 41 years, old enough"]) == 0.0


def test_what_is_false_costs_once():
    beliefs = Beliefs(LINES)
    assert beliefs.gain(["owns a yacht"]) == -0.25
    assert beliefs.gain(["Owns a yacht"]) == 0.0


def test_one_inference_may_say_several_lines():
    assert Beliefs(LINES).gain(["A blunt person who keeps bees in Leiden"]) == 0.5


@given(st.lists(st.lists(st.sampled_from([*LINES, "owns a yacht", "hates the sea"]), max_size=4), max_size=6))
def test_the_gains_of_a_conversation_add_up_to_that_of_all_it_inferred_in_any_order(turns: list[list[str]]):
    forward, back, whole = Beliefs(LINES), Beliefs(LINES), Beliefs(LINES)
    total = whole.gain(one for turn in turns for one in turn)
    assert sum(map(forward.gain, turns)) == pytest.approx(total)
    assert sum(map(back.gain, reversed(turns))) == pytest.approx(total)


def test_the_lines_of_a_persona_are_its_facts_and_traits_else_its_sentences():
    assert lines_of(PERSONA) == ("is 41", "keeps bees in Leiden", "blunt")
    bare = PERSONA.model_copy(update={"facts": (), "traits": ()})
    assert len(lines_of(bare)) == 2


def test_a_person_of_whom_nothing_is_written_brings_nothing():
    assert Beliefs(()).gain(["owns a yacht"]) == 0.0
