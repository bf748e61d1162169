"""JSON whose form plainly means the one that was asked for is brought into it."""

from __future__ import annotations

import json

import pytest

from personagen.agents.author import REPLIES
from personagen.agents.judge import Ranking
from personagen.agents.observer import Guesses
from personagen.agents.replies import parsed
from personagen.errors import ReplyError

GUESS = {"fact": "They bake.", "quote": "I bake", "kind": "profile"}
VERDICT = {"reason": "It is warm.", "ranking": "B, A", "confidence": 4}
PROFILE = {"text": "A nurse.", "facts": ["nurse"]}


@pytest.mark.parametrize(
    "value",
    [
        {"inferences": [GUESS]},
        {"result": {"inferences": [GUESS]}},
        {"status": "ok", "data": {"output": {"inferences": [GUESS]}}},
        {"type": "object", "properties": {"inferences": [GUESS]}},
        [GUESS],
        [{"inferences": [GUESS]}],
        {"results": [GUESS]},
        GUESS,
        {"answer": GUESS},
        {"inferences": GUESS},
        {"Inferences": [{"Fact": GUESS["fact"], "QUOTE": GUESS["quote"], "kind": "Profile"}]},
    ],
)
def test_the_observers_answer_is_found_in_any_plain_form(value):
    (found,) = parsed(Guesses, json.dumps(value)).inferences
    assert (found.fact, found.quote, found.kind) == ("They bake.", "I bake", "profile")


@pytest.mark.parametrize(
    "value",
    [
        {"result": VERDICT},
        {"verdict": {"final": VERDICT}},
        [VERDICT],
        {"Reason": VERDICT["reason"], "Ranking": "B, A", "CONFIDENCE": "4"},
        json.dumps(VERDICT),
    ],
)
def test_the_judges_answer_is_found_in_any_plain_form(value):
    found = parsed(Ranking, json.dumps(value), labels="AB")
    assert (found.reason, found.ranking, found.confidence) == ("It is warm.", ("B", "A"), 4)


@pytest.mark.parametrize("value", [[PROFILE], PROFILE, {"profiles": [PROFILE]}, {"Descriptions": PROFILE}])
def test_the_authors_answer_is_found_in_any_plain_form(value):
    (found,) = parsed(REPLIES["profile"], json.dumps(value)).descriptions
    assert (found.text, found.items) == ("A nurse.", ("nurse",))


def test_what_stands_beside_the_asked_for_key_does_not_take_its_place():
    found = parsed(Ranking, json.dumps({"Ranking": "A, B", "ranking": "B, A"}), labels="AB")
    assert found.ranking == ("B", "A")


@pytest.mark.parametrize(
    "value",
    [
        {"first": VERDICT, "second": VERDICT},
        [VERDICT, VERDICT],
        {"properties": {"ranking": {"type": "string", "enum": ["A, B", "B, A"]}}},
        {"a": {"b": {"c": {"d": {"e": VERDICT}}}}},
        {"error": {"reason": "overloaded"}},
        {"ranking": "..."},
        ["A", "B"],
    ],
)
def test_an_answer_that_would_have_to_be_guessed_is_refused(value):
    with pytest.raises(ReplyError):
        parsed(Ranking, json.dumps(value), labels="AB")


@pytest.mark.parametrize("value", [{"error": {"text": "overloaded"}}, {"inferences": {"type": "array"}}, {"fact": "a"}])
def test_an_entry_is_known_by_more_than_one_key(value):
    with pytest.raises(ReplyError):
        parsed(Guesses, json.dumps(value))
