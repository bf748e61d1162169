"""Words, their number and sentences in scripts of every kind."""

from __future__ import annotations

import pytest

from personagen.personas.english.facts import facts_of, sentences
from personagen.personas.words import chars_per_word, word_count, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("我住在上海，用 iPhone。", ["我", "住", "在", "上", "海", "用", "iphone"]),
        ("コーヒーが好き", ["コーヒー", "が", "好", "き"]),
        ("나는 서울에 산다.", ["나는", "서울에", "산다"]),
        ("أعيش في القاهرة؟", ["أعيش", "في", "القاهرة"]),
        ("می\u200cخواهم بروم", ["می\u200cخواهم", "بروم"]),
        ("मैं दिल्ली में हूँ।", ["मैं", "दिल्ली", "में", "हूँ"]),
        ("ที่กรุง", ["ที่", "ก", "รุ", "ง"]),
        ("L'été, a 34-year-old: naïve_text", ["l'été", "a", "34-year-old", "naïve", "text"]),
    ],
)
def test_words_are_those_of_the_script(text: str, expected: list[str]):
    assert words(text) == expected


SAME = {
    "en": "She sells bread at the market every morning and takes care of her old father in the evening.",
    "zh": "她每天早上在市场上卖面包，晚上照顾她年老的父亲。",
    "ja": "彼女は毎朝市場でパンを売り、夜は年老いた父親の世話をしている。",
    "th": "เธอขายขนมปังที่ตลาดทุกเช้าและดูแลพ่อที่แก่ชราในตอนเย็น",
    "ko": "그녀는 매일 아침 시장에서 빵을 팔고 저녁에는 늙은 아버지를 돌본다.",
}


@pytest.mark.parametrize("code", SAME)
def test_one_statement_has_about_as_many_words_in_every_script(code: str):
    assert 0.5 <= word_count(SAME[code]) / word_count(SAME["en"]) <= 1.2


def test_characters_are_compared_where_no_spaces_divide_words():
    assert [chars_per_word(words(SAME[code])) for code in ("en", "zh", "ja", "th", "ko")] == [1, 2, 2, 3, 1]
    assert chars_per_word(words("用 Visual Studio Code")) == 1
    assert chars_per_word([]) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("आप कहाँ हैं? मैं यहाँ हूँ। ठीक।", ["आप कहाँ हैं?", "मैं यहाँ हूँ।", "ठीक।"]),
        ("هل تأتي؟ نعم، غدا. شكرا", ["هل تأتي؟", "نعم، غدا.", "شكرا"]),
        ("آپ کہاں ہیں؟ میں یہاں ہوں۔ شکریہ", ["آپ کہاں ہیں؟", "میں یہاں ہوں۔", "شکریہ"]),
        ("「行こう。」彼は言った。", ["「行こう。」", "彼は言った。"]),
        ("ነው። አይደለም።", ["ነው።", "አይደለም።"]),
    ],
)
def test_sentences_end_with_the_marks_of_the_script(text: str, expected: list[str]):
    assert sentences(text) == expected


def test_facts_lose_the_stop_of_any_script():
    assert facts_of("她住在上海。她有两个儿子。") == ("她住在上海", "她有两个儿子")
