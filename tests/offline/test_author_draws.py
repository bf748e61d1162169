"""The offline author plays the people who were drawn."""

from __future__ import annotations

from collections import Counter
from functools import cache
from random import Random

import orjson
import pytest

from personagen.offline import author
from personagen.offline.author import life as author_life
from personagen.offline.author import slips
from personagen.offline.author.homes import places
from personagen.personas.english.text import attributes_of, pronoun_of
from personagen.personas.form import PACKAGED
from personagen.personas.lexicon import VALENCE
from personagen.personas.population import draws
from personagen.personas.population_file import packaged
from personagen.personas.traits import canonical

CALLS = 40


@cache
def written(kind):
    """(draw, text, items) of descriptions without slips."""
    answer, items = {"profile": (author.profiles, "facts"), "personality": (author.personalities, "traits")}[kind]
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(slips, "drawn", lambda rng: None)
        for call in range(CALLS):
            drawn = draws(packaged(), kind, PACKAGED, f"3/{call}", 20)
            inputs = {"examples": [], "count": 20, "draws": drawn}
            reply = orjson.loads(answer(inputs, Random(f"{kind}/{call}")))["descriptions"]
            found += [(one, row["text"], row[items]) for one, row in zip(drawn, reply, strict=True)]
    return found


def test_ages_and_pronouns_are_those_drawn():
    read = [(one, attributes_of(text).get("age"), pronoun_of(text)) for one, text, _ in written("profile")]
    assert sum(age == one["age"] for one, age, _ in read) > 0.93 * len(read)
    assert sum(age not in (None, one["age"]) for one, age, _ in read) < 0.01 * len(read)
    assert all(who == one["pronoun"] for one, _, who in read)
    assert all(pronoun_of(text) == one["pronoun"] for one, text, _ in written("personality"))


def marks(**drawn):
    return [author_life.life(Random(f"{n}"), drawn) for n in range(60)]


@pytest.mark.parametrize(
    ("drawn", "mark"),
    [
        ({"religion": "Muslim"}, "muslim"),
        ({"religion": "no religion"}, "none"),
        ({"schooling": "no schooling"}, "noschool"),
        ({"household": "widowed", "age": 70}, "widowed"),
        ({"household": "couple of the same sex", "age": 40}, "samesex"),
        ({"household": "married, children at home", "age": 40}, "haskids"),
        ({"household": "married, grown children", "age": 66}, "grownkids"),
        ({"household": "married, no children", "age": 40}, "nokids"),
        ({"work": "retired", "age": 70}, "retired"),
        ({"work": "looks for work", "age": 30}, "jobless"),
        ({"place": "a village or the countryside"}, "rural"),
        ({"country": "China"}, "china"),
        ({"country": "the United Kingdom"}, "europe"),
    ],
)
def test_a_life_is_that_of_the_person_drawn(drawn, mark):
    assert all(mark in one.has for one in marks(**drawn))


def test_the_healthy_have_no_illness_and_the_others_one_of_the_drawn_kind():
    well = marks(health="no disability or long illness")
    assert all("illness" in one.barred for one in well)
    said = Counter(
        any(
            word in text.lower()
            for word in (
                "blind",
                "sees",
                "eye",
                "hear",
                "deaf",
                "magnifying",
                "television",
                "radio",
                "sight",
                "cataract",
            )
        )
        for one, text, _ in written("profile")
        if one["health"] == "sees or hears badly"
    )
    assert said[True] > 0.8 * said.total()


def test_values_that_it_does_not_know_are_drawn_anew():
    for one in marks(country="Atlantis", religion="Pastafarian", work="flies", age=300):
        assert one.slots["country"]
    assert all(one.age == 18 for one in marks(age=12))


def test_every_packaged_country_has_a_place_to_live():
    known = places()
    for cases in packaged()["profile"]["country"].given["region"].values():
        assert all(known[country] for country in cases.own)


def test_the_leading_traits_are_listed_and_the_share_of_hard_ones_is_that_drawn():
    off = []
    for one, _, traits in written("personality"):
        named = set(map(canonical, traits))
        off.append(len(set(one["traits"].split(", ")) - named))
        hard = sum(VALENCE.get(canonical(trait)) == "unflattering" for trait in traits) / len(traits)
        assert abs(hard - one["unflattering"] / 100) < 0.4
    assert sum(off) < 0.12 * sum(one["leading"] for one, _, _ in written("personality"))
