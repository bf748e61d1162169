"""The names and codes by which a language is given."""

from __future__ import annotations

import pytest

from personagen.errors import UsageError
from personagen.options import ExpandOptions, SimulateOptions
from personagen.options.language import NAMES, base_of, language, name_of


@pytest.mark.parametrize(
    ("given", "code", "name", "base"),
    [
        ("de", "de", "German", "de"),
        ("DEU", "de", "German", "de"),
        ("German", "de", "German", "de"),
        ("deutsch", "de", "German", "de"),
        ("  brazilian  portuguese ", "pt-BR", "Brazilian Portuguese", "pt"),
        ("pt_br", "pt-BR", "Brazilian Portuguese", "pt"),
        ("zh-tw", "zh-Hant", "Traditional Chinese", "zh"),
        ("de-at", "de-AT", "German (de-AT)", "de"),
        ("sr-latn", "sr-Latn", "Serbian (sr-Latn)", "sr"),
        ("日本語", "ja", "Japanese", "ja"),
        ("français", "fr", "French", "fr"),
        ("franc\u0327ais", "fr", "French", "fr"),
        ("kiswahili", "sw", "Swahili", "sw"),
        ("Klingon", "Klingon", "Klingon", "Klingon"),
        ("Old Norse", "Old Norse", "Old Norse", "Old Norse"),
        ("ANY", "any", "any", "any"),
    ],
)
def test_a_language_is_known_by_name_or_code(given: str, code: str, name: str, base: str):
    assert language(given) == code
    assert (name_of(code), base_of(code)) == (name, base)
    assert SimulateOptions(language=given).language == ExpandOptions(language=given).language == code


def test_every_code_and_name_of_the_table_means_itself():
    for code, name in NAMES.items():
        assert language(code) == language(name.upper()) == code


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("Germn", "did you mean German?"),
        ("Swahilli", "did you mean Swahili?"),
        ("xx", "choose the English name of a language, its code"),
        ("12", "choose the English name"),
        ("", "choose the English name"),
        ("../up", "choose the English name"),
        ("a" * 70, "choose the English name"),
        ("{{ x }}", "choose the English name"),
    ],
)
def test_what_is_no_language_is_refused_with_what_to_choose(given: str, said: str):
    with pytest.raises(UsageError, match=r"^--language") as refused:
        SimulateOptions(language=given)
    assert said in str(refused.value)
