"""The model under test: what it is sent, and that its replies are taken as they are."""

from __future__ import annotations

import asyncio

import pytest

from personagen.agents import target
from personagen.agents.ask import CallSite
from personagen.agents.sample import CONVERSATION, SAMPLE
from personagen.errors import ReplyError
from personagen.records import Completion
from tests import fakes


def replied(function, said="Rice, then."):
    fake = fakes.Fake(lambda _: said)
    answer = asyncio.run(function(fakes.context(fake, 1), CONVERSATION, SAMPLE, CallSite()))
    return answer.value.text, fake.calls[0].messages


def test_by_itself_it_gets_the_chat_and_nothing_else():
    assert replied(target.bare)[1] == CONVERSATION


def test_informed_it_gets_the_persona_in_its_system_text():
    system, *chat = replied(target.informed)[1]
    assert system.role == "system"
    assert SAMPLE.profile in system.content
    assert SAMPLE.personality in system.content
    assert tuple(chat) == CONVERSATION


def test_reminded_it_gets_no_persona():
    system, *chat = replied(target.reminded)[1]
    assert SAMPLE.profile not in system.content
    assert tuple(chat) == CONVERSATION


def test_a_broken_reply_is_kept_for_the_judge():
    loop = "You can do it. " * 60
    assert replied(target.bare, loop)[0] == loop.strip()


def test_reasoning_is_removed():
    assert replied(target.bare, "<think>They cook.</think>Rice, then.")[0] == "Rice, then."


@pytest.mark.parametrize(("text", "kept"), [("One. Two. Thr", "One. Two."), ("a" * 50, "a" * 50)])
def test_a_reply_cut_at_its_limit_is_kept_up_to_its_last_sentence_or_whole(text, kept):
    cut = Completion(text=text, finish_reason="length", model="fake")
    assert replied(target.bare, cut)[0] == kept


def test_an_empty_reply_is_unusable():
    with pytest.raises(ReplyError, match="the reply is empty"):
        replied(target.bare, " ")
