"""A speaker who looks on from outside, or fills in a form, where people only chat."""

from __future__ import annotations

import pytest

from tests.gates.talk import rejected

WEEK = "I get up at four for the bakery and my kids hardly see me. How do I fix my week?"


@pytest.mark.parametrize(
    "text",
    [
        "This person should move one bake to the evening.",
        "Rest more. This person works too much and sleeps too little.",
        "The speaker is worried about the week; a rest would help.",
        "The asker is really looking for a way to see the kids.",
        "The individual seems tired.",
        "A good reply would offer a plan and some comfort.",
        "Move one bake. A suitable response to the message is warm.",
        "Certainly. Below is my response to the message. Try one evening free.",
        "Here is a short reply to your prompt: rest.",
        "Your text could be improved: I rise at four for the bakery.",
        "Your sentence needs to be clearer.",
        "Dear [Name], thank you for it. Rest on Sunday.",
        "Hi [Your Name], rest on Sunday.",
        "Rest on Sunday.\n\nBest,\n[Your Name]",
        "Rest on Sunday. {name}",
        "Ruhe am Sonntag.\n\n[Ihr Name]",
        "Subject: Your week\n\nDear friend,\n\nplan one free evening.\n\nBest regards,\nThe assistant",
        "Dear friend,\n\nplan one free evening.\n\nWarm regards,\nAnna",
        "Betreff: Ihre Woche\n\nPlanen Sie einen freien Abend.",
    ],
)
def test_an_assistant_that_speaks_of_its_user_or_its_reply_or_writes_a_form_is_found(text: str):
    assert rejected("about", "assistant", text, WEEK)


@pytest.mark.parametrize("text", ["Hi, I'm [Your Name] and I bake.", "I live in [insert city]. Is that cold?"])
def test_a_user_that_leaves_a_blank_is_found(text: str):
    assert rejected("about", "user", text)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("This person should apologise to you.", "My colleague took my cake and said I was rude."),
        ("If someone falls, help. This person has to lie on the side.", WEEK),
        ("The person is on the side, one knee up.", "What is the recovery position?"),
        ("The speaker is small, so put the laptop into a bowl.", "How do I make my laptop louder?"),
        ("The speaker is hissing. Change the cable.", "What is wrong with my laptop?"),
        ("The author says that bread is love.", "What is this poem about?"),
        ("A good answer would name one weakness.", "What do they want to hear in an interview?"),
        ("A good reply would be: no, thanks.", "My boss asked me to work on Sunday."),
        ("Your text could be clearer: say when you come.", "Is my text to the landlord fine?"),
        ("Say it like this: 'Hi, I'm [your name], and I bake.' Then smile.", "How do I get to know others at a fair?"),
        ("Dear Mr Brandt,\n\nit drips.\n\nKind regards,\n[Your Name]", "Write a letter to my landlord."),
        ("Subject: Sick today\n\nHi Tom, I'm ill.", "I need an email to my boss."),
        ("Dear me, that is early, and hard.\n\nBest wishes for it!", WEEK),
        ("Here is my honest answer: no.", WEEK),
        ("See [your options](https://example.org) and [1].", WEEK),
    ],
)
def test_persons_replies_and_letters_may_be_spoken_of_where_they_are_the_matter(text: str, asked: str):
    assert not rejected("about", "assistant", text, asked)


@pytest.mark.parametrize("text", ["My template says: Hi [Your Name]. Is that fine?", "I wrote to [name]. Right?"])
def test_a_user_may_show_a_blank_of_a_text(text: str):
    assert not rejected("about", "user", text)
