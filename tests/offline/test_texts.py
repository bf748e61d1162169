"""The template language, and not saying a thing twice."""

from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from personagen.offline.texts import canon, fill, pick, skeleton, small, wordings


def test_alternatives_are_drawn_and_slots_filled_also_inside_them():
    texts = {fill("<H> {helps|costs <x>}.", Random(i), {"h": "the list", "x": "time"}) for i in range(20)}
    assert texts == {"The list helps.", "The list costs time."}


def test_a_template_whose_words_were_used_is_not_drawn_again_with_another_filling():
    pool = ["I had never thought of <h>.", "Right, <h>."]
    said = canon("I had never thought of the tick list.")
    assert {pick(pool, Random(i), {"h": "bees"}, said) for i in range(30)} == {"Right, bees."}


def test_a_template_with_an_unknown_slot_is_passed_over():
    assert {pick(["<missing> it", "fine"], Random(i), {}) for i in range(20)} == {"fine"}


def test_nothing_is_drawn_from_an_empty_pool():
    assert pick([], Random(1), {}) == ""


def test_every_wording_of_a_template_is_listed():
    assert wordings("{a|b} c {d|e}") == ["a c d", "a c e", "b c d", "b c e"]


def test_two_peoples_wordings_of_one_thing_are_equal():
    assert canon("I don't begin; nobody's kids!") != canon("They sing.")
    assert canon("I don't begin.") == canon("I do not start")
    assert canon("A neighbour") == canon("a NEIGHBOR")


def test_only_an_ordinary_first_word_is_made_small():
    assert [small(t) for t in ("Try it.", "I'm in.", "NASA did.")] == ["try it.", "I'm in.", "NASA did."]


@given(st.text(max_size=60))
def test_any_text_has_a_canonical_form_that_is_its_own(text):
    assert canon(canon(text)) == canon(text)
    skeleton(text)
