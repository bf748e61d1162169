from __future__ import annotations

import asyncio
import time
from random import Random

import pytest

from personagen.errors import BudgetError, ConfigError, ReplyError, ServerError
from personagen.llm.retry import LONGEST_WAIT, retried
from personagen.records import Completion
from tests.llm.calls import a_call


class Flaky:
    """An LLM that raises ``errors`` one after another and then answers; knows when it was asked and slept."""

    def __init__(self, *errors):
        self.errors, self.asked, self.slept = list(errors), 0, []

    async def __call__(self, call):
        self.asked += 1
        if self.errors:
            raise self.errors.pop(0)
        return Completion(text="Fine.")

    async def sleep(self, seconds):
        self.slept.append(seconds)

    def run(self, **settings):
        return asyncio.run(retried(self, sleep=self.sleep, **settings)(a_call()))


def test_a_server_error_is_asked_again_until_it_answers():
    llm = Flaky(ServerError("a"), ServerError("b"))
    assert llm.run().text == "Fine."
    assert llm.asked == 3


@pytest.mark.parametrize("kind", [ConfigError, BudgetError, ReplyError, ValueError])
def test_any_other_error_passes_at_once(kind):
    llm = Flaky(kind("no"))
    with pytest.raises(kind, match=r"^no$"):
        llm.run()
    assert llm.asked == 1


def test_any_function_that_gives_an_awaitable_can_be_retried():
    flaky = Flaky(ServerError("a"))

    def plain(call):
        return flaky(call)

    assert asyncio.run(retried(plain, sleep=flaky.sleep)(a_call())).text == "Fine."


def test_attempts_are_bounded_and_the_last_error_says_how_many():
    llm = Flaky(*(ServerError(f"error {i}", status=503, retry_after=1) for i in range(9)))
    with pytest.raises(ServerError, match=r"error 3 \(asked 4 times\)") as raised:
        llm.run(attempts=4)
    assert (llm.asked, raised.value.status) == (4, 503)


def test_a_wait_that_would_go_over_the_time_is_not_begun():
    llm = Flaky(*(ServerError("busy", retry_after=50) for _ in range(9)))
    with pytest.raises(ServerError, match="busy"):
        llm.run(attempts=9, seconds=49)
    assert llm.slept == []


def test_the_time_is_real():
    llm = Flaky(*(ServerError("busy") for _ in range(1000)))
    began = time.monotonic()
    with pytest.raises(ServerError):
        asyncio.run(retried(llm, attempts=1000, seconds=0.2, first=0.01)(a_call()))
    assert time.monotonic() - began < 0.3
    assert 1 < llm.asked < 1000


def test_the_servers_wish_is_honoured_and_capped():
    llm = Flaky(ServerError("a", retry_after=7), ServerError("b", retry_after=9999), ServerError("c", retry_after=0))
    llm.run(seconds=1e6, first=0.5)
    for slept, asked in zip(llm.slept, (7, LONGEST_WAIT, 0), strict=True):
        assert asked <= slept <= asked + 0.5


def test_waits_double_with_full_jitter():
    many = [Flaky(*(ServerError("x") for _ in range(5))) for _ in range(200)]
    for i, llm in enumerate(many):
        llm.run(rng=Random(i), seconds=1e6, first=1.0)
    for step in range(5):
        waits = [llm.slept[step] for llm in many]
        top = 2.0 ** (step + 1)
        assert 0 <= min(waits) < 0.1 * top
        assert 0.9 * top < max(waits) <= top


def test_calls_at_once_do_not_share_their_attempts():
    async def busy(call):
        await asyncio.sleep(0)
        raise ServerError("busy")

    async def run():
        asked = retried(busy, attempts=3, first=0.001)
        return await asyncio.gather(*(asked(a_call()) for _ in range(20)), return_exceptions=True)

    assert {str(error) for error in asyncio.run(run())} == {"busy (asked 3 times)"}
