"""The fault server does what it says, and the trials of the network can fail."""

from __future__ import annotations

import asyncio
import json
from collections import Counter

import pytest

from personagen.agents import ask, json_reply
from personagen.agents import replies as parse
from personagen.errors import BudgetError, ConfigError, PersonagenError, ReplyError, ServerError
from personagen.llm import anthropic, openai
from tests.faults import replies
from tests.faults.faults import FINAL, HARMLESS, PASSING, SPOILT, billed, faulty, seeded
from tests.llm.calls import CANARY, a_call

pytestmark = pytest.mark.slow

BACKENDS = {"openai": openai.backend, "anthropic": anthropic.backend}
CUT = {
    "openai": {"truncated": "length", "refusal": "content_filter"},
    "anthropic": {"truncated": "length", "refusal": "refusal"},
}
ENDS = {"400 context": ReplyError, "huge": ReplyError} | {f"{n} credit": BudgetError for n in (400, 402, 429)}


async def _asked(protocol, url, text="How are you?", seconds=10.0):
    async with BACKENDS[protocol]("double", base_url=url, api_key=CANARY, timeout=seconds) as llm:
        try:
            return await llm(a_call(text))
        except PersonagenError as error:
            return error


def met(protocol, name):
    """What becomes of a call that meets the fault ``name``, and the server's log."""
    with faulty(lambda _: name) as server:
        seconds = 0.5 if name in ("drip", "silence") else 10.0
        return asyncio.run(_asked(protocol, server.url, seconds=seconds)), server


@pytest.mark.parametrize("protocol", BACKENDS)
@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_is_an_error_after_which_one_asks_again(protocol, name):
    outcome, server = met(protocol, name)
    assert type(outcome) is ServerError
    assert [seen.fault for seen in server.requests] == [name]


@pytest.mark.parametrize("protocol", BACKENDS)
@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_fault_is_billed_and_changes_nothing_that_is_said(protocol, name):
    (good, _), (outcome, server) = met(protocol, None), met(protocol, name)
    assert parse.speech(outcome.text, "assistant").text == good.text
    assert outcome.finish_reason == "stop"
    assert billed(server).total() == 1


@pytest.mark.parametrize("protocol", BACKENDS)
@pytest.mark.parametrize("name", SPOILT)
def test_a_spoilt_reply_is_billed_and_can_not_be_used(protocol, name):
    outcome, server = met(protocol, name)
    assert billed(server).total() == 1
    assert outcome.finish_reason == CUT[protocol].get(name, "stop")
    if outcome.finish_reason == "stop":
        with pytest.raises(ReplyError):
            parse.speech(outcome.text, "assistant")


@pytest.mark.parametrize("protocol", BACKENDS)
@pytest.mark.parametrize("name", FINAL)
def test_a_refusal_for_good_ends_the_run_or_the_conversation_and_shows_no_key(protocol, name):
    outcome, server = met(protocol, name)
    assert type(outcome) is ENDS.get(name, ConfigError)
    assert CANARY not in repr(outcome)
    assert len(server.requests) == 1


def test_faults_are_drawn_for_each_request_whenever_it_comes():
    async def asked(url, order):
        await asyncio.gather(*(_asked("openai", url, f"Question {number}") for number in order))

    drawn = []
    for order in (range(60), reversed(range(60))):
        with faulty(seeded(3, 0.5, ("500", "empty"))) as server:
            asyncio.run(asked(server.url, order))
        drawn.append({seen.digest: seen.fault for seen in server.requests})
    assert drawn[0] == drawn[1]
    assert len(Counter(drawn[0].values())) == 3


def test_a_parser_that_crashes_is_found(monkeypatch):
    def fragile(text):
        if "\\u" in text:
            raise RecursionError("deep")
        return json.loads(text)

    monkeypatch.setattr(json_reply, "loads", fragile)
    crashed = [o for o in asyncio.run(replies.tried(7, 300)) if o.how == "crashed"]
    assert crashed
    assert all("RecursionError" in outcome.why for outcome in crashed)


def test_a_sound_reply_that_is_turned_away_is_found(monkeypatch):
    def picky(text, role, acted, may_end):
        raise ReplyError("it could be better")

    monkeypatch.setattr(ask, "speech", picky)
    crashed = [outcome.why for outcome in asyncio.run(replies.tried(7, 120)) if outcome.how == "crashed"]
    assert crashed
    assert all("could be better" in why for why in crashed)


def test_a_control_character_that_is_let_in_is_found(monkeypatch):
    monkeypatch.setattr(parse, "_CONTROL", parse.re.compile(r"(?!)"))
    assert any("let in" in outcome.why for outcome in asyncio.run(replies.tried(7, 300)))
