"""Which circumstances a fact names, and which questions they bear on."""

from __future__ import annotations

import re

import pytest

from personagen.offline.circumstances import advice_in, advice_on, bears_on, circumstances_of, fits, names
from personagen.offline.texts import bank, canon
from personagen.offline.topics import topics


@pytest.mark.parametrize(
    ("fact", "found"),
    [
        ("She works nights as a nurse", ("nights",)),
        ("I am a night nurse", ("nights", "care")),
        ("The user is a midwife", ("care",)),
        ("He is a retired locksmith", ("retired",)),
        ("They turned 71", ("old",)),
        ("She is 34 years old", ()),
        ("He eats chocolate after ten, 85 per cent cocoa", ()),
        ("She has two cats", ("pets",)),
        ("Her dog Muffin rides in the bicycle basket", ("pets",)),
        ("He had a crow as a childhood pet", ()),
        ("They lost a dog called Bandit last year and keep the lead", ()),
        ("She is allergic to cats and has one", ()),
        ("Her husband Mamadou works as an event caterer", ("partner",)),
        ("His wife died two winters ago", ("alone",)),
        ("They visit their husband Ioane's tomb on Saturdays", ()),
        ("She prays five times a day, the dawn one on a mat by the window", ("faith",)),
        ("He belongs to no church and pays for the bells", ()),
        ("She calls herself an atheist and sings carols anyway", ()),
        ("She lives in a hill village in Molise", ("village",)),
        ("A scholarship exam at eleven got him out of the village", ()),
        ("She has two sons who write software in Seattle and Singapore", ()),
        ("He looks after their twin girls full time", ("kids",)),
        ("He follows Nigerian football on his phone", ()),
        ("She crochets octopuses for premature babies", ("craft",)),
        ("She keeps every receipt in a concertina file", ()),
    ],
)
def test_a_fact_names_the_circumstances_that_one_would_say(fact, found):
    assert circumstances_of(fact) == found


def test_every_shape_lists_questions_that_exist():
    for questions in bank("circumstances")["shapes"].values():
        for question in questions:
            topic, asks = re.fullmatch(r"([a-z_]+)(\d+)", question).groups()
            assert all(int(ask) < len(topics()[topic].asks) for ask in asks), question


def test_every_circumstance_has_advice_of_known_shapes_and_no_sentence_stands_for_two():
    shapes = set(bank("circumstances")["shapes"])
    seen = {}
    for name in names():
        raw = bank("circumstances")["circumstances"][name]
        assert raw["you"].startswith("you"), name
        assert len(raw["tailor"]) >= 3, name
        assert set(raw["tailor"]) <= shapes, name
        for text in (t for texts in raw["tailor"].values() for t in texts):
            assert seen.setdefault(canon(text), name) == name, text
            assert text == text[0].upper() + text[1:].rstrip(".") + ".", text
            assert not re.search(r"[<>{}]", text), text


def test_advice_is_found_in_a_reply_that_gives_it_and_in_no_point_of_a_topic():
    for name in names():
        for texts in bank("circumstances")["circumstances"][name]["tailor"].values():
            for text in texts:
                assert [a.circumstance for a in advice_in(f"Bleed the radiators. Besides, {text.lower()}")] == [name], (
                    text
                )
    for topic in topics().values():
        for point in (p for a in topic.asks for p in a.points):
            assert not advice_in(f"{point.advice} {point.more}"), point.advice


def test_advice_fits_the_question_it_was_written_for_alone():
    [advice] = advice_on("nights", "boiler", 1)
    assert fits(advice, "boiler", 1)
    assert not fits(advice, "boiler", 0)
    assert advice_on("nights", "boiler", 0) == ()
    assert bears_on("She works nights", "boiler")
    assert not bears_on("She is 34 years old", "boiler")
