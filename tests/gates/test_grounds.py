"""Which lines of a persona were revealed, and which a reply uses that were not."""

from __future__ import annotations

import pytest

from personagen.gates.grounds import coverage, revealed
from personagen.records import Inference


def inferred(fact, quote="q", kind="profile"):
    return [Inference(fact=fact, quote=quote, kind=kind)]


@pytest.mark.parametrize(
    ("line", "fact", "quote"),
    [
        ("repairs lifts in Porto", "The user is a lift repairer in Porto", "I mend lifts here in Porto"),
        ("works nights every other week", "They work at night", "I'm on nights every second week"),
        ("is 46", "The user is 46 years old", "46 and tired"),
        ("hat zwei Töchter in Graz", "Die Nutzerin hat Töchter", "meine beiden Töchter leben in Graz"),
        ("彼女は蜂を飼う。", "利用者は蜂を飼っている", "うちの蜂が"),
    ],
)
def test_a_line_whose_words_an_inference_or_its_quote_has_is_revealed(line, fact, quote):
    assert revealed(line, inferred(fact, quote))


@pytest.mark.parametrize(
    ("line", "fact"),
    [
        ("repairs lifts in Porto", "The user has a dog in the house"),
        ("is 46", "The user is 64 years old"),
        ("looks after her father", "The user looks for work"),
        ("was born in 1984", "The user was born in 1985"),
    ],
)
def test_another_fact_does_not_reveal_a_line(line, fact):
    assert not revealed(line, inferred(fact))
    assert not revealed(line, [])


def test_a_trait_is_revealed_by_its_word_or_one_that_means_the_same():
    assert revealed("impatient", inferred("shows some impatience", kind="personality"))
    assert revealed("stubborn", inferred("The user seems pig-headed", kind="personality"))
    assert revealed("punctual", inferred("The user keeps lists and seems organised.", kind="personality"))
    assert not revealed("stubborn", inferred("The user seems cheerful", kind="personality"))
    assert not revealed("punctual", inferred("The user keeps lists and seems organised.", kind="profile"))


def test_several_inferences_are_not_added_up():
    line = "keeps goats above Almora and knits socks for sale"
    assert not revealed(line, [*inferred("keeps goats"), *inferred("knits at night")])


def test_the_share_of_a_line_counts_long_words_more():
    assert coverage("works at the harbour", "he works") < 0.5 < coverage("works at the harbour", "the harbour")
    assert coverage("", "any") == coverage("a of", "a of") == 0
