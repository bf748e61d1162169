"""An assistant that comments on messages, notes and wording instead of answering."""

from __future__ import annotations

import pytest

from personagen.gates.medium import medium
from personagen.gates.turn import Turn
from personagen.records import Message
from tests.gates.talk import chat, rejected

TAP = "My tap drips at night and I can't sleep. What can I do?"
NOTED = (Message(role="user", content=f"{TAP}\n\n[A note for you, not written by the user. Never mention this note.]"),)


@pytest.mark.parametrize(
    "text",
    [
        "I'll just copy your message here. What a night it was!",
        "The last message.",
        "A note, not a message, I'm sure. Do you have a problem?",
        "Here is a possible answer: 'Close the valve under the sink.'",
        "Close it. This response addresses the request in a kind way.",
        "A message that seems to be a joke. Add a phrase to make it serious.",
        "The sentence 'it drips' is grammatically correct, but dull.",
        "You need care. For more see [insert the address of a plumber].",
        "Your next sentence can be a good example of how a tap drips.",
        "You're referring to a common joke about plumbers.",
        "I'd be more precise with the answer: turn the valve right.",
        "'Can't sleep' is a common idiom that means to lie awake.",
        "This is a classic scene in a story, where a character is moved by a tap.",
        "A simple example of a simple act.",
        "I'll help you explore it. [Here's the answer]",
        "I made the sentence more impactful and concise.",
        "You're referring to a chatty person.",
        "You're right. It's a great example of how a tap can be brought to life.",
        "The joke is about a valve with the same colour as itself.",
        "The first part of your text is a simple message, the second part has a question mark.",
        "The tap. What a common and relatable topic.",
    ],
)
def test_comments_on_the_messages_are_found(text: str):
    assert rejected("medium", "assistant", text, TAP)


def test_a_note_that_only_the_prompt_has_is_found():
    turn = Turn("assistant", "Because of the note, I would close the valve.", chat(TAP))
    assert medium(turn) is None
    assert medium(Turn("assistant", turn.text, turn.before, prompt=NOTED))


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("Leave a note that says when you will be back, and answer the door.", TAP),
        ("Put the request in writing, and ask for a response within a week.", "My landlord won't repair the tap."),
        ("The last message sounds genuine, but this message is not.", "I got two messages from my bank."),
        ("The sentence is grammatically correct.", "Is this sentence fine: 'I has a tap'?"),
        ("Here is a revised version: Dear Mr Brandt, the tap drips.", "Make my mail to the landlord friendlier."),
        ("Start with [insert your name] in the first line.", "How do I begin a letter of complaint?"),
        ("The valve is under the sink: turn it right.", TAP),
        ("A worn washer is a common cause, and the tap on the landing is a good example of that.", TAP),
        ("Let the joke be on you, and end with a wish.", "What do I say at my sister's wedding?"),
        ("This story is about a plumber who lost his way.", "What is the book on the sofa about?"),
    ],
)
def test_texts_and_wordings_that_the_user_brought_up_pass(text: str, asked: str):
    assert not rejected("medium", "assistant", text, asked)
