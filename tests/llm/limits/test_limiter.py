"""Calls in flight are bounded, and a run stops launching calls once asking again can't help."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from personagen.call import Call, Sampling
from personagen.errors import BudgetError, ConfigError, CorruptError, Interrupted, ServerError
from personagen.llm.limits.limiter import MAX_IN_FLIGHT_LOCALLY, Limiter
from personagen.llm.middleware import closing_on_error, first_call_alone, with_retries
from tests.fakes import Fake
from tests.servers import simulated


def call(n=0, prompt="user/speak", model="m", priority=1):
    return Call(model, (), sample=str(n), prompt=prompt, priority=priority)


async def ask_all(llm, calls):
    return await asyncio.gather(*(llm(c) for c in calls), return_exceptions=True)


def test_no_more_calls_than_slots_are_in_flight():
    async def main():
        fake, limiter = Fake(lambda c: "x", delay=1), Limiter(3)
        await ask_all(with_retries(fake, limiter), [call(n) for n in range(20)])
        return fake.most, len(fake.calls), limiter.in_flight

    assert simulated.run(main()) == (3, 20, 0)


def test_the_longest_chain_goes_first_and_equal_ones_in_the_order_they_came():
    async def main():
        fake = Fake(lambda c: "x", delay=1)
        chains = (1, 3, 2, 3, 9)
        await ask_all(with_retries(fake, Limiter(1)), [call(n, priority=chain) for n, chain in enumerate(chains)])
        return [c.sample for c in fake.calls]

    assert simulated.run(main()) == ["0", "4", "1", "3", "2"]


def test_the_chain_is_not_in_the_key():
    assert call(priority=1).key == call(priority=7).key


def test_every_endpoint_has_a_gate_of_its_own_and_roles_that_share_it_share_the_gate():
    async def main():
        fake = Fake(lambda c: "x", delay=1)
        limiter = Limiter(2, {"user": "a", "observer": "a", "judge": "b"})
        roles = ("user/speak", "observer/infer", "judge/prefer")
        asking = asyncio.create_task(ask_all(with_retries(fake, limiter), [call(n, roles[n % 3]) for n in range(12)]))
        await asyncio.sleep(0.5)
        running = sorted(c.role for c in fake.calls)
        await asking
        return running, limiter.highest

    assert simulated.run(main()) == (["judge", "judge", "observer", "user"], {"a": 2, "b": 2})


def test_where_there_is_no_server_the_limit_is_fixed():
    limiter = Limiter(None, {"user": "own"}, {"own"})
    assert (limiter.limit, limiter.max_in_flight) == (MAX_IN_FLIGHT_LOCALLY, MAX_IN_FLIGHT_LOCALLY)
    assert (Limiter(7, {"user": "own"}, {"own"}).limit, Limiter(7, {"user": "a", "judge": "b"}).limit) == (7, 14)


def test_what_is_in_flight_at_servers_leaves_out_what_has_none():
    async def main():
        limiter = Limiter(7, {"user": "own", "judge": "a"}, {"own"})
        for endpoint in ("own", "own", "a"):
            await limiter.at(endpoint).enter("user")
        return limiter.in_flight, limiter.remote

    assert asyncio.run(main()) == (3, (1, 7))


def test_calls_can_be_spared_while_fewer_wait_where_a_role_asks_than_wished():
    async def main():
        fake, limiter = Fake(lambda c: "x", delay=1), Limiter(2, {"user": "a", "judge": "b"})
        llm = with_retries(fake, limiter)
        spare = [limiter.spare("user", 1.5)]
        asking = asyncio.create_task(ask_all(llm, [call(n) for n in range(2)]))
        await asyncio.sleep(0.1)
        spare += [limiter.spare("user", 1), limiter.spare("user", 1.5)]
        more = asyncio.create_task(ask_all(llm, [call(n) for n in range(2, 4)]))
        await asyncio.sleep(0.1)
        spare += [limiter.spare("user", 1.5), limiter.spare("judge", 1.5), limiter.spare("a role without a queue", 1.5)]
        await asyncio.gather(asking, more)
        return spare

    assert simulated.run(main()) == [True, False, True, False, True, True]


def test_calls_in_flight_end_and_those_that_wait_fail_at_once_after_closing():
    async def main():
        fake, limiter = Fake(lambda c: "x", delay=10), Limiter(2)
        asking = [asyncio.create_task(with_retries(fake, limiter)(call(n))) for n in range(5)]
        await asyncio.sleep(1)
        limiter.close(Interrupted("stop"))
        await asyncio.wait(asking[2:])
        failed_at = simulated.now()
        results = await asyncio.gather(*asking, return_exceptions=True)
        return [type(r).__name__ for r in results], failed_at, simulated.now()

    names, failed_at, ended = simulated.run(main())
    assert names == ["Completion"] * 2 + ["Interrupted"] * 3
    assert (failed_at, ended) == (1.0, 10.0)


def test_a_call_that_is_cancelled_gives_its_place_back():
    async def main():
        fake, limiter = Fake(lambda c: "x", delay=1), Limiter(1)
        llm = with_retries(fake, limiter)
        asking = [asyncio.create_task(llm(call(n))) for n in range(4)]
        await asyncio.sleep(0.5)
        asking[1].cancel()  # waits
        asking[0].cancel()  # is in flight: its place goes to the next
        await asyncio.sleep(0)
        asking[2].cancel()  # has just been given it
        await asyncio.wait(asking)
        return [c.sample for c in fake.calls], limiter.in_flight, limiter.spare("user", 1), asking[3].result().text

    assert simulated.run(main()) == (["0", "3"], 0, True, "x")


@pytest.mark.parametrize("error", [BudgetError("spent"), ConfigError("no key"), CorruptError("damaged")])
def test_an_error_that_asking_again_cannot_help_closes_the_slots(error):
    async def main():
        fake, limiter = Fake(lambda c: error), Limiter(1)
        results = await ask_all(closing_on_error(with_retries(fake, limiter), limiter), [call(n) for n in range(5)])
        return len(fake.calls), results

    asked, results = asyncio.run(main())
    assert asked == 1
    assert results == [error] * 5


def test_no_waiting_call_is_sent_between_a_final_error_and_the_closing():
    async def main():
        fake, limiter = Fake(lambda c: BudgetError("no credit") if c.sample == "1" else "x", delay=1), Limiter(2)
        results = await ask_all(closing_on_error(with_retries(fake, limiter), limiter), [call(n) for n in range(2)])
        assert isinstance(results[1], BudgetError)

        async def delayed(llm_call):  # closes late, as a journal in between would
            try:
                return await with_retries(fake, other)(llm_call)
            except BudgetError:
                await asyncio.sleep(5)
                raise

        other = Limiter(2)
        await ask_all(closing_on_error(delayed, other), [call(n) for n in range(1, 9)])
        return len(fake.calls)

    assert simulated.run(main()) == 2 + 2


def test_a_server_error_leaves_the_slots_open():
    async def main():
        fake = Fake(lambda c: ServerError("busy"))
        await ask_all(with_retries(fake, Limiter(1), attempts=1), [call(n) for n in range(5)])
        return len(fake.calls)

    assert simulated.run(main()) == 5


def test_a_refused_key_costs_one_request():
    async def main():
        fake = Fake(lambda c: ConfigError("wrong key"), delay=0.001)
        return len(fake.calls), await ask_all(first_call_alone(fake), [call(n) for n in range(9)]), fake

    _, results, fake = asyncio.run(main())
    assert len(fake.calls) == 1
    assert {str(r) for r in results} == {"wrong key"}


def test_every_role_and_model_is_proven_on_its_own():
    async def main():
        fake = Fake(lambda c: ConfigError("wrong key") if c.model == "bad" else "x")
        calls = [call(n, "judge/prefer", "bad") for n in range(4)] + [call(n) for n in range(4)]
        results = await ask_all(first_call_alone(fake), calls)
        return [c.model for c in fake.calls].count("bad"), sum(not isinstance(r, Exception) for r in results)

    assert asyncio.run(main()) == (1, 4)


def test_one_answer_proves_an_endpoint_for_every_role_that_asks_in_the_same_form():
    async def main():
        fake = Fake(lambda c: "x", delay=1)
        llm = first_call_alone(fake, Limiter(None, {"user": "a", "assistant": "a", "judge": "b"}))
        await llm(call(0))
        roles = ("user/speak", "assistant/plain", "judge/prefer")
        await ask_all(llm, [call(n, roles[n % 3]) for n in range(1, 13)])
        return fake.most, simulated.now()

    assert simulated.run(main()) == (8 + 1, 3.0)


def test_a_call_with_a_schema_or_other_settings_is_proven_apart():
    async def main():
        fake = Fake(lambda c: ConfigError("refused") if c.schema or c.sampling.temperature else "x", delay=1)
        llm = first_call_alone(fake)
        plain = [call(n) for n in range(4)]
        schemas = [replace(c, schema={"type": "object"}) for c in plain]
        warm = [replace(c, sampling=Sampling(temperature=0.5)) for c in plain]
        await ask_all(llm, [*plain, *schemas, *warm])
        return sum(bool(c.schema) for c in fake.calls), sum(c.sampling.temperature is not None for c in fake.calls)

    assert simulated.run(main()) == (1, 1)


def test_after_the_first_answer_calls_go_at_once():
    async def main():
        fake = Fake(lambda c: "x", delay=0.002)
        llm = first_call_alone(fake)
        await ask_all(llm, [call(n) for n in range(10)])
        return fake.most

    assert asyncio.run(main()) == 9


def test_a_server_that_answers_nothing_stops_the_run_instead_of_every_tree():
    async def main():
        fake = Fake(lambda c: ServerError("nothing listens there"))
        return await ask_all(first_call_alone(fake), [call(n) for n in range(5)]), len(fake.calls)

    results, asked = asyncio.run(main())
    assert asked == 1
    assert all(isinstance(r, ConfigError) and "nothing listens there" in str(r) for r in results)
