"""ALOE's conversations as its script writes them."""

from __future__ import annotations

from typing import Any

import pytest

from personagen.readers.aloe import Conversation, conversation


def turn(**more: Any) -> dict[str, Any]:
    return {
        "user": "I tuned an organ.",
        "assistant": {"preferred": "Which one?", "rejected": "Nice."},
        "chosen": "rejected",
        "inferred_profile": "She tunes organs.",
        "inferred_personality": "None",
        **more,
    }


def row(**more: Any) -> dict[str, Any]:
    return {"profile": "She is 61.", "personality": "She is blunt.", "conversations": [turn()], **more}


def test_a_turn_has_both_replies_the_one_that_went_on_and_what_was_inferred():
    made = conversation(row())
    assert isinstance(made, Conversation)
    [only] = made.turns
    assert (only.user, only.preferred, only.rejected) == ("I tuned an organ.", "Which one?", "Nice.")
    assert only.continued == "rejected"
    assert only.inferred == {"profile": "She tunes organs.", "personality": ""}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("a text", "the row is not an object"),
        (row(conversations=[]), "conversations is not a list of turns, or an empty one"),
        (row(conversations=None), "conversations is not a list of turns"),
        (row(profile=None), "profile is missing"),
        (row(personality=3), "personality is not a text"),
        (row(conversations=[turn(), "x"]), "turn 2 is not an object"),
        (row(conversations=[turn(user=None)]), "turn 1: user is missing"),
        (row(conversations=[turn(assistant="x")]), "turn 1: assistant is not an object"),
        (row(conversations=[turn(assistant={"preferred": "x"})]), r"turn 1: assistant\.rejected is missing"),
        (row(conversations=[turn(chosen="first")]), "turn 1: chosen is 'first', not preferred or rejected"),
        (row(conversations=[turn(inferred_profile=["x"])]), "turn 1: inferred_profile is not a text"),
        (row(profile="\ud800"), "profile holds a lone surrogate"),
    ],
)
def test_a_row_of_another_shape_is_refused_with_its_place(value: object, reason: str):
    with pytest.raises(ValueError, match=reason):
        conversation(value)
