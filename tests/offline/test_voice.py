"""Facts said by the person, to the person and about the person."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.offline.voice import brief, clause, second, third


@pytest.mark.parametrize(
    ("fact", "mine", "yours"),
    [
        ("She keeps bees on her roof", "I keep bees on my roof", "you keep bees on your roof"),
        ("He is a 34-year-old nurse", "I'm a 34-year-old nurse", "you're a 34-year-old nurse"),
        ("They live in Oslo and are learning Greek", "I live in Oslo and am learning Greek", None),
        ("34 years old", "I'm 34", "you're 34"),
        ("two cats named Pixel and Scribble", "I have two cats named Pixel and Scribble", None),
        ("Retired bus driver", "I'm a retired bus driver", None),
        ("Her husband is a pilot and works nights", "my husband is a pilot and works nights", None),
        ("She's been running for years", "I've been running for years", "you've been running for years"),
        ("He has a brother who visits him and sings", "I have a brother who visits me and sings", None),
        ("She loves her garden and spends weekends in it", "I love my garden and spend weekends in it", None),
        ("A son has a desk in her home", "a son has a desk in my home", "a son has a desk in your home"),
        ("A stray dog followed her home", "a stray dog followed me home", "a stray dog followed you home"),
        ("The smallest amount of cream gives them cramps", "the smallest amount of cream gives me cramps", None),
        ("The user's son is deaf", "my son is deaf", "your son is deaf"),
        ("Friday is her day for the baths", "Friday is my day for the baths", None),
        ("He was born in Kerala", "I was born in Kerala", "you were born in Kerala"),
        ("vegan", "I'm vegan", "you're vegan"),
        ("plays the oud", "I play the oud", "you play the oud"),
        ("She doesn't eat meat", "I don't eat meat", None),
        ("Amira works at a mill", "I work at a mill", None),
        ("A half-brother turned up by letter", "a half-brother turned up by letter", None),
        ("I keep bees", "I keep bees", "you keep bees"),
        ("She bakes cookies and cakes for her students", "I bake cookies and cakes for my students", None),
        ("He is retired and lives by the beach", "I'm retired and live by the beach", None),
        (
            "A nurse who keeps bees and sings",
            "I'm a nurse who keeps bees and sings",
            "you're a nurse who keeps bees and sings",
        ),
        ("A deaf tutor who paints in her spare time", "I'm a deaf tutor who paints in my spare time", None),
        ("A potter whose kiln leaks", "I'm a potter whose kiln leaks", None),
        ("A clerk and poet who mails them to friends", "I'm a clerk and poet who mails them to friends", None),
        ("A friend who lives in Rome visits her", "a friend who lives in Rome visits me", None),
    ],
)
def test_a_fact_is_turned_into_first_and_second_person(fact, mine, yours):
    assert clause(fact) == mine
    if yours:
        assert clause(fact, "you") == yours


@pytest.mark.parametrize("fact", ["", "?", "他住在北京", "Живёт в Москве с кошкой", "x" * 300, "- - -"])
def test_what_cannot_be_turned_is_left_alone(fact):
    assert clause(fact) is None


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("I keep bees on my roof", "the user keeps bees on their roof"),
        ("my son is ill", "the user's son is ill"),
        ("I'm married and have two sons", "the user is married and has two sons"),
        ("a stray dog followed me home", "a stray dog followed the user home"),
        ("I live on the East Cape, New Zealand", "the user lives on the East Cape, New Zealand"),
        ("I enjoy cooking and often host parties", "the user enjoys cooking and often hosts parties"),
        ("I'm a kind and open person", "the user is a kind and open person"),
        ("I'm a calm, kind but open tutor", "the user is a calm, kind but open tutor"),
        ("I'm the warm and quietly open sort", "the user is the warm and quietly open sort"),
        ("I'm warm and open doors", "the user is warm and opens doors"),
        ("I'm a nurse and cook for two", "the user is a nurse and cooks for two"),
        ("I often cook and sell jam to my neighbours", "the user often cooks and sells jam to their neighbours"),
    ],
)
def test_what_somebody_said_is_told_about_them(said, told):
    assert third(said) == told


def test_was_becomes_were_only_after_you():
    assert second("I was ill when my dog was young") == "you were ill when your dog was young"


def test_a_long_clause_is_cut_at_a_natural_place_and_loses_a_bare_age():
    text = "you're a 34-year-old carpenter who builds boats in a shed by the old harbour wall"
    assert brief(text) == "you're a carpenter"


@given(st.text(max_size=80))
def test_no_text_makes_the_grammar_fail(text):
    for person in ("I", "you"):
        said = clause(text, person)
        assert said is None or said.strip()
    brief(third(second(text)))
