"""What the turn gates share: what they let through, their order, and what an objection holds."""

from __future__ import annotations

import pytest

from personagen.agents.replies import speech
from personagen.gates import TURN_GATES, Objection, Turn, first_objection
from tests.gates.talk import GOOD_ASSISTANT, GOOD_USER, chat


@pytest.mark.parametrize("text", GOOD_USER)
def test_what_a_person_may_well_write_is_let_through(text: str):
    assert first_objection(Turn("user", text, chat("My tap drips.", "Since when does it drip?"))) is None
    assert first_objection(Turn("user", text)) is None


@pytest.mark.parametrize("text", GOOD_ASSISTANT)
def test_what_an_assistant_may_well_answer_is_let_through_whole(text: str):
    said = speech(text, "assistant")
    assert (said.text, said.cut) == (text, "")
    assert first_objection(Turn("assistant", text, chat("My tap drips. What can I do?"))) is None


def test_gates_are_asked_in_this_order_and_the_first_that_objects_is_named():
    assert list(TURN_GATES) == [
        "speaker",
        "markup",
        "language",
        "role",
        "echo",
        "about",
        "itself",
        "medium",
        "loops",
        "repeats",
        "mirror",
        "openings",
    ]
    both = "Assistant: How can I help you today? <|im_end|>"
    objection = first_objection(Turn("user", both))
    assert objection == Objection("speaker", "the user begins as 'Assistant:'", both)


def test_what_is_asked_for_as_a_draft_may_speak_for_the_user():
    letter = "My wife and I have lived here since May. The roof leaks. Please send somebody."
    assert first_objection(Turn("assistant", letter, chat("Write a letter to my landlord about the roof."))) is None
    assert first_objection(Turn("assistant", letter, chat("The roof leaks. What now?"))) is not None


def test_a_draft_is_no_reason_to_speak_of_the_prompt():
    said = "Sign it. The user's next message will be shorter."
    assert first_objection(Turn("assistant", said, chat("Write a letter to my landlord."))) is not None
    assert first_objection(Turn("assistant", said, chat("Write a dialogue with a chatbot."))) is None
