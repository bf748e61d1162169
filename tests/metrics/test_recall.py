"""What a list about a user has of the persona."""

from __future__ import annotations

from personagen.metrics.recall import Recalled, recalled

FACTS = ("keeps bees in Leiden", "repairs old church organs", "is 41")
SAID = ("I keep bees in Leiden, so spring is busy.", "At 41 I should know better.")


def test_revealed_facts_in_the_list_are_recovered_and_hidden_ones_guessed():
    found = recalled(FACTS, (), SAID, "- You keep bees in Leiden.\n- You repair old church organs")
    assert found == Recalled(revealed=2, recovered=1, hidden=1, guessed=1, traits=0, named=0)


def test_a_statement_that_is_no_fact_of_the_persona_is_not_counted():
    found = recalled(FACTS, (), SAID, "You own a yacht.\nYou sing in a choir.")
    assert (found.recovered, found.guessed) == (0, 0)


def test_words_of_a_fact_that_stand_in_different_items_do_not_name_it():
    found = recalled(("repairs old church organs",), (), (), "Your church is near.\nYou like organs.\nYour car is old.")
    assert found.guessed == 0


def test_a_trait_is_named_by_its_word_or_by_one_that_the_lexicon_takes_for_it():
    found = recalled((), ("stubborn", "blunt", "shy"), (), "You are pig-headed and shy.")
    assert (found.traits, found.named) == (3, 2)
