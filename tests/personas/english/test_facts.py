from __future__ import annotations

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from personagen.personas.english.facts import MAX_FACTS
from personagen.personas.english.text import attributes_of, facts_of, normalised, pronoun_of, sentences
from personagen.personas.traits import traits_of
from personagen.personas.words import STOPS


def test_each_sentence_is_a_fact_without_its_stop():
    text = "She is a 34-year-old nurse, and sings. Her dog snores! She has two cats; both are old..."
    assert facts_of(text) == (
        "She is a 34-year-old nurse, and sings",
        "Her dog snores",
        "She has two cats; both are old",
    )


def test_there_are_never_more_than_fifteen_facts():
    assert len(facts_of(" ".join(f"He has {n} goats." for n in range(2, 40)))) == MAX_FACTS == 15


@given(st.text(max_size=200))
@example("\u3002")
def test_any_text_gives_distinct_statements_or_none(text: str):
    facts = facts_of(text)
    assert len(set(facts)) == len(facts) <= MAX_FACTS
    assert all(fact == fact.strip() != "" for fact in facts)
    assert facts or not any(sentence.strip(f" .!?;:{STOPS}") for sentence in sentences(text))


@pytest.mark.parametrize(
    ("text", "age"),
    [
        ("She is a 34-year-old nurse.", 34),
        ("He is 71 years old.", 71),
        ("Aged 79 and widowed twice, she knits.", 79),
        ("Now 67 and retired, she reads.", 67),
        ("He turned eighty in May.", 80),
        ("At sixty-two he still drives.", 62),
        ("A woman of 45, she sings.", 45),
        ("Seventy-nine, she walks.", 79),
        ("She\u2019s 19.", 19),
        ("They are twenty-nine years old.", 29),
        ("Her 8-year-old son is deaf. She is thirty-four.", 34),
        ("She has two daughters, aged 4 and 6, and is 41.", 41),
        ("He raises a 5-year-old and is 30.", 30),
        ("At 16 he left school. He is a 50-year-old cook.", 50),
        ("He has a 12-year-old dog called Rex.", None),
        ("Home is a 9-year-old van. He is 60.", 60),
        ("She is 200 years old.", None),
        ("She was born in 1950 and has 3 sons.", None),
    ],
)
def test_the_age_is_the_subjects_own(text: str, age: int | None):
    assert attributes_of(text).get("age") == age


@pytest.mark.parametrize(
    ("text", "gender"),
    [
        ("She has a brother; he sails.", "female"),
        ("In his boat he sails to her island.", "male"),
        ("They live with their son.", "other"),
        ("A widow of three husbands.", "female"),
        ("Father of two.", "male"),
        ("A baker from Lima.", None),
    ],
)
def test_gender_is_read_off_the_subjects_pronoun_or_a_noun(text: str, gender: str | None):
    assert attributes_of(text).get("gender") == gender


HOSTILE = [
    "She is a b who is a c who " * 700,
    " " * 20_000,
    "\n" * 20_000,
    "A" * 20_000,
    ".(( " * 5_000,
    "4-year-old " * 1_800,
    "plays at, " * 2_000,
    "with a 4-year-old son " * 900,
    "She plays at" + ", plays at" * 1_500,
]


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: text[:12].strip())
def test_no_text_of_the_longest_kind_takes_long(text: str):
    begin = time.process_time()
    for read in (sentences, facts_of, attributes_of, normalised, traits_of, pronoun_of):
        read(text)
    assert time.process_time() - begin < 8  # about 1 s at worst; anything quadratic in earnest takes minutes


def test_an_age_in_letters_of_another_case_is_read():
    assert attributes_of("She is \u017feventy.") == {"age": 70, "gender": "female"}
