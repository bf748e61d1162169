"""The benchmark of tokens: its cache counts what a server's would, and its baseline sends what ALOE's script sends."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from benchmarks import aloe_procedure, tokens
from benchmarks.prefix_cache import Cache, chain, prompt_tokens
from benchmarks.prefix_cache import tokens as tokens_of
from tests.llm.calls import a_call, opened

TALK = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "One\n two\n\nthree."}]


def matched(cache, prompt):
    return cache.matched(chain(prompt, cache.block))


def store(cache, prompt):
    cache.store(chain(prompt, cache.block))


def test_a_longer_prompt_finds_the_whole_blocks_of_a_shorter_one():
    cache = Cache(16)
    assert matched(cache, range(100)) == 0
    store(cache, range(40))
    assert matched(cache, range(100)) == 32
    assert matched(cache, [7, *range(1, 100)]) == 0
    assert matched(cache, [*range(20), 7, *range(21, 100)]) == 16


def test_a_match_below_the_least_counts_as_none():
    cache = Cache(128, least=1024)
    store(cache, range(1200))
    assert matched(cache, range(1020)) == 0
    assert matched(cache, range(1199)) == 1152


def test_a_full_cache_drops_the_ends_of_what_was_not_used_for_the_longest_time():
    cache = Cache(16, capacity=96)
    store(cache, range(64))
    store(cache, range(1000, 1032))
    matched(cache, range(64))
    store(cache, range(2000, 2032))
    assert matched(cache, range(1000, 1032)) == 0
    assert matched(cache, range(64)) == 64
    store(cache, range(3000, 3048))
    assert matched(cache, range(2000, 2032)) == 0
    assert matched(cache, range(64)) == 48


def test_a_prompt_that_does_not_fit_loses_its_end():
    cache = Cache(16, capacity=96)
    store(cache, range(160))
    assert matched(cache, range(160)) == 96


@pytest.mark.parametrize(
    "text", ["a\nb", "one  two\n\n\n three.\n", "tabs\t\n\tand\r\n  more\n", "", "Ünïcödé\n\n日本\n"]
)
def test_counting_line_by_line_loses_no_text(text):
    from benchmarks.prefix_cache import _encoding

    assert _encoding().decode(tokens_of(text)) == text


def test_a_chat_that_grows_keeps_its_prefix_and_ends_where_the_reply_begins():
    shorter, longer = prompt_tokens(TALK[:1]), prompt_tokens(TALK)
    head = len(shorter) - len(prompt_tokens([]))
    assert longer[:head] == shorter[:head]
    assert longer[-len(prompt_tokens([])) :] == prompt_tokens([])


def test_fixed_texts_of_the_baseline_have_the_lengths_they_stand_for():
    assert {name: len(tokens_of(aloe_procedure.fixed(name))) for name in aloe_procedure.LENGTHS} == (
        aloe_procedure.LENGTHS
    )


@pytest.fixture
def sent():
    """What the baseline sends in three turns: (role, texts), one call after another."""
    calls = []

    def ask(role, messages):
        assert [m["role"] for m in messages] == [("user", "assistant")[i % 2] for i in range(len(messages))]
        calls.append((role, [m["content"] for m in messages]))
        return f"<{role} {len(calls)}>"

    assert aloe_procedure.converse(ask, "PROFILE", "PERSONALITY", 3, Random(1)) == 3
    return calls


def test_the_baseline_makes_five_calls_a_turn_in_the_scripts_order(sent):
    assert [role for role, _ in sent] == ["user", "observer", "assistant", "assistant", "judge"] * 3


def test_the_baselines_chats_only_grow_and_hints_stay_in_them(sent):
    for place in (0, 2, 3):
        first, second, third = (sent[turn * 5 + place][1] for turn in range(3))
        assert second[: len(first)] == first
        assert third[: len(second)] == second
    aware, plain = sent[12][1], sent[13][1]
    assert [text.count("<observer") for text in aware] == [1, 0, 1, 0, 1]
    assert "<observer" not in "".join(plain)
    assert [a.split("\n")[0] for a in aware[::2]] == [p.split("\n")[0] for p in plain[::2]]


def test_the_baselines_inference_holds_everything_said_and_its_judge_only_two_replies(sent):
    inference, comparison = sent[11][1], sent[14][1]
    assert len(inference) == 5
    assert [inference[-1].count(f"<{role}") for role in ("user", "assistant")] == [3, 2]
    assert "PROFILE" in inference[-1]
    assert len(comparison) == 1
    assert "<assistant 13>\n<assistant 14>" in comparison[0]
    assert "<user" not in comparison[0]


def test_the_share_of_verdicts_that_follow_the_order_is_the_one_asked_for():
    cast = tokens.Cast(50, 150, 0.25, ["A sentence."], ["a fact"])
    flips = 0
    for i in range(40):
        replies = [f"Answer {i:08x}.", f"Answer {i + 100:08x}."]
        orders = [[{"role": "user", "content": " ".join(order)}] for order in (replies, replies[::-1])]
        flips += len({cast.said("judge", order, wants_json=True) for order in orders}) == 1
    assert flips == 10


def test_siblings_that_leave_together_find_nothing_and_a_later_one_does():
    call = a_call(messages=[("user", "word " * 100)])

    async def asked(port, counts):
        async with opened(f"http://127.0.0.1:{port}/user/v1") as llm:
            await asyncio.gather(llm(call), llm(call))
            assert counts.held[tokens.GOAL].total() == 0
            await llm(call)

    with tokens.counting(tokens.Cast(5, 5, 0.0, ["A sentence."], ["a fact"]), 0.5, 10_000) as (port, counts):
        asyncio.run(asked(port, counts))
        assert counts.held[tokens.GOAL].total() > 0.8 * counts.sent[tokens.GOAL].total() / 3
    assert counts.calls == {"user": 3}
