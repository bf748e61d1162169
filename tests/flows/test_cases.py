"""The conversations that an evaluation plans, and the options that it refuses before it plans any."""

from __future__ import annotations

import pytest

from personagen.errors import UsageError
from personagen.flows.cases import Cases, check
from personagen.options.evaluate import EvaluateOptions
from tests import fakes


def person(name, personality, traits, age=30):
    update = {"id": name, "profile": f"Aged {age}.", "personality": personality, "traits": traits}
    return fakes.PERSONA.model_copy(update=update)


def test_a_shift_gives_another_personality_where_all_of_the_same_pronoun_have_one():
    alike = [person("a", "She is blunt.", ("blunt",)), person("b", "She is blunt.", ("blunt",), 70)]
    people = (*alike, person("c", "He is gentle.", ("gentle",)))
    later = {case.persona.id: case.later.personality for case in Cases(options(protocol="shift"), people, ("x",), {})}
    assert later["a"] == later["b"] == "He is gentle."


def options(**given):
    return EvaluateOptions(**given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"protocol": "learn-test", "turns": 1}, "compares later turns with the first one: give --turns 2 or more"),
        ({"judge_model": ("offline", "offline")}, "--judge-model offline is given twice, and its scores would be"),
        ({"judge_model": ("offline", "openai/a", "openai/a")}, "--judge-model openai/a is given twice"),
    ],
)
def test_options_that_would_measure_nothing_are_refused(given, said):
    with pytest.raises(UsageError, match=said):
        check(options(**given))


@pytest.mark.parametrize("own", [{"reasoning": "judge-2=high"}, {"extra": 'judge-2={"top_k": 1}'}])
def test_one_model_with_two_settings_is_a_panel(own):
    check(options(judge_model=("openai/a", "openai/a"), **own))
