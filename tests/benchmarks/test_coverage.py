"""The benchmark of coverage: what it reads in a text, and what it compares with."""

from __future__ import annotations

import pytest

from benchmarks.coverage import SAID, UNAGREED, rows, same_sex, says, shared_grams
from personagen.records import Persona


def persona(profile, **drawn):
    return Persona(id="p", profile=profile, personality="She is kind.", attributes={"age": 34}, drawn=drawn)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("disability or long illness", "She gets about in a wheelchair."),
        ("religion", "He prays at the mosque on Fridays."),
        ("another country of birth", "She came from Syria at nineteen."),
        ("children", "They have two sons."),
        ("married or with a partner", "His wife sells fish."),
        ("single, divorced or widowed", "He has never married."),
        ("degree", "She has a degree in law."),
        ("little or no schooling", "He left primary school when his father died."),
        ("farm, fishing, mine or factory", "She is a smallholder."),
        ("debt, rent or insecure work", "He is paid by the day."),
        ("care for a relative", "She is a full-time carer for her aunt."),
    ],
)
def test_a_text_says_what_its_words_say(what, text):
    assert says(text, SAID[what][1])
    assert not says("She is 34, works in a bakery and paints boats.", SAID[what][1])


def test_a_partner_of_the_same_sex_is_told_from_another():
    assert same_sex(persona("She lives with her wife Ana."))
    assert not same_sex(persona("He lives with his wife Ana."))


def test_verbs_that_do_not_agree_are_found():
    assert UNAGREED.search("Proud, he never admit to being lost.")
    assert UNAGREED.search("They keeps bees.")
    assert not UNAGREED.search("He never admits it; they keep bees and she has two.")


def test_the_table_has_what_was_drawn_beside_what_is_said():
    people = [
        persona("She is 34, a nurse with two sons.", age=34, pronoun="she", household="married, children at home"),
        persona("He is 34 and keeps bees.", age=70, pronoun="he", household="married, no children"),
    ]
    table = {what: (drawn, said) for what, drawn, said in rows(people)}
    assert table["age 30-44"] == (50.0, 100.0)
    assert table["she"] == (50.0, 50.0)
    assert table["children"] == (50.0, 50.0)
    assert table["age unknown"] == (0.0, 0.0)


def test_sequences_that_many_texts_share_are_counted():
    assert shared_grams([f"one two three four {n}" for n in range(200)]) == 0.5
    assert shared_grams([f"one{n} two three four" for n in range(200)]) == 0.0
