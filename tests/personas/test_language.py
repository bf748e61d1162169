"""The language of a text, by its commonest words; tests/gates/test_language.py has conversations in all of them."""

from __future__ import annotations

import pytest

from personagen.personas.english.text import words
from personagen.personas.language import BANKS, MIN_WORDS, is_in, other_language
from personagen.personas.seeds import load_seeds
from tests.gates.test_language import BAD
from tests.personas.filters.pools import PERSONALITY, PROFILE
from tests.personas.filters.test_format import FRENCH, GERMAN, RUSSIAN

OURS = load_seeds(None)
PORTUGUESE, SPANISH = BAD[19:23], BAD[10:15]


@pytest.mark.parametrize(("code", "text"), [("de", GERMAN), ("fr", FRENCH), ("en", PROFILE), ("en", PERSONALITY)])
def test_a_description_is_in_its_own_language_and_in_no_other(code: str, text: str):
    assert [other for other in (*BANKS, "any") if is_in(words(text), other)] == [code, "any"]


def test_every_packaged_seed_is_in_english_alone():
    for seed in (*OURS.profiles, *OURS.personalities):
        found = words(seed.text)
        assert [code for code in BANKS if is_in(found, code)] == ["en"]
        assert other_language(found, "en") is None


def test_a_text_in_a_script_without_a_bank_is_in_no_language():
    assert not any(is_in(words(RUSSIAN), code) for code in BANKS)
    assert other_language(words(RUSSIAN), "de") == "another script"


def test_a_text_in_a_language_without_a_bank_is_in_no_language():
    finnish = (
        "Hän on 34-vuotias sairaanhoitaja, joka asuu Turussa kahden kissan kanssa. Hän ui meressä joka aamu "
        "ja laulaa kuorossa. Hänen veljensä ajaa taksia Oulussa, ja he soittavat toisilleen sunnuntaisin."
    )
    assert not any(is_in(words(finnish), code) for code in BANKS)


@pytest.mark.parametrize(("texts", "code", "other"), [(PORTUGUESE, "es", "pt"), (SPANISH, "pt", "es")])
def test_words_that_two_languages_share_are_evidence_for_neither(texts: tuple[str, ...], code: str, other: str):
    found = [other_language(words(text), code) for text in texts]
    assert found.count(other) >= 0.75 * len(texts)
    assert not any(other_language(words(text), other) for text in texts)


def test_fewer_words_than_the_minimum_are_no_evidence():
    found = words(GERMAN)
    assert other_language(found[: MIN_WORDS - 1], "en") is None
    assert other_language(found[:MIN_WORDS], "en") == "de"


def test_a_long_text_that_ends_in_another_language_is_found():
    assert other_language(words(" ".join([PROFILE] * 8 + [GERMAN] * 3)), "en") == "de"
