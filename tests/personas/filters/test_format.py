"""The format filter."""

from __future__ import annotations

import pytest

from personagen.personas.filters import PoolView, Rules
from personagen.personas.filters.format import format, unsupported
from tests.personas.filters.pools import FACTS, PERSONALITY, PROFILE, TRAITS, personality, profile

EMPTY = PoolView()


def reason(candidate, view=EMPTY):
    verdict = format(candidate, view)
    return verdict and verdict.reason


def test_a_plain_profile_with_its_facts_passes():
    assert reason(profile()) is None


def test_a_plain_personality_with_its_traits_passes():
    assert reason(personality()) is None


@pytest.mark.parametrize("count", [0, 7, 11])
def test_a_number_of_facts_out_of_bounds_is_turned_away_with_the_number(count):
    verdict = format(profile(items=(*FACTS, "She has cats", "She swims")[:count]), EMPTY)
    assert verdict.reason == f"{count} facts, not 8 to 10"
    assert verdict.score == count


def test_a_fact_that_is_listed_twice_counts_once():
    assert reason(profile(items=(*FACTS[:7], FACTS[0].upper()))) == "7 facts, not 8 to 10"


def test_too_few_traits_are_called_traits():
    assert reason(personality(items=TRAITS[:5])) == "5 traits, not 8 to 10"


def test_the_bounds_are_those_of_the_rules():
    view = PoolView(Rules(items=(2, 3), words=(1, 5)))
    assert reason(profile("She has two cats.", ("has two cats", "has cats")), view) is None


@pytest.mark.parametrize(("text", "count"), [("She has two cats.", 4), (PROFILE.replace(".", " ") * 6, 6 * 53)])
def test_a_length_out_of_bounds_is_turned_away_with_the_number_of_words(text, count):
    verdict = format(profile(text), EMPTY)
    assert "words, not 30 to 250" in verdict.reason
    assert verdict.score == count


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("- " + "\n- ".join(FACTS), "a list marker"),
        ("\n".join(f"{n}. {fact}" for n, fact in enumerate(FACTS, 1)), "a list marker"),
        (" ".join(f"{n}) {fact}." for n, fact in enumerate(FACTS, 1)), "a list marker"),
        ("Her days. " + " ".join(f"({n}) {fact}." for n, fact in enumerate(FACTS, 1)), "a list marker"),
        ("• " + PROFILE, "a list marker"),
        ("# Profile\n" + PROFILE, "a heading"),
        ("Daily life:\n" + PROFILE, "a heading"),
        ("Name: Ana. " + PROFILE, "a heading"),
        ("**Ana** is a mender. " + PROFILE, "markup"),
        ("```json " + PROFILE, "markup"),
        ("<b>Ana</b> " + PROFILE, "markup"),
        (PROFILE.replace("Trieste", "[City]"), "a gap left open"),
        (PROFILE.replace("Trieste", "{city}"), "a gap left open"),
        (PROFILE.replace("Trieste", "<city>"), "markup"),
        (PROFILE.replace("Trieste", "____"), "a gap left open"),
        (PROFILE.replace("Trieste", "XXXX"), "a gap left open"),
        (PROFILE + " She also likes to...", "a gap left open"),
        ("Sure! " + PROFILE, "the writer speaking"),
        ("Here is the description you asked for. " + PROFILE, "the writer speaking"),
        (PROFILE + " As an AI, I can't tell more.", "the writer speaking"),
    ],
)
def test_what_is_no_running_text_is_turned_away(text, what):
    assert reason(profile(text)).startswith(what)


@pytest.mark.parametrize(
    "text",
    [
        PROFILE.replace("She mends", "Shop hours: never. She mends"),
        PROFILE.replace("a boat", "a boat – any boat – and a dog-eared map"),
        PROFILE.replace("a boat", 'a "boat" (5 m) at no. 3, pier B; C & sons\' price is 1.5 of it'),
        "Sureness is rare. " + PROFILE,
    ],
)
def test_dashes_quotes_brackets_and_colons_inside_sentences_pass(text):
    assert reason(profile(text)) is None


GERMAN = (
    "Sie ist 34 Jahre alt und repariert in einem Keller in Triest Akkordeons. Sie hat zwei Katzen und schwimmt vor dem "
    "Frühstück im Hafen. Ihr Bruder fährt in Graz ein Taxi, und sie singt in einem Chor, wenn sie nicht spart."
)
FRENCH = (
    "Elle a 34 ans et elle répare des accordéons dans une cave à Trieste. Elle a deux chats et nage dans le port avant "
    "le petit déjeuner. Son frère conduit un taxi à Graz, et elle chante le jeudi dans une chorale qui ne gagne pas."
)
RUSSIAN = "Ей тридцать четыре года, она чинит аккордеоны в подвале в Триесте и держит двух кошек. " * 4


@pytest.mark.parametrize("text", [GERMAN, FRENCH, RUSSIAN])
def test_a_text_in_another_language_is_turned_away(text):
    assert reason(profile(text)) == "not in the language en"


def test_the_language_any_takes_every_script():
    view = PoolView(Rules(language="any"))
    assert "language" not in (reason(profile(RUSSIAN), view) or "")


@pytest.mark.parametrize(
    "item",
    ["She plays the cello", "She is 43 years old", "She has three cats", "She is a wealthy heiress from Vienna", "..."],
)
def test_a_fact_the_text_does_not_bear_out_is_turned_away(item):
    assert reason(profile(items=(*FACTS[:8], item))) == f"not in the text: {item!r}"


@pytest.mark.parametrize(
    "item",
    [
        "34-year-old",
        "Owner of 2 cats",
        "accordion mender in Trieste",
        "Walnut allergy",
        "Has a brother in Graz",
        "Sings in choirs",
    ],
)
def test_a_fact_in_other_inflections_or_digits_passes(item):
    assert unsupported(PROFILE, (item,), traits=False) == []


def test_a_trait_in_a_synonym_the_lexicon_knows_passes_and_an_absent_one_does_not():
    text = PERSONALITY.replace("Blunt and forgetful", "Always tactless and forgetful").replace("loyal", "steadfast")
    assert unsupported(text, ("loyal", "curious", "stingy"), traits=True) == ["stingy"]
