"""Rate-limit headers: only a quota of which nothing is left closes the queue, until it is filled again."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.llm.limits.headers import MAX_PAUSE_SECONDS, retry_after, seconds_until_reset, wait_in
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
        (f"{1000 * (NOW + 20):.0f}", 20),
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
        ("x-ratelimit-remaining-tokens-minute", "x-ratelimit-reset-tokens-minute"),
        ("x-tokenlimit-remaining", "x-tokenlimit-reset"),
        ("X-RateLimit-Remaining-Requests".lower(), "x-ratelimit-reset-requests"),
    ],
)
def test_the_headers_of_every_provider_are_read(remaining, reset):
    assert seconds_until_reset({remaining: "0", reset: "9"}, NOW) == 9
    assert seconds_until_reset({remaining: "1", reset: "9"}, NOW) == 0
    assert seconds_until_reset({remaining: "0"}, NOW) == seconds_until_reset({reset: "9"}, NOW) == 0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ('"default";r=0;t=30', 30),
        ('"default";r=3;t=30', 0),
        ('"minute";r=5;t=9, "day";r=0;t=40', 40),
        ("limit=100, remaining=0, reset=50", 50),
    ],
)
def test_the_one_header_of_the_internet_draft_is_read(text, seconds):
    assert seconds_until_reset({"ratelimit": text}, NOW) == seconds


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please try again in 800ms. Visit https://x", 0.8),
        ("Please try again in 7m12.5s.", 432.5),
        ("Rate limit is exceeded. Try again in 13 seconds.", 13),
        ("Please retry after 1 minute.", 60),
        ("please try again after 1 seconds", 1),
        ("Please wait 12345 seconds before retrying.", 12345),
        ("retry your request after 2 hours", 7200),
        ("Please retry in 34.5s.", 34.5),
        ('{"retryDelay": "34s"}', 34),
        ('{"error": "loading", "estimated_time": 20.0}', 20),
        ('{"retry_after_seconds":3}', 3),
        ("try again later", None),
        ("wait 5 more turns", None),
        ("try again in 2 calls", None),
    ],
)
def test_a_wait_in_a_text_is_read_in_any_unit(text, seconds):
    assert wait_in(text) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "Sat, 21 Nov 2026 10:00:30 GMT"}, 30.0),
        ({"retry-after": "Sat, 21 Nov 2026 09:00:00 GMT"}, 0.0),
        ({"retry-after": "30s"}, 30.0),
        ({"retry-after": "1795255230"}, 30.0),
        ({"retry-after": "2026-11-21T10:00:30Z"}, 30.0),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after-ms": "soon", "retry-after": "2"}, 2.0),
        ({}, None),
    ],
)
def test_a_wait_is_read_in_seconds_milliseconds_or_as_a_date(headers, seconds):
    assert retry_after(headers, now=1795255200.0) == seconds


@given(st.text())
def test_no_header_breaks_the_reading_of_a_wait(value):
    wait = retry_after({"retry-after": value})
    assert wait is None or wait >= 0


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
