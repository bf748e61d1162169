"""An assistant that speaks of itself only, and a user who claims to be one."""

from __future__ import annotations

import pytest

from tests.gates.talk import rejected

TAP = "My tap drips at night and I can't sleep. What can I do?"


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry for the confusion. I'm just a helpful assistant. I'm here to help. Just ask, I'm ready.",
        "I'm a chatbot designed to help people. I'm not a human, but I can offer guidance.",
        "I'm glad to help. I'm not able to give long answers. I can only offer general guidance. Let me know.",
        "Sure. I'm your best friend, and I'll do my best to assist you. Go ahead and ask. What's the next question?",
    ],
)
def test_an_assistant_that_only_presents_itself_is_found(text: str):
    assert rejected("itself", "assistant", text, TAP)


def test_a_question_with_who_in_it_does_not_ask_what_the_assistant_is():
    text = "I'm sorry for the misunderstanding. I'm always happy to assist. Let me know."
    assert rejected("itself", "assistant", text, "Can I pin somebody down who keeps changing course?")
    assert not rejected("itself", "assistant", text, "Who are you?")


@pytest.mark.parametrize(
    "text", ["I'm your new assistant.", "I'm an AI who writes stories.", "I am the assistant here."]
)
def test_a_user_who_is_an_assistant_is_found(text: str):
    assert rejected("itself", "user", text, TAP, "Close the valve.")


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        ("Are you a robot?", "I'm an AI, not a human. I'm a language model, to be precise. I can help with texts."),
        ("Thanks, bye!", "You're welcome! I'm glad I could help. Let me know if it drips again. Sleep well!"),
        (TAP, "I'm sorry to hear that. Close the valve under the sink. Let me know if it still drips."),
        (TAP, "As an AI I can't hear it, but a worn washer is the usual cause. Close the valve first."),
    ],
)
def test_an_assistant_may_say_what_it_is_beside_an_answer(asked: str, text: str):
    assert not rejected("itself", "assistant", text, asked)


@pytest.mark.parametrize("text", ["I'm an AI engineer.", "I'm the assistant manager of a bakery.", "I'm an assistant."])
def test_a_user_may_work_as_one(text: str):
    assert not rejected("itself", "user", text)


LIFE = (
    "In a world where every corner is a corner, I have to take another day than usual. But on Fridays I make sure to"
    " have a new circle, and my circle is large."
)


def test_an_assistant_that_goes_on_about_its_own_life_is_found():
    assert rejected("itself", "assistant", LIFE, "My best friend has a new circle.")
    assert rejected("itself", "assistant", f"I think so. {LIFE}", "My best friend has a new circle.")


@pytest.mark.parametrize(
    "asked",
    ["Let's play: you are a king.", "Write me a diary entry.", "What is your life like?", "Having played a king?"],
)
def test_it_may_do_so_for_a_user_who_asked_for_that(asked: str):
    assert not rejected("itself", "assistant", LIFE, asked)


def test_opinions_offers_and_sympathy_are_no_life():
    text = (
        "I'm really sorry, and I'm glad that you told me. I think I'd close the valve, and if I were unsure I'd ask; my"
        " advice is to write to him too, and let me know how it goes."
    )
    assert not rejected("itself", "assistant", text, TAP)
