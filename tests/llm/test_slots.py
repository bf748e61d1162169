"""Calls in flight are bounded, and a run stops launching calls once asking again can't help."""

from __future__ import annotations

import asyncio

import pytest

from personagen.errors import BudgetError, ConfigError, Interrupted, ServerError
from personagen.llm import Call
from personagen.llm.slots import Slots, limited, open_only, proven, stopping
from tests.fakes import Fake


def call(n=0, prompt="user/speak", model="m"):
    return Call(model, (), sample=str(n), prompt=prompt)


async def ask_all(llm, calls):
    return await asyncio.gather(*(llm(c) for c in calls), return_exceptions=True)


def test_no_more_calls_than_slots_are_in_flight():
    async def main():
        fake, slots = Fake(lambda c: "x", delay=0.002), Slots(3)
        await ask_all(limited(fake, slots), [call(n) for n in range(20)])
        return fake.most, len(fake.calls), slots.in_flight

    assert asyncio.run(main()) == (3, 20, 0)


def test_calls_in_flight_end_and_none_starts_after_closing():
    async def main():
        fake, slots = Fake(lambda c: "x", delay=0.01), Slots(2)
        asking = asyncio.create_task(ask_all(limited(fake, slots), [call(n) for n in range(5)]))
        await asyncio.sleep(0.001)
        slots.close(Interrupted("stop"))
        return [type(r).__name__ for r in await asking]

    assert sorted(asyncio.run(main())) == ["Completion"] * 2 + ["Interrupted"] * 3


@pytest.mark.parametrize("error", [BudgetError("spent"), ConfigError("no key")])
def test_an_error_that_asking_again_cannot_help_closes_the_slots(error):
    async def main():
        fake, slots = Fake(lambda c: error), Slots(1)
        results = await ask_all(stopping(limited(fake, slots), slots), [call(n) for n in range(5)])
        return len(fake.calls), results

    asked, results = asyncio.run(main())
    assert asked == 1
    assert results == [error] * 5


def test_what_waits_behind_its_slot_is_not_sent_once_they_are_closed():
    async def main():
        fake, slots, gate = Fake(lambda c: "x"), Slots(4), asyncio.Event()

        def waiting(llm):
            async def ask(call):
                await gate.wait()
                return await llm(call)

            return ask

        asking = asyncio.create_task(
            ask_all(limited(waiting(open_only(fake, slots)), slots), [call(n) for n in range(4)])
        )
        await asyncio.sleep(0.001)
        slots.close(Interrupted("stop"))
        gate.set()
        return await asking, fake.calls

    results, asked = asyncio.run(main())
    assert asked == []
    assert all(isinstance(r, Interrupted) for r in results)


def test_a_server_error_leaves_the_slots_open():
    async def main():
        fake = Fake(lambda c: ServerError("busy"))
        await ask_all(limited(fake, Slots(1)), [call(n) for n in range(5)])
        return len(fake.calls)

    assert asyncio.run(main()) == 5


def test_a_refused_key_costs_one_request():
    async def main():
        fake = Fake(lambda c: ConfigError("wrong key"), delay=0.001)
        return len(fake.calls), await ask_all(proven(fake), [call(n) for n in range(9)]), fake

    _, results, fake = asyncio.run(main())
    assert len(fake.calls) == 1
    assert {str(r) for r in results} == {"wrong key"}


def test_every_role_and_model_is_proven_on_its_own():
    async def main():
        fake = Fake(lambda c: ConfigError("wrong key") if c.model == "bad" else "x")
        calls = [call(n, "judge/prefer", "bad") for n in range(4)] + [call(n) for n in range(4)]
        results = await ask_all(proven(fake), calls)
        return [c.model for c in fake.calls].count("bad"), sum(not isinstance(r, Exception) for r in results)

    assert asyncio.run(main()) == (1, 4)


def test_after_the_first_answer_calls_go_at_once():
    async def main():
        fake = Fake(lambda c: "x", delay=0.002)
        llm = proven(fake)
        await ask_all(llm, [call(n) for n in range(10)])
        return fake.most

    assert asyncio.run(main()) == 9


def test_a_server_that_answers_nothing_stops_the_run_instead_of_every_tree():
    async def main():
        fake = Fake(lambda c: ServerError("nothing listens there"))
        return await ask_all(proven(fake), [call(n) for n in range(5)]), len(fake.calls)

    results, asked = asyncio.run(main())
    assert asked == 1
    assert all(isinstance(r, ConfigError) and "nothing listens there" in str(r) for r in results)
