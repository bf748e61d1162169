"""One person writes the same way all the time, and two people don't."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from personagen.offline.idiolect import idiolect_of, voiced, worded
from personagen.offline.texts import canon

PLAIN = replace(idiolect_of("x", ()), words={}, long=False, dots=0.0, cheers=0.0)


def test_a_formal_person_writes_contractions_out_but_leaves_question_tags_alone():
    formal = replace(PLAIN, long=True)
    assert (
        worded("I'm sure it's fine, isn't it? I don't know.", formal)
        == "I am sure it is fine, isn't it? I do not know."
    )


def test_a_person_keeps_to_their_own_words():
    habit = replace(PLAIN, words={"nobody": "no-one", "colour": "color"})
    assert worded("Nobody likes the colour.", habit) == "No-one likes the color."


def test_the_same_person_has_the_same_habits_and_others_have_others():
    assert idiolect_of("a", ("sunny",)) == idiolect_of("a", ("sunny",))
    assert len({idiolect_of(str(i), ()).fillers for i in range(30)}) > 20


def test_there_is_at_most_one_filler_of_a_kind_in_what_a_person_says():
    habit = replace(PLAIN, fillers=("Honestly", "Honestly", "Honestly"))
    for seed in range(60):
        assert voiced(["It rains."] * 8, set(), habit, Random(seed), "").count("Honestly") <= 1
        assert "Honestly" not in voiced(["It rains."] * 8, set(), habit, Random(seed), canon("honestly, yes"))


def test_a_cheerful_person_ends_some_sentences_with_a_bang_and_asks_as_before():
    text = voiced(["It rains.", "Why?"] * 20, set(), replace(PLAIN, cheers=0.5), Random(1), "")
    assert 4 < text.count("!") < 18
    assert text.count("?") == 20


@given(st.text(max_size=60), st.integers(0, 50))
def test_any_text_can_be_worded(text, seed):
    worded(text, idiolect_of(str(seed), ("terse",)))
