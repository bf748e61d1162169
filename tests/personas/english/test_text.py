from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.personas.english.text import fold, normalised, sentences, words

# Letters, marks, separators and punctuation of many scripts, with the pieces the rules look for among them.
PIECES = st.sampled_from(
    "She|he|They|her|his|them|Dr. |St. Ives|Zoë|named |34-year-old |aged 7 |is 40, |. |I'm|_name |she's |they\u2019re |"
    "O\u2019Neil |de la Cruz |。|इस्तांबुल |ﬁ|İ|ß|ℌ|ǅ|\n\n|works |, ".split("|")
)
WILD = st.lists(st.one_of(PIECES, st.text(max_size=12)), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("She sings. He dances!  Who cooks?", ["She sings.", "He dances!", "Who cooks?"]),
        ("Dr. Osei pays 3.5 dollars. Rich.", ["Dr. Osei pays 3.5 dollars.", "Rich."]),
        ("She met J. R. Hu in St. Louis. Later.", ["She met J. R. Hu in St. Louis.", "Later."]),
        ('"Why not?" she said. Why?', ['"Why not?"', "she said.", "Why?"]),
        ("One line\nand the next\n \n\nA paragraph", ["One line and the next", "A paragraph"]),
        ("彼女は歌う。彼は踊る！", ["彼女は歌う。", "彼は踊る！"]),
        ("No stop", ["No stop"]),
        ("  \n ", []),
    ],
)
def test_a_sentence_ends_where_a_reader_would_end_it(text: str, expected: list[str]):
    assert sentences(text) == expected


@given(WILD)
def test_sentences_lose_nothing_but_white_space(text: str):
    assert "".join("".join(sentences(text)).split()) == "".join(text.split())


def test_words_are_lower_case_and_keep_hyphens_apostrophes_and_every_script():
    assert words("Zoë\u2019s 34-year-old dog, हिन्दी में!") == ["zoë's", "34-year-old", "dog", "हिन्दी", "में"]


@given(WILD)
def test_the_quick_way_to_the_words_of_ascii_finds_what_the_general_way_finds(text: str):
    text = text.encode("ascii", "replace").decode()
    assert words(text) == [word for word in words(f"{text} \u0436") if word != "\u0436"]


def test_folding_takes_accents_and_case_and_leaves_other_scripts_whole():
    assert fold("Łukasz\u2019 CAFÉ, हिन्दी") == "łukasz' cafe, हिन्दी"


@given(WILD)
def test_folding_twice_changes_nothing(text: str):
    assert fold(fold(text)) == fold(text)


FRAME = "She is a 34-year-old nurse from Lima. Her dog, a terrier named Duke, sleeps on her bed. She knits on Sundays."


@pytest.mark.parametrize(
    "variant",
    [
        FRAME.replace("Duke", "Bella"),
        FRAME.replace("Lima", "Cape Town"),
        FRAME.replace("34", "61"),
        FRAME.replace("named Duke", "named duke"),
        FRAME.replace("terrier", "térrier").replace(",", ";").upper().capitalize().replace("lima", "Oslo"),
        "He is a 34-year-old nurse from Lima. His dog, a terrier named Duke, sleeps on his bed. He knits on Sundays.",
        FRAME.replace("She is", "They are")
        .replace("Her", "Their")
        .replace("her", "their")
        .replace("She knits", "They knit"),
    ],
)
def test_the_same_frame_with_another_name_pronoun_or_age_collides(variant: str):
    assert normalised(variant.replace("sundays", "Sundays")) == normalised(FRAME)


@pytest.mark.parametrize("other", [FRAME.replace("nurse", "baker"), FRAME.replace("terrier", "beagle"), FRAME[:37]])
def test_another_job_or_animal_does_not_collide(other: str):
    assert normalised(other) != normalised(FRAME)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Marta Silva keeps bees.", "_name keeps bees"),
        ("Marta is a baker. Bread sells.", "_name is a baker bread sells"),
        ("In Lagos, Tunde and Ada met.", "in _name _name and _name met"),
        ("Retired, she swims. I'm sure.", "retired _who swim im sure"),
        ("Duke barks. She loves Duke.", "_name barks _who love _name"),
        ("She was named after Duke.", "_who was named after _name"),
        ("She has 3 sons, aged 4.", "_who have 3 sons aged _age"),
        ("She's 40. He likes Jean-Luc van Dam.", "_who is _age _who like _name"),
    ],
)
def test_names_are_masked_and_words_that_open_a_sentence_are_not(text: str, expected: str):
    assert normalised(text) == expected


@given(WILD)
def test_normalising_twice_changes_nothing(text: str):
    once = normalised(text)
    assert normalised(once) == once
