"""Scripts and lengths of texts."""

from __future__ import annotations

import pytest

from personagen.personas.scripts import is_unspaced, is_written_in, length, letters, main_scripts

CHINESE, JAPANESE, THAI = "她住在昆明。", "パン屋を営む。", "เธอเป็นพยาบาล"


@pytest.mark.parametrize(
    ("text", "scripts"),
    [
        ("plain", {"LATIN"}),
        ("Çok güzel, naïve Ærø", {"LATIN"}),
        (CHINESE, {"CJK"}),
        (JAPANESE, {"KATAKANA", "HIRAGANA", "CJK"}),
        ("ｐｌａｉｎ ｶﾅ", {"LATIN", "KATAKANA"}),
        ("Привет мир", {"CYRILLIC"}),
        ("안녕하세요", {"HANGUL"}),
        ("123 !?", set()),
    ],
)
def test_the_scripts_of_a_text(text, scripts):
    assert main_scripts(letters(text)) == scripts


def test_a_few_words_of_another_script_are_no_script_of_a_text():
    assert main_scripts(letters(CHINESE * 10 + " TV")) == {"CJK"}


@pytest.mark.parametrize(
    ("text", "expected"), [(CHINESE, True), (THAI, True), ("안녕 세상", False), ("a b", False), ("", False)]
)
def test_which_scripts_have_no_spaces(text, expected):
    assert is_unspaced(text) is expected


def test_a_text_with_some_foreign_words_is_still_in_its_script():
    assert is_written_in(CHINESE * 3 + "NBA", {"CJK"})
    assert not is_written_in("She lives in 昆明", {"CJK"})


def test_lengths():
    assert length("She has two cats.", "words") == 4
    assert length("她 住在 昆明。", "characters") == 6
