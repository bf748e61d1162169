"""A reply's tokens are for the answer; reasoning gets room of its own."""

from __future__ import annotations

import asyncio

import pytest

from personagen.call import Call, Sampling
from personagen.llm.room import MAX_ROOM, Rooms, reasoned_only, with_room
from personagen.records import Completion, Message, Usage


def call(reasoning="", model="openai/m"):
    said = (Message(role="user", content="Hello"),)
    return Call(model, said, Sampling(max_tokens=400, reasoning=reasoning), prompt="user/speak")


class Thinker:
    """A model that spends ``thought`` tokens before it answers, as servers report it: hidden, or in the text."""

    def __init__(self, thought, *, in_text=False):
        self.thought, self.in_text, self.rooms = thought, in_text, []

    async def __call__(self, asked):
        self.rooms.append(asked.room)
        used = min(self.thought, asked.max_tokens)
        cut = used == asked.max_tokens
        opened = f"<think>{'x' * used}" if self.in_text else ""
        text = opened if cut else f"{opened}</think>Hi" if self.in_text else "Hi"
        usage = Usage(input_tokens=9, output_tokens=used + 2 * (not cut), reasoning_tokens=0 if self.in_text else used)
        return Completion(text=text, finish_reason="length" if cut else "stop", usage=usage)


@pytest.mark.parametrize("in_text", [False, True])
def test_a_model_that_reasons_gets_room_and_its_next_calls_begin_with_it(in_text, caplog):
    model = Thinker(3000, in_text=in_text)
    rooms = Rooms()
    ask = with_room(model, rooms)
    first = asyncio.run(ask(call()))
    assert first.finish_reason == "stop"
    assert model.rooms == [0, 2048, 4896]
    assert first.usage.output_tokens == 400 + 2448 + 3002
    assert first.usage.reasoning_tokens > 5000
    asyncio.run(ask(call()))
    assert len(model.rooms) == 4
    assert 4500 <= model.rooms[3] <= 6000
    assert model.rooms[3] % 16 == 0
    assert caplog.text.count("--reasoning user=none") == 1


def test_room_is_bounded():
    model = Thinker(10**6)
    reply = asyncio.run(with_room(model, Rooms())(call()))
    assert reply.finish_reason == "length"
    assert model.rooms[-1] == MAX_ROOM
    assert len(model.rooms) <= 6


def test_a_model_that_does_not_reason_gets_no_room():
    model = Thinker(0)
    asyncio.run(with_room(model, Rooms())(call()))
    assert model.rooms == [0]


def test_an_answer_that_is_cut_off_is_not_taken_for_reasoning():
    async def long(asked):
        return Completion(text="word " * 400, finish_reason="length", usage=Usage(input_tokens=9, output_tokens=400))

    rooms = Rooms()
    asyncio.run(with_room(long, rooms)(call()))
    assert rooms.of(call()) == 0


@pytest.mark.parametrize("text", ["<who_you_are>\nA nurse. A nurse.", "\n" * 400, "<thing>"])
def test_a_cut_reply_that_repeats_a_tag_of_the_prompt_or_is_blank_gets_no_room(text):
    async def loop(asked):
        return Completion(text=text, finish_reason="length", usage=Usage(input_tokens=9, output_tokens=400))

    rooms = Rooms()
    reply = asyncio.run(with_room(loop, rooms)(call()))
    assert rooms.of(call()) == reply.usage.reasoning_tokens == 0


def test_a_model_that_was_seen_to_answer_at_once_gets_no_more_room_for_a_long_reply():
    ends = iter(["stop", "length"])
    used = []

    async def say(asked):
        used.append(asked.room)
        return Completion(text="word " * 90, finish_reason=next(ends), usage=Usage(input_tokens=9, output_tokens=90))

    ask = with_room(say, Rooms())
    assert asyncio.run(ask(call(model="openai/deepseek-r1"))).finish_reason == "stop"
    assert asyncio.run(ask(call(model="openai/deepseek-r1"))).usage.reasoning_tokens == 0
    assert used == [4096, 4096]


@pytest.mark.parametrize("ending", ["", "</think>Hi"])
def test_a_cut_reply_of_a_model_that_reasons_is_reasoning_even_if_no_mark_shows_it(ending):
    rooms = []

    async def think(asked):
        rooms.append(asked.room)
        cut = not ending or asked.room < 6000
        text = "Okay, they ask me this. " * 90 + ("" if cut else ending)
        usage = Usage(input_tokens=9, output_tokens=asked.max_tokens if cut else 5000)
        return Completion(text=text, finish_reason="length" if cut else "stop", usage=usage)

    reply = asyncio.run(with_room(think, Rooms())(call(model="openai/deepseek-r1")))
    assert rooms[0] == 4096
    assert reply.text.endswith(ending)
    assert reasoned_only(reply) is not bool(ending)
    assert len(rooms) == (2 if ending else 3)


def test_a_cut_list_of_a_model_that_reasons_is_no_reasoning():
    async def listing(asked):
        return Completion(text='{"a": [1, 2', finish_reason="length", usage=Usage(input_tokens=9, output_tokens=4496))

    reply = asyncio.run(with_room(listing, Rooms())(call(model="openai/deepseek-r1")))
    assert not reasoned_only(reply)
    assert reply.usage.reasoning_tokens == 0


@pytest.mark.parametrize(
    ("reasoning", "model", "room"),
    [
        ("", "openai/gpt-4o", 0),
        ("", "openai/gpt-5-mini", 4096),
        ("none", "openai/gpt-5-mini", 1024),
        ("none", "openai/gpt-4o", 0),
        ("high", "openai/gpt-4o", 16384),
        ("500", "openai/m", 500),
        ("30000", "openai/m", 30000),
        ("500", "anthropic/m", 1024),
    ],
)
def test_the_first_room_follows_the_option_and_the_models_name(reasoning, model, room):
    assert Rooms().of(call(reasoning, model)) == room


def test_a_resumed_run_begins_with_what_its_answers_needed():
    assert Rooms({("user", "openai/m"): 1000.0}).of(call()) == 3000


def test_room_is_no_part_of_the_key():
    assert Call("m", (), room=5).key == Call("m", ()).key
