"""The observer: what it reads off a user's words, and with which quotes."""

from __future__ import annotations

from random import Random

import orjson
import pytest

from personagen.offline import observer
from personagen.offline.facts import stems
from personagen.offline.style import axes_shown
from personagen.offline.texts import bank, fill
from tests.offline.cast import grown, talk


def _infer(*texts, seed=1):
    return orjson.loads(observer.infer({"conversation": talk(*texts)}, Random(seed)))["inferences"]


@pytest.mark.parametrize(
    ("text", "fact", "quote"),
    [
        ("For context, I keep two canaries.", "The user keeps two canaries", "I keep two canaries"),
        ("I'm a retired nurse, so mornings are free.", "The user is a retired nurse", "I'm a retired nurse"),
        ("It helps to know that my husband is a pilot.", "The user's husband is a pilot", "my husband is a pilot"),
        ("i play the violin and i live in Lisbon, by the way", "The user lives in Lisbon", "i live in Lisbon"),
        ("I'm 34, if that matters.", "The user is 34", "I'm 34"),
    ],
)
def test_a_statement_about_oneself_becomes_a_fact_with_its_words_as_the_quote(text, fact, quote):
    found = [i for i in _infer(text) if i["kind"] == "profile"]
    assert (fact, quote) in [(i["fact"], i["quote"].rstrip(",")) for i in found]


def test_a_question_is_not_a_fact():
    assert not [i for i in _infer("Should I keep bees?") if i["kind"] == "profile"]


def test_a_lead_in_is_no_part_of_the_fact():
    found = _infer("You asked about me: I named my eldest son after a footballer.")
    assert [i["fact"] for i in found if i["kind"] == "profile"] == [
        "The user named their eldest son after a footballer"
    ]


def test_something_of_the_users_can_be_the_subject():
    found = _infer("For context, a stray dog followed me home last winter.")
    assert [(i["fact"], i["quote"]) for i in found if i["kind"] == "profile"] == [
        ("A stray dog followed the user home last winter", "a stray dog followed me home last winter")
    ]


@pytest.mark.parametrize(
    "name", ["reactions_plain", "probes", "doubts", "shifts", "shifts_terse", "closings", "scenes"]
)
def test_what_the_cast_says_about_the_conversation_or_the_moment_is_no_fact(name):
    slots = {"thing": "the insurance claim", "h": "a list of three names", "name": "the claim", "i": "", "j": ""}
    said = [fill(template, Random(seed), slots) for template in bank("user")[name] for seed in range(3)]
    found = [(text, i["fact"]) for text in said for i in _infer(text, seed=3) if i["kind"] == "profile"]
    assert [row for row in found if "(" not in row[1]] == []
    assert [i["quote"] for i in _infer(f"{said[0]} I keep two canaries.") if i["kind"] == "profile"][:1] == [
        "I keep two canaries"
    ]


def test_only_user_turns_are_read():
    assert not [i for i in _infer("Hello.", "I keep two canaries and I'm a nurse.", "Fine.") if "canar" in i["quote"]]


def test_nearly_every_quote_is_verbatim_and_a_few_in_a_hundred_are_not():
    turns = [t for g in grown() for t in g.turns]
    dropped = sum(t["dropped"] for t in turns)
    kept = sum(t["inferred"] for t in turns)
    assert 0.01 * len(turns) < dropped < 0.1 * len(turns)
    assert kept > 30 * dropped


def test_short_messages_are_taken_for_a_terse_user():
    found = _infer("Boiler bangs.", "Check the pressure.", "Did. Now?", "Call somebody.", "Who?")
    assert any("terse" in axes_shown(i["fact"]) for i in found if i["kind"] == "personality")


def test_most_inferred_facts_are_facts_of_the_persona():
    right = wrong = 0
    for g in grown():
        facts = [f for f in map(stems, g.persona["facts"]) if f]
        for inferred in g.turns[-1]["sure"]:
            want = stems(inferred)
            if want and not axes_shown(inferred):
                good = any(len(want & f) >= 0.5 * min(len(want), len(f)) for f in facts)
                right, wrong = right + good, wrong + (not good)
    assert right > 12 * wrong
