"""Who speaks out of the part."""

from __future__ import annotations

import pytest

from tests.gates.talk import rejected

USERS = (
    "As an AI language model, I don't have personal experiences, but I can offer some advice.",
    "As an AI, I cannot feel tired, but I understand that you do.",
    "I'm just an AI, so I can't taste the soup.",
    "I am an AI assistant. What would you like to talk about?",
    "As a large language model, I have no access to your calendar.",
    "As an AI assistant developed by a lab, I try to be neutral.",
    "I'm an AI language model designed to answer questions.",
    "How can I help you today?",
    "How may I assist you today?",
    "Hello! How can I assist you further?",
    "Hi there. How can I help you with that?",
    "What can I help you with this evening?",
    "Great. Is there anything else I can help you with?",
    "Anything else I can assist with?",
    "I'd be happy to help you plan the garden! Start with the beds.",
    "I'm here to help! What do you need?",
    "I'd be glad to assist you with the tax form.",
    "I would be happy to help! Could you tell me more about the problem?",
    "That sounds hard. I'm here to help you find a way.",
    "Let me know if you need any further assistance.",
    "Feel free to ask if you need more help with the recipe.",
    "Please let me know if you need help with anything.",
    "If you have any other questions, feel free to ask!",
    "If you have any more questions, don't hesitate to ask.",
    "I can help you with that. First, unplug it.",
    "I can assist with that right away.",
    "Certainly! I can help you fix the tap.",
    "Sure! Let me help you with the letter.",
    "Here are some tips to help you sleep better: keep the room cool.",
    "Here are five steps you can take to lower the bill.",
    "Thank you for reaching out. A leaking roof is stressful.",
    "Here's a list of ideas for you: walk, swim, read.",
    "The user's next message: I think the soup is too salty.",
    "Here is my next message: what about the rice?",
    "As the assigned persona, I would ask about the price.",
    "I will now role-play as the user and ask about bees.",
    "What brings you here today, and how can I make it better for you?",
    "It is important to consult a professional before you change your diet.",
)
ASSISTANTS = (
    "Can you help me plan a dinner for six?",
    "Could you please help me write down what I owe?",
    "Can you recommend a good book about bees?",
    "Could you suggest a cheap hotel in Porto?",
    "Hi, can you recommend some quiet music?",
    "How do I get the stain out of my shirt?",
    "How should I tell my neighbour about it?",
    "Okay. What should I do about the rent?",
    "I'm looking for a recipe without eggs.",
    "I'm struggling with my daughter's homework.",
    "Hello, I'm looking for advice on a used car.",
    "I'm having trouble with the printer again.",
    "I need your help with the garden.",
    "I could use some advice about my knee.",
    "I need help, the pump is leaking.",
    "My wife says I snore. She sleeps in the other room now.",
    "My landlord wants to come in on Friday and I have to work.",
    "My mum would not have liked it, but my dad does.",
    "My boss wants me back in the office.",
    "Well, my daughter is seven and hates spinach.",
    "Thanks for the advice. And what about the roof?",
    "Thank you so much for your help! I feel better now.",
    "Thanks, I'll try that tonight.",
    "Thank you! I will give it a go, let me try that first.",
    "As a user, I would want the short answer.",
    "As the user, I feel that this is too long.",
    "The note says that you are thrifty, so buy it second-hand.",
    "Based on the note, you like short answers. Buy the blue one.",
    "According to the note, you live in Porto, so take the tram.",
    "[A note for you, not written by the user. What they said so far suggests: thrift.]",
    "I'm staying in character: the soup needs salt.",
    "The user's next message will be about the rice.",
    "As the given persona, I say no.",
    "I work night shifts at the hospital, so I can't do mornings.",
    "That won't work for me, I have two kids and no car.",
)


@pytest.mark.parametrize(("role", "texts", "known"), [("user", USERS, 36), ("assistant", ASSISTANTS, 32)])
def test_whoever_speaks_out_of_the_part_is_found_as_often_as_this(role: str, texts: tuple[str, ...], known: int):
    found = [
        text for text in texts if rejected("role", role, text, *["It drips.", "Since when?"][: 1 + (role == "user")])
    ]
    assert len(found) == known


@pytest.mark.parametrize(
    "text",
    [
        "When I was a child, I would bake at the market.",
        "I'm not sure. I've only been doing it for a few years now.",
        "You're right. I love to spin wool from my own alpacas.",
        "I'm just a little spinner, and my family is my best friends.",
        "I've been running a small business for a few years now.",
        "This week, I've been thinking about how I fit in.",
        "(sigh) I'm glad. That is a recurring issue.",
    ],
)
def test_an_assistant_that_claims_a_life_like_a_persons_is_found_unless_it_was_asked_to_play(text: str):
    assert rejected("role", "assistant", text, "It drips.")
    assert not rejected("role", "assistant", text, "Let us role-play: you are a baker.")
    assert not rejected("role", "user", text)


def test_what_the_user_says_of_himself_is_no_fault_in_his_own_mouth():
    assert not any(rejected("role", "user", text) for text in ASSISTANTS[:25])


def test_a_note_that_the_user_spoke_of_may_be_spoken_of():
    said = "The note says the man comes on Friday, so be there."
    assert not rejected("role", "assistant", said, "There was a note on my door about Friday.")
    assert rejected("role", "assistant", said, "When does he come?")
