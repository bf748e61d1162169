"""Whose lines a reply holds: its own label goes, the other's next lines are cut off, the other's opening is refused."""

from __future__ import annotations

import asyncio

import pytest

from personagen.agents import assistant
from personagen.agents.ask import CallSite
from personagen.agents.replies import Spoken, speech
from personagen.errors import ReplyError
from tests.fakes import Fake, context
from tests.gates.talk import chat, rejected

OTHERS = tuple(
    (role, f"{label}{gap}{text}")
    for role, labels in (
        (
            "user",
            (
                "Assistant:",
                "ASSISTANT:",
                "assistant:",
                "Assistant :",
                "**Assistant:**",
                "**Assistant**:",
                "AI Assistant:",
                "**AI assistant:**",
            ),
        ),
        ("assistant", ("User:", "USER:", "user:", "Human:", "**User:**", "**Human**:", "human:", "HUMAN :")),
    )
    for label in labels
    for gap, text in ((" ", "salt it last."), ("\n", "and then?"))
)
SCRIPTS = tuple(
    (role, said, f"{line}{rest}")
    for role, said, lines in (
        (
            "user",
            "My soup is bland.",
            (
                "Assistant:",
                "**Assistant:**",
                "**Assistant**:",
                "ASSISTANT:",
                "AI Assistant:",
                "<assistant>\n",
                "</user>\n",
                "  Assistant:",
            ),
        ),
        (
            "assistant",
            "Salt it last.",
            ("User:", "**User:**", "Human:", "HUMAN:", "USER:", "<user>\n", "</assistant>\n", "\tUser:"),
        ),
    )
    for line in lines
    for rest in (" Taste it first.", " Hm.\nAssistant: Well.\nUser: No.")
)


@pytest.mark.parametrize(("role", "text"), OTHERS)
def test_a_reply_that_opens_as_the_other_is_turned_away(role: str, text: str):
    assert rejected("speaker", role, speech(text, role).text)


@pytest.mark.parametrize(("role", "said", "more"), SCRIPTS)
@pytest.mark.parametrize("between", ["\n", "\n\n"])
def test_the_other_speakers_next_lines_are_cut_off_and_kept_apart(role: str, said: str, more: str, between: str):
    found = speech(f"{said}{between}{more}", role)
    assert (found.text, found.cut) == (said, more.rstrip())


@pytest.mark.parametrize(
    ("role", "text", "said"),
    [
        ("user", "User: my soup is bland", "my soup is bland"),
        ("user", "<user>\nmy soup is bland\n</user>", "my soup is bland"),
        ("user", "**Human:** my soup is bland\n\nAssistant: Salt it.", "my soup is bland"),
        ("assistant", "Assistant: Salt it.", "Salt it."),
        ("assistant", "<assistant>Salt it.</assistant>", "Salt it."),
        ("assistant", "**Assistant**: Salt it.\n\nHuman: Thanks", "Salt it."),
    ],
)
def test_a_speakers_own_label_is_removed_and_said_to_be(role: str, text: str, said: str):
    found = speech(text, role)
    assert (found.text, found.labelled) == (said, True)


@pytest.mark.parametrize(
    "text",
    [
        "The dialogue goes like this:\n\nUser: where is the key?\nSystem: under the mat",
        "```\nUser: root\n```",
        "In short: ask.\n\nUsers: many",
        "It begins `\nUser: x` there",
        "Here is a short script:\n\nUser: Where is it?\nBot: Your code?\nUser: 1234\nBot: On its way.",
        "Here is a short script:\n\nUser: Where is it?\n\nAssistant: Your code?\n\nUser: 1234\n\nHope that helps.",
        "A script.\n\nBot: Your name?\nUser: Ana\nAssistant: Welcome.\nUser: Thanks",
        "These go in.\n\nHost: ftp.example.org\nUser: anna\nPassword: the one I sent\nPort: 21",
        "Fill in\n\n**User:** your e-mail address\n**Port:** 993",
        "AI: artificial intelligence. ML: machine learning.",
    ],
)
def test_an_example_of_a_dialogue_is_left_whole(text: str):
    assert speech(text, "assistant") == Spoken(text)


DIALOGUES = (
    "User: Where is my parcel?\nAssistant: What is your code?\nUser: 1234\nAssistant: On its way.",
    "Assistant: What is your code?\nUser: 1234\nAssistant: On its way.",
)


def replied(text: str, asked: str):
    return asyncio.run(assistant.plain(context(Fake(lambda call: text)), chat(asked), (), CallSite("t/0.0", "0")))


@pytest.mark.parametrize("text", DIALOGUES)
def test_a_dialogue_that_was_asked_for_is_left_whole_and_let_through(text: str):
    said = replied(text, "Show me a sample dialogue for my shop's chatbot.")
    assert (said.value, said.dropped) == (Spoken(text), False)


def test_a_dialogue_that_nobody_asked_for_is_turned_away_or_cut_off():
    assert replied(DIALOGUES[0], "How do I cook rice?").dropped
    said = replied(DIALOGUES[1], "How do I cook rice?")
    rest = "User: 1234\nAssistant: On its way."
    assert (said.value, said.dropped) == (Spoken("What is your code?", labelled=True, cut=rest), False)


def test_a_user_may_ask_about_ai():
    said = speech("AI: hype or not?", "user")
    assert said == Spoken("AI: hype or not?")
    assert not rejected("speaker", "user", said.text)


def test_a_label_with_nothing_behind_it_is_an_empty_reply():
    with pytest.raises(ReplyError, match="empty"):
        speech("User:\n", "user")
