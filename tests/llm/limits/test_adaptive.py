"""What the limit makes of servers: of those that refuse, by rate or by number, and of those that queue."""

from __future__ import annotations

import asyncio
from heapq import heappop, heappush
from random import Random

import pytest

from personagen.call import Call
from personagen.errors import ServerError
from personagen.llm.limits.adaptive import INITIAL_LIMIT, MAX_LIMIT, MAX_PAUSE_SECONDS, AdaptiveLimit
from personagen.llm.limits.limiter import Limiter
from personagen.llm.middleware import with_retries
from personagen.records import Completion
from tests.servers import simulated
from tests.servers.simulated import Server

SEEDS = (1, 2, 3)


def about(seconds):
    """Latencies as of a model's replies: log-normal, half of them under ``seconds``."""
    return lambda rng: seconds * rng.lognormvariate(0, 0.5)


def asked(calls, *, most=None, width=600, seed=1, **server):
    """A server of which ``calls`` were asked, the gate they went through, the seconds it took, and the failures."""

    async def main():
        double, slots = Server(seed=seed, **server), Limiter(most)
        gate = slots.at("m")
        gate.limit = AdaptiveLimit(most, Random(seed))
        llm = with_retries(double, slots, rng=Random(seed))
        todo, failures = iter(range(calls)), []

        async def worker():
            for n in todo:
                try:
                    await llm(Call("m", (), sample=str(n), prompt=f"{'user' if n % 2 else 'judge'}/x"))
                except ServerError as error:
                    failures.append(error)

        await asyncio.gather(*(worker() for _ in range(width)))
        return double, gate.limit, simulated.now(), failures

    return simulated.run(main())


STORMS = {
    "short calls": {"latency": about(0.2), "burst": 20},
    "calls of a second": {"latency": about(1.0), "burst": 20},
    "a bucket of one call": {"latency": about(0.2), "burst": 1},
    "Retry-After of one second": {"latency": about(1.0), "burst": 20, "wish": lambda left: 1.0},
    "Retry-After to the millisecond": {"latency": about(1.0), "burst": 20, "wish": lambda left: left},
    "a quota for each second": {"latency": about(0.5), "burst": 20, "window": 1.0},
}


@pytest.mark.parametrize("storm", STORMS)
def test_of_a_rate_that_is_granted_most_is_used_little_is_refused_and_nothing_given_up(storm):
    server, _, seconds, failures = asked(4000, rate=20, **STORMS[storm])
    assert not failures
    assert 4000 / (20 * seconds) >= 0.85
    assert len(server.refused) <= 0.05 * 4000


@pytest.mark.parametrize("wish", [lambda left: None, lambda left: left])
def test_a_quota_for_each_minute_is_used_up_and_waited_for_without_asking_all_the_time(wish):
    server, _, seconds, failures = asked(4000, rate=20, window=60, burst=1200, latency=about(1.0), wish=wish)
    assert not failures
    assert seconds <= 240
    assert len(server.refused) <= 0.05 * 4000


@pytest.mark.parametrize("capacity", [4, 20, 100])
def test_a_server_that_takes_so_many_calls_at_once_gets_about_as_many(capacity):
    calls = 100 * capacity
    server, limit, seconds, failures = asked(calls, capacity=capacity, latency=about(2.0))
    assert not failures
    assert calls * 2.27 / capacity / seconds >= 0.8
    assert len(server.refused) <= 0.06 * calls
    assert 0.8 * capacity <= limit.limit <= 1.2 * capacity


@pytest.mark.parametrize("seed", SEEDS)
def test_a_server_that_only_queues_is_kept_busy_without_a_long_queue(seed):
    calls, slots = 2000, 40
    _, limit, seconds, _ = asked(calls, slots=slots, latency=about(2.0), seed=seed)
    assert calls * 2.27 / slots / seconds >= 0.88
    assert limit.limit <= 4 * slots
    assert limit.highest <= 6 * slots < MAX_LIMIT


@pytest.mark.parametrize("seed", SEEDS)
def test_a_server_without_limits_is_soon_asked_as_much_as_may_be(seed):
    _, limit, seconds, _ = asked(6000, latency=about(2.0), seed=seed)
    assert limit.highest == MAX_LIMIT
    assert seconds <= 6000 * 2.27 / MAX_LIMIT + 22


def test_longer_calls_that_come_later_are_not_mistaken_for_a_queue():
    limit, now, running = AdaptiveLimit(), 0.0, []
    while limit.limit < MAX_LIMIT and now < 40:
        wait = limit.wait(now)
        if not wait:
            kind = "judge" if limit.in_flight >= INITIAL_LIMIT else "user"
            heappush(running, (now + (0.1 if kind == "user" else 2.0), len(running), limit.start(now, kind)))
        elif not running or now + wait < running[0][0]:
            now += wait
        else:
            now, _, ticket = heappop(running)
            limit.answered(ticket, now)
    assert limit.limit == MAX_LIMIT


@pytest.mark.parametrize("most", [1, 7, 300])
def test_a_number_is_where_it_starts_and_is_never_exceeded(most):
    server, limit, seconds, _ = asked(1200, most=most, latency=lambda rng: 1.0)
    assert server.most == limit.highest == most
    assert seconds == pytest.approx(-(-1200 // most) * 1.01)


def test_a_number_that_is_too_high_for_the_server_is_cut_down():
    server, limit, _, failures = asked(4000, most=64, rate=20, burst=20, latency=about(1.0))
    assert not failures
    assert len(server.refused) <= 0.05 * 4000
    assert limit.highest <= 64


def test_the_limit_grows_again_when_the_server_takes_more():
    async def main():
        server, slots = Server(about(1.0), capacity=20), Limiter()
        llm = with_retries(server, slots)

        async def more():
            await asyncio.sleep(60)
            server.capacity = 200
            server.most = 0

        growing = asyncio.create_task(more())
        todo = iter(range(8000))

        async def worker():
            for n in todo:
                await llm(Call("m", (), sample=str(n)))

        await asyncio.gather(growing, *(worker() for _ in range(300)))
        return server.most

    assert simulated.run(main()) >= 180


def test_a_server_that_drowns_in_calls_gets_fewer():
    async def main():
        slots, free = Limiter(16), asyncio.Semaphore(1)

        async def server(call):
            try:
                async with asyncio.timeout(60), free:
                    await asyncio.sleep(10)
            except TimeoutError:
                raise ServerError("no answer in time", status=408) from None
            return Completion(text="Fine.")

        llm = with_retries(server, slots)
        answers = await asyncio.gather(*(llm(Call("m", (), sample=str(n))) for n in range(16)), return_exceptions=True)
        return slots.limit, sum(isinstance(answer, Completion) for answer in answers)

    limit, answered = simulated.run(main())
    assert limit < 16
    assert answered == 16


def test_a_few_failures_do_not_slow_a_run_down():
    async def main():
        slots, rng, limits = Limiter(), Random(1), []

        async def server(call):
            limits.append(slots.limit)
            fails = rng.random() < 0.1
            await asyncio.sleep(8.0 if fails else 1.0)
            if fails:
                raise ServerError("oops", status=rng.choice([500, 408]))
            return Completion(text="Fine.")

        llm = with_retries(server, slots, rng=Random(2))
        await asyncio.gather(*(llm(Call("m", (), sample=str(n))) for n in range(8000)), return_exceptions=True)
        return limits

    assert set(simulated.run(main())[5000:7000]) == {MAX_LIMIT}


def test_after_a_pause_calls_are_let_out_evenly():
    server, _, _, _ = asked(400, most=50, rate=10, burst=10, latency=lambda rng: 1.0, wish=lambda left: 5.0)
    opened = min(at for at in server.arrived if at > 4)
    just_after = [at for at in server.arrived if opened <= at < opened + 0.5]
    assert opened >= 5
    assert 1 <= len(just_after) <= 15


def test_refusals_of_calls_that_were_sent_before_a_cut_do_not_count_again():
    limit = AdaptiveLimit(100, Random(1))
    tickets = [limit.start(0.0) for _ in range(100)]
    for n, ticket in enumerate(tickets):
        limit.refused(ticket, 0.5 + n / 100)
    assert limit.refusals == 100
    assert limit.limit >= 70


def test_a_wish_of_the_server_is_honoured_up_to_two_minutes():
    limit = AdaptiveLimit(4)
    limit.refused(limit.start(0.0), 1.0, 1e9)
    assert limit.wait(1.0) == MAX_PAUSE_SECONDS
    assert limit.wait(1.0 + MAX_PAUSE_SECONDS) == 0


def test_the_limit_never_falls_below_one_and_a_server_that_refuses_long_is_asked_ever_more_seldom():
    limit, now, asked_at = AdaptiveLimit(16, Random(1)), 0.0, []
    while now < 300:
        wait = limit.wait(now)
        now += wait
        asked_at.append(now)
        limit.refused(limit.start(now), now + 0.01)
        now += 0.01
    assert limit.limit >= 1
    assert len(asked_at) < 40
    assert asked_at[-1] - asked_at[-2] <= 20


def test_a_wait_of_no_seconds_or_until_a_time_that_is_past_is_none_that_was_told():
    told, untold = AdaptiveLimit(64, Random(1)), AdaptiveLimit(64, Random(1))
    assert told.refused(told.start(0.0), 0.1, 0.0) == untold.refused(untold.start(0.0), 0.1) > 0


def test_a_time_out_halves_the_limit_at_once_where_answers_are_slow():
    slow, fast = AdaptiveLimit(16), AdaptiveLimit(16)
    for limit, took in ((slow, 60.0), (fast, 1.0)):
        permits = [limit.start(0.0) for _ in range(16)]
        limit.answered(permits[0], took)
        limit.failed(permits[1], 120.0, timed_out=True)
        limit.failed(permits[2], 120.1, timed_out=True)  # sent before the limit was halved
    assert (slow.limit, fast.limit) == (8, 16)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_server_of_few_slots_is_asked_little_and_no_call_times_out(seed):
    server, limit, seconds, failures = asked(60, slots=4, latency=about(20.0), patience=120.0, width=60, seed=seed)
    assert not failures
    assert limit.highest <= 16
    assert server.timed_out == 0
    assert 60 * 22.7 / 4 / seconds >= 0.8


def test_one_refusal_does_not_hold_up_the_others():
    limit = AdaptiveLimit(64, Random(1))
    permits = [limit.start(0.0) for _ in range(20)]
    limit.answered(permits[0], 1.0)
    assert 1.0 <= limit.refused(permits[1], 1.0, 9.0) == 9.0
    assert limit.refused(permits[2], 1.1) < 0.2
    assert limit.wait(1.1) == 0.0
