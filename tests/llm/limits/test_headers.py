"""Rate-limit headers: only a quota of which nothing is left closes the queue, until it is filled again."""

from __future__ import annotations

import asyncio

import pytest

from personagen.llm.limits.headers import MAX_PAUSE_SECONDS, seconds_until_reset
from personagen.llm.limits.limiter import Limiter
from personagen.llm.middleware import with_retries
from personagen.records import Completion
from tests.llm.calls import a_call
from tests.servers import simulated

NOW = 1_800_000_000.0  # 2027-01-15T08:00:00Z


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1s", 1),
        ("120ms", 0.12),
        ("1m30s", 90),
        ("0m1.5s", 1.5),
        ("6m0s", MAX_PAUSE_SECONDS),
        ("17", 17),
        ("2.5", 2.5),
        (f"{NOW + 20:.0f}", 20),
        ("2027-01-15T08:00:30Z", 30),
        ("2027-01-15T10:00:30+02:00", 30),
        ("2027-01-15T07:59:00Z", 0),
        ("1e400", 0),
        ("nan", 0),
        ("-5", 0),
        ("soon", 0),
        ("5 parsecs", 0),
        ("", 0),
    ],
)
def test_every_way_to_write_when_a_quota_is_filled_again_is_understood(text, seconds):
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": text}
    assert seconds_until_reset(headers, NOW) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("remaining", "reset"),
    [
        ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
        ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
        ("ratelimit-remaining", "ratelimit-reset"),
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ],
)
def test_the_headers_of_every_provider_are_read(remaining, reset):
    assert seconds_until_reset({remaining: "0", reset: "9"}, NOW) == 9
    assert seconds_until_reset({remaining: "1", reset: "9"}, NOW) == 0
    assert seconds_until_reset({remaining: "0"}, NOW) == seconds_until_reset({reset: "9"}, NOW) == 0


def test_of_several_quotas_the_one_that_takes_longest_counts():
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "2s"}
    headers |= {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "7s"}
    assert seconds_until_reset(headers, NOW) == 7


def test_a_quota_that_is_used_up_holds_back_every_call_until_it_is_filled():
    pauses = iter([0.0, 30.0, 0.0, 0.0, 0.0])

    async def model(call):
        return Completion(text="x", pause=next(pauses))

    async def main():
        llm = with_retries(model, Limiter(4))
        for _ in range(2):
            await llm(a_call())
        before = simulated.now()
        await asyncio.gather(*(llm(a_call()) for _ in range(3)))
        return before, simulated.now()

    assert simulated.run(main()) == (0.0, 30.0)
