"""The one layer of retries: what is asked again, how often, when, and when no longer."""

from __future__ import annotations

import asyncio
import re
from random import Random

import pytest

from personagen.errors import BudgetError, ConfigError, Interrupted, ReplyError, ServerError
from personagen.llm.limits.limiter import Limiter
from personagen.llm.middleware import MAX_WAIT_SECONDS, with_retries
from personagen.records import Completion
from tests.llm.calls import a_call
from tests.servers import simulated


class Flaky:
    """An LLM that raises ``errors`` one after another and then answers; it knows when it was asked."""

    def __init__(self, *errors, delay=0.0):
        self.errors, self.asked_at, self.delay = list(errors), [], delay

    async def __call__(self, call):
        self.asked_at.append(simulated.now())
        await asyncio.sleep(self.delay)
        if self.errors:
            raise self.errors.pop(0)
        return Completion(text="Fine.")

    @property
    def asked(self):
        return len(self.asked_at)

    @property
    def waits(self):
        return [later - sooner for sooner, later in zip(self.asked_at, self.asked_at[1:], strict=False)]

    def run(self, **settings):
        async def main():
            return await with_retries(self, **settings)(a_call())

        return simulated.run(main())


def busy(count, **fields):
    return [ServerError("busy", **fields) for _ in range(count)]


def test_a_server_error_is_asked_again_until_it_answers():
    llm = Flaky(ServerError("a"), ServerError("b"))
    limiter = Limiter(1)
    assert llm.run(limiter=limiter).text == "Fine."
    assert (llm.asked, limiter.retried, limiter.refused, limiter.in_flight) == (3, 2, 0, 0)


def test_the_first_retry_for_each_cause_says_why_and_how_long_it_waits(caplog):
    wished = {"status": 503, "retry_after": 2.0}
    errors = [ServerError("a answered HTTP 503: overloaded, id 1", **wished), *busy(1, **wished)]
    errors += [ServerError(f"a did not answer within {n} seconds") for n in (1, 2)]
    assert Flaky(*errors).run(limiter=Limiter(1)).text == "Fine."
    first, second = caplog.messages
    assert first == "retrying: a answered HTTP 503: overloaded, id 1 (waits 2 s)"
    assert re.fullmatch(r"retrying: a did not answer within 1 seconds( \(waits [\d.]+ s\))?", second)


@pytest.mark.parametrize("kind", [ConfigError, BudgetError, ReplyError, ValueError])
def test_any_other_error_passes_at_once(kind):
    llm, limiter = Flaky(kind("no")), Limiter(1)
    with pytest.raises(kind, match=r"^no$"):
        llm.run(limiter=limiter)
    assert (llm.asked, limiter.in_flight) == (1, 0)


def test_any_other_error_passes_at_once_from_a_second_request_too():
    llm, limiter = Flaky(ServerError("a"), ReplyError("no")), Limiter(1)
    with pytest.raises(ReplyError):
        llm.run(limiter=limiter)
    assert (llm.asked, limiter.in_flight) == (2, 0)


def test_any_function_that_gives_an_awaitable_can_be_retried():
    flaky = Flaky(ServerError("a"))

    async def main():
        return await with_retries(plain)(a_call())

    def plain(call):
        return flaky(call)

    assert simulated.run(main()).text == "Fine."


def test_attempts_are_bounded_and_the_last_error_says_how_many():
    llm = Flaky(*(ServerError(f"error {i}", status=503, retry_after=1) for i in range(9)))
    with pytest.raises(ServerError, match=r"error 3 \(sent 4 times\)") as raised:
        llm.run(attempts=4)
    assert (llm.asked, raised.value.status) == (4, 503)


def test_refusals_for_a_limit_do_not_count_as_attempts():
    llm = Flaky(*busy(9, status=429))
    assert llm.run(attempts=2).text == "Fine."
    assert llm.asked == 10


@pytest.mark.parametrize("status", [429, 503])
def test_a_wait_that_would_go_over_the_time_is_not_begun(status):
    async def main():
        with pytest.raises(ServerError, match=r"^busy"):
            await with_retries(Flaky(*busy(9, status=status, retry_after=50)), seconds=49)(a_call())
        return simulated.now()

    assert simulated.run(main()) == 0.0


@pytest.mark.parametrize("status", [429, 500])
def test_a_call_is_given_up_when_its_time_is_over_even_in_the_middle_of_a_request(status):
    async def main():
        llm = with_retries(Flaky(*busy(1, status=status), delay=40), Limiter(1), seconds=60)
        with pytest.raises(ServerError, match=r"^busy"):
            await llm(a_call())
        return simulated.now()

    assert simulated.run(main()) == 60


def test_the_servers_wish_is_honoured_and_capped():
    wishes = (7, 9999, 0)
    llm = Flaky(*(ServerError("x", status=429, retry_after=wish) for wish in wishes))
    llm.run(seconds=1e6)
    for waited, asked in zip(llm.waits, (7, MAX_WAIT_SECONDS, 0), strict=True):
        assert asked <= waited <= asked + 20


@pytest.mark.parametrize("status", [429, 503, 529])
def test_a_wait_that_a_server_asks_for_counts_for_every_call_at_its_endpoint(status):
    async def main():
        limiter = Limiter(8, {"user": "a", "judge": "b"})
        flaky = Flaky(ServerError("x", status=status, retry_after=30))
        llm = with_retries(flaky, limiter)
        first = asyncio.create_task(llm(a_call("1")))
        await asyncio.sleep(1)
        await asyncio.gather(llm(a_call("2")), llm(a_call("3")), llm(a_call("4", prompt="judge/prefer")))
        await first
        return sorted(flaky.asked_at)

    first, judge, *later = simulated.run(main())
    assert (first, judge) == (0.0, 1.0)
    assert all(at >= 30 for at in later)


def test_waits_double_with_full_jitter():
    many = [Flaky(*busy(5)) for _ in range(200)]
    for i, llm in enumerate(many):
        llm.run(rng=Random(i), seconds=1e6, first=1.0)
    for step in range(5):
        waits = [llm.waits[step] for llm in many]
        top = 2.0 ** (step + 1)
        assert 0 <= min(waits) < 0.1 * top
        assert 0.9 * top < max(waits) <= top


def test_calls_at_once_do_not_share_their_attempts():
    async def fail(call):
        await asyncio.sleep(0)
        raise ServerError("busy")

    async def main():
        asked = with_retries(fail, attempts=3, first=0.001)
        return await asyncio.gather(*(asked(a_call()) for _ in range(20)), return_exceptions=True)

    assert {str(error) for error in simulated.run(main())} == {"busy (sent 3 times)"}


def test_a_call_that_waits_to_be_sent_again_holds_its_slot():
    async def main():
        flaky, order = Flaky(ServerError("a")), []

        async def llm(call):
            order.append(call.messages[-1].content)
            return await flaky(call)

        await asyncio.gather(*(with_retries(llm, limiter, rng=Random(0))(a_call(text)) for text in "12"))
        return order

    limiter = Limiter(1)
    assert simulated.run(main()) == ["1", "1", "2"]


@pytest.mark.parametrize("error", [ServerError("x", status=429, retry_after=100), ServerError("x", status=500)])
def test_a_call_that_waits_to_be_sent_again_fails_at_once_when_the_slots_are_closed(error):
    async def main():
        limiter, flaky = Limiter(1), Flaky(error)
        asyncio.get_running_loop().call_later(0.5, limiter.close, Interrupted("stop"))
        with pytest.raises(Interrupted):
            await with_retries(flaky, limiter, first=100, rng=Random(1))(a_call())
        return simulated.now(), flaky.asked, limiter.in_flight

    assert simulated.run(main()) == (0.5, 1, 0)
