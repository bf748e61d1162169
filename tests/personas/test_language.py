"""The language of a text, by its commonest words; tests/gates/test_language.py has conversations in all of them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from personagen.options.language import language
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


ARMENIAN = "Նա երեսունչորս տարեկան է և աշխատում է հիվանդանոցում։ Նա ապրում է ծովի մոտ և ամեն առավոտ լողում է։"
BASQUE = (
    "Mirenek hogeita hamalau urte ditu eta erizaina da Donostian. Goizero itsasoan igeri egiten du, eta igandeetan "
    "abesbatzan kantatzen du. Anaiak taxia gidatzen du Gasteizen, eta astero deitzen diote elkarri."
)
FINNISH = (
    "Hän on 34-vuotias sairaanhoitaja, joka asuu Turussa kahden kissan kanssa. Hän ui meressä joka aamu "
    "ja laulaa kuorossa. Hänen veljensä ajaa taksia Oulussa, ja he soittavat toisilleen sunnuntaisin."
)


@pytest.mark.parametrize(("code", "text"), [("ru", RUSSIAN), ("hy", ARMENIAN), ("fi", FINNISH), ("eu", BASQUE)])
def test_a_text_is_in_its_language_and_not_in_one_that_can_be_told_from_it(code: str, text: str):
    found = words(text)
    assert is_in(found, code)
    assert [other for other in BANKS if is_in(found, other)] == [code] * (code in BANKS)
    assert other_language(found, "zh") == "another script"


DOUBLE = tomllib.loads((Path(__file__).parent.parent / "servers" / "tongues.toml").read_text(encoding="utf-8"))
CODES = {name: language(name) for name in DOUBLE}
SAID = {name: " ".join(bank["advice"]) for name, bank in DOUBLE.items()}
ENGLISH = SAID["English"]


@pytest.mark.parametrize("name", DOUBLE)
def test_each_language_passes_as_itself_and_as_no_other(name: str):
    passed = [other for other in CODES if is_in(words(SAID[name]), CODES[other])]
    assert passed == [name]
    assert [other for other in CODES if not other_language(words(SAID[name]), CODES[other])] == [name]
    assert is_in(words(SAID[name]), "any")


@pytest.mark.parametrize("code", ["cy", "et", "gsw", "zu", "sr", "th", "ka", "Klingon", "zh-Hant", "pt-BR", "fil"])
def test_english_is_found_out_in_any_language_whose_script_or_words_can_tell(code: str):
    silent = code in ("sr", "Klingon")  # two scripts; not known
    assert (other_language(words(ENGLISH), code) is None) == silent


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            "zh",
            "我用 iPhone 15 Pro Max 和 MacBook Air，还装了 Visual Studio Code、GitHub Copilot 和 Chrome。",
        ),
        ("zh", "东京、大阪、京都、名古屋、札幌、福冈、神户、横滨、广岛、仙台都可以去看看。"),
        ("ja", "東京都千代田区丸の内一丁目の駅です。"),
        ("ko", "삼성 Galaxy S24 Ultra 256GB Titanium Gray 모델이에요."),
        ("ar", "استخدم Microsoft Word أو Google Docs أو LibreOffice Writer كما تشاء."),
        ("hi", "मैं WhatsApp, Instagram, YouTube और Google Maps चलाता हूँ।"),
        ("de", "Der Film „Das siebte Siegel“ lief im Kino, und wir sahen auch Город und 東京 auf Plakaten."),
        ("sr", "Mislim da treba prvo razgovarati sa stanodavcem, pa onda platiti račun koji je stigao juče poštom."),
        ("nb", "Jeg tror at du først må snakke med utleieren før du betaler regningen, men det haster ikke så mye."),
        (
            "ms",
            "Saya rasa awak perlu bercakap dengan tuan rumah sebelum membayar bil itu, tetapi tidak tergesa.",
        ),
    ],
)
def test_names_brands_and_quoted_words_are_no_evidence(code: str, text: str):
    assert other_language(words(text), code) is None


def test_chinese_is_told_from_japanese_by_its_kana():
    assert other_language(words(SAID["Chinese"]), "ja") == "zh"
    assert other_language(words(SAID["Japanese"]), "zh") == "another script"


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
