"""A speaker who talks about "the user", the next message or the user's text."""

from __future__ import annotations

import pytest

from tests.gates.talk import rejected

TAP = "My tap drips at night and I can't sleep. What can I do?"


@pytest.mark.parametrize(
    "text",
    [
        "The user's request is clear: they want to sleep.",
        "That is a plumber's job. The user is asking for advice about a tap.",
        "It drips. The user wants to know why.",
        "A user asks about the connection between taps and sleep.",
        "I made a few minor changes to the original message to make it more concise.",
        "Here it is: 'My tap drips.' I've rewritten your text in a warmer tone.",
        "Here's the revised version of it: my tap drips at night, so I can't sleep.",
        "You can't tell me about this note, but it drips.",
        "It drips. Your answer must be so that they feel welcome.",
        "Der Nutzer möchte schlafen. Er sollte den Hahn zudrehen.",
        "用户希望晚上能睡好。",
    ],
)
def test_an_assistant_that_looks_on_from_outside_is_found(text: str):
    assert rejected("about", "assistant", text, TAP, language="any")


def test_a_user_that_speaks_of_the_user_or_of_the_task_is_found():
    assert rejected("about", "user", "It seems the user will ask about the valve.", TAP, "Close the valve.")
    assert rejected("about", "user", "The user would then ask about the valve.", TAP, "Close the valve.")
    assert rejected("about", "user", "I will now write your next message, about the valve.", TAP, "Close the valve.")


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("What does the user of this API see?", "The user sees an error. The user's next request is refused."),
        ("How do I build a login page?", "Check the password. If the user is asking for a new one, send a link."),
        ("Please correct: 'I has a tap.'", "I have a tap. I made one change to the original text: has became have."),
        ("Can you make this mail friendlier? Repair it. A. Lindt", "Here's the revised version: could you repair it?"),
        (TAP, "Close the valve under the sink, then unscrew the handle. The original washer is usually black."),
        (TAP, "Fasten the end user-friendly handle and sleep."),
        ("Was sieht der Nutzer, wenn die App abstürzt?", "Der Nutzer sieht einen leeren Bildschirm."),
    ],
)
def test_where_users_and_texts_are_the_matter_they_may_be_spoken_of(asked: str, text: str):
    assert not rejected("about", "assistant", text, asked, language="any")


def test_a_user_may_speak_of_a_message_that_the_talk_is_about():
    said = ("Which message should I send to the class first?", "The date. Then the place.")
    assert not rejected("about", "user", "And what should my next message be?", *said)
