"""How unlike personas are."""

from __future__ import annotations

import pytest

from personagen.personas.distance import distance, farthest
from personagen.records import Persona


def person(*traits, facts=("keeps bees in Crete",), **attributes):
    return Persona(
        id=f"{traits}{facts}", profile="P", personality="Q", facts=facts, traits=traits, attributes=attributes
    )


ADA = person("patient", "blunt", age=61, gender="female")


def test_a_persona_is_at_no_distance_from_itself():
    assert distance(ADA, ADA) == 0


@pytest.mark.parametrize(
    ("nearer", "farther"),
    [
        (person("patient", "blunt"), person("patient", "cheerful")),
        (person("shy", "cheerful"), person("impatient", "cheerful")),
        (person("patient", "blunt"), person("patient", "blunt", facts=("sells shoes",))),
        (person("patient", "blunt", age=60), person("patient", "blunt", age=20)),
        (person("patient", "blunt", gender="female"), person("patient", "blunt", gender="male")),
    ],
)
def test_other_words_opposite_traits_and_other_attributes_make_it_larger(nearer, farther):
    assert distance(ADA, nearer) < distance(ADA, farther)
    assert distance(ADA, farther) == distance(farther, ADA)
    assert farthest(ADA, [nearer, farther, nearer]) is farther


def test_it_compares_words_of_any_language():
    one, same, other = (person("幸せ", facts=(fact,)) for fact in ("蜂を飼う", "蜂を飼った", "靴を売る"))
    assert distance(one, same) < distance(one, other)
