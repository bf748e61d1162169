"""The format filter."""

from __future__ import annotations

import pytest

from personagen.personas.filters import PoolView, Rules
from personagen.personas.filters.format import faults, format, unsupported
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


CHINESE = "退休的植物学家，住在昆明郊外，每天清晨给种子库写信。"
CHINESE_RULES = Rules(items=(1, 3), words=(10, 40), language="any", unit="characters", scripts=frozenset({"CJK"}))


@pytest.mark.parametrize(
    ("text", "items", "why"),
    [
        (CHINESE, ("住在昆明郊外", "给种子库写信"), None),
        (CHINESE, ("住在昆明", "懒", "信"), "not in the text: '懒'"),
        (CHINESE, ("在上海教书",), "not in the text: '在上海教书'"),
        (CHINESE[:8], ("植物学家",), "8 characters, not 10 to 40"),
        ("A retired botanist who lives", ("A retired botanist",), "not in the script of the seeds, cjk"),
    ],
)
def test_a_script_without_spaces_is_measured_and_compared_by_characters(text, items, why):
    assert reason(profile(text, items), PoolView(CHINESE_RULES)) == why


def test_tolerated_faults_are_let_pass_and_others_not():
    text, listed = "Name: Ana. **Ana** has two cats.", ("born in Rome",)
    view = PoolView(Rules(items=(1, 3), words=(3, 10), tolerated=frozenset({"a heading", "unsupported"})))
    assert reason(profile(text, listed), view) == "markup: '**'"
    view = PoolView(Rules(items=(1, 3), words=(3, 10), tolerated=frozenset({"a heading", "unsupported", "markup"})))
    assert reason(profile(text, listed), view) is None
    assert faults(profile(text, listed).description) == {"a heading", "markup", "unsupported"}


@pytest.mark.parametrize(
    "text", ["Vegan baker, night-shift paramedic, amateur cellist", "Bäcker aus Köln, zwei Katzen"]
)
def test_a_text_too_short_to_tell_its_language_is_not_held_to_be_foreign(text):
    view = PoolView(Rules(items=(1, 3), words=(3, 20)))
    assert reason(profile(text, (text,)), view) is None
    assert reason(profile(f"{text} {GERMAN}", (text,)), PoolView(Rules(items=(1, 3)))) == "not in the language en"
