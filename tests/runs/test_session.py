"""What a session starts from: the money that is spent already, and the price of the next call."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from personagen.call import DEFAULT_MAX_TOKENS, Call, Sampling
from personagen.errors import Interrupted
from personagen.llm import budget as money
from personagen.llm import middleware
from personagen.llm.endpoints import Endpoint, Models, resolve
from personagen.llm.prices import Price
from personagen.options import ModelOptions
from personagen.records import Completion, Message, Usage
from personagen.runs import session
from personagen.store.batches import Batch
from personagen.store.folder import open_run
from tests.llm.calls import a_call
from tests.servers import Reply, chat, refusal, serving

PRICES = {"user": Price(1e-3, 2e-3), "judge": None}


def test_what_was_spent_counts_answers_without_a_known_cost_by_their_tokens(tmp_path):
    async def main():
        with open_run(tmp_path / "r", "simulate", {}, {}, []) as run:
            for key, cost in (("a", 0.5), ("b", None)):
                answer = Completion(text="x", usage=Usage(input_tokens=100, output_tokens=50, cost_usd=cost))
                await run.journal.store(key, "user", f"m{key}", "", answer, 0.1)
            return money.spent(run, PRICES)

    assert asyncio.run(main()) == pytest.approx(0.5 + 0.1 + 0.1)


def test_the_most_a_call_can_cost_counts_every_byte_and_every_token_it_may_answer():
    call = Call("m", (Message(role="user", content="\u00e9" * 100),), Sampling(max_tokens=50), prompt="user/speak")
    assert money.max_cost(PRICES)(call) >= 200 * 1e-3 + 50 * 2e-3
    open_ended = Call("m", (Message(role="user", content=""),), prompt="user/speak")
    assert money.max_cost(PRICES)(open_ended) >= DEFAULT_MAX_TOKENS * 2e-3
    dear = {"user": Price(1e-3, 2e-3, cache_write=5e-3)}
    assert money.max_cost(dear)(call) >= 200 * 5e-3 + 50 * 2e-3


@pytest.mark.parametrize(("timeout", "in_all"), [(120.0, 600.0), (1800.0, 9000.0)])
def test_a_call_has_time_for_several_requests_however_long_one_may_take(tmp_path, monkeypatch, timeout, in_all):
    given = []

    def with_retries(llm, limiter, *, first, seconds):
        given.append(seconds)
        return llm

    async def main():
        with open_run(tmp_path / "r", "simulate", {}, {}, []) as run:
            async with session.open_models(run, Models({}), ModelOptions(timeout=timeout), {}, {}):
                return given

    monkeypatch.setattr(middleware, "with_retries", with_retries)
    assert asyncio.run(main()) == [in_all]


def in_session(tmp_path, url, *roles, **options):
    """What ``work(session)`` gives, in a session whose ``roles`` ask the server at ``url``."""

    def run(work):
        async def main():
            given = ModelOptions(model=("openai/a",), base_url=(url,), **options)
            models = resolve(given, roles or ("user",))
            with open_run(tmp_path / "r", "simulate", {}, {}, []) as run:
                async with session.open_models(run, models, given, {}, {}) as opened_session:
                    return await work(opened_session)

        return asyncio.run(main())

    return run


def test_a_quota_that_one_answer_says_is_used_up_holds_back_every_role_at_that_endpoint(tmp_path):
    headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "400ms"}

    async def work(opened_session):
        llm = opened_session.ctx.llm
        await llm(a_call("1", prompt="user/x"))
        await llm(a_call("2", prompt="judge/x"))
        return opened_session.limiter

    with serving(lambda request: Reply(chat("Fine.").body, 200, headers)) as server:
        limiter = in_session(tmp_path, server.v1, "user", "judge")(work)
        first, second = server.requests
    assert second.at - first.at >= 0.39
    assert (limiter.retried, limiter.refused, limiter.in_flight) == (0, 0, 0)


def test_after_an_interruption_no_wait_of_a_server_is_slept_out_and_no_request_sent(tmp_path):
    async def work(opened_session):
        asking = [asyncio.create_task(opened_session.ctx.llm(a_call(str(n)))) for n in range(5)]
        await asyncio.to_thread(refused.wait, 10)
        await asyncio.sleep(0.2)
        began = time.monotonic()
        opened_session.limiter.close(Interrupted("stop"))
        await asyncio.wait(asking)
        return time.monotonic() - began, [type(task.exception()) for task in asking]

    refused = threading.Event()

    def answer(request):
        refused.set()
        return refusal(429, "rate limit", headers={"retry-after": "60"})

    with serving(answer) as server:
        seconds, errors = in_session(tmp_path, server.v1, concurrency=4)(work)
        assert len(server.requests) == 1
    assert seconds < 1
    assert errors == [Interrupted] * 5


def test_after_an_interruption_no_call_waits_for_what_those_in_flight_may_leave_of_the_budget(tmp_path):
    async def work(opened_session):
        llm = opened_session.ctx.llm
        sent = asyncio.create_task(llm(a_call("1", prompt="user/x")))
        await asyncio.sleep(0.2)
        waiting = asyncio.create_task(llm(a_call("2", prompt="judge/x")))
        await asyncio.sleep(0.1)
        opened_session.limiter.close(Interrupted("stop"))
        await asyncio.wait([waiting])
        return sent.done(), type(waiting.exception()), (await sent).text

    with serving(lambda request: Reply(chat("Fine.").body, delay=2.0)) as server:
        assert in_session(tmp_path, server.v1, "user", "judge", max_calls=1)(work) == (False, Interrupted, "Fine.")


@pytest.mark.parametrize(
    ("options", "limit"),
    [
        (ModelOptions(batch=True), session.BATCH_IN_FLIGHT),
        (ModelOptions(batch=True, concurrency=7), 7),
        (ModelOptions(concurrency=7), 7),
    ],
)
def test_by_the_wave_every_conversation_is_in_flight_unless_a_number_is_given(options, limit):
    assert session.open_limiter(options, Models({"user": Endpoint("openai/a")})).limit == limit


def test_what_batches_under_way_may_cost_counts_as_spent(tmp_path):
    pending = [Batch("w", "m", "u", frozenset(), 0.0, {"a": 0.5, "b": 0.25}, "batch_1")]

    async def main():
        with open_run(tmp_path / "r", "simulate", {}, {}, []) as run:
            return money.open_ledger(run, ModelOptions(budget=2.0, batch=True), PRICES, pending)

    ledger = asyncio.run(main())
    assert (ledger.spent, ledger.calls, ledger.committed) == (0.75, 2, {"a": 0.5, "b": 0.25})
