"""The budget holds: what a call may cost is reserved before it is sent."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.call import Call
from personagen.errors import BudgetError, Interrupted, ServerError
from personagen.llm.budget import Ledger
from personagen.llm.errors import Server, garbled, too_large
from personagen.llm.middleware import with_billed_failures, with_budget, with_retries
from personagen.records import Completion, Usage
from tests.fakes import Fake
from tests.servers import simulated

CALL = Call("m", (), sample="taken")
SERVER = Server("m", "http://double", "K")


@given(
    budget=st.floats(0, 20),
    costs=st.lists(st.floats(0, 2), max_size=40),
    slack=st.floats(0, 1),
    failing=st.sets(st.integers(0, 40)),
)
def test_spent_and_reserved_never_exceed_the_budget(budget, costs, slack, failing):
    ledger = Ledger(budget=budget)

    async def llm(call):
        n = int(call.sample)
        await asyncio.sleep(0)
        assert ledger.spent + ledger.reserved <= budget + 1e-9
        if n in failing:
            raise ServerError("busy")
        return Completion(text="x", usage=Usage(cost_usd=costs[n]))

    async def main():
        llm_in_budget = with_budget(llm, ledger, lambda call: costs[int(call.sample)] + slack)
        return await asyncio.gather(
            *(llm_in_budget(Call("m", (), sample=str(n))) for n in range(len(costs))), return_exceptions=True
        )

    results = asyncio.run(main())
    assert ledger.spent <= budget + 1e-9
    assert abs(ledger.reserved) < 1e-9
    assert ledger.in_flight == 0
    assert ledger.calls == sum(isinstance(r, Completion) for r in results)


def test_a_call_that_may_go_over_is_not_sent():
    async def main():
        fake = Fake(lambda c: "x")
        llm = with_budget(fake, Ledger(budget=0.9, spent=0.5), lambda call: 0.5)
        with pytest.raises(BudgetError, match="raise --budget"):
            await llm(Call("m", ()))
        return fake.calls

    assert asyncio.run(main()) == []


def test_a_call_waits_while_those_in_flight_may_leave_enough():
    async def main():
        fake = Fake(lambda c: Completion(text="x", usage=Usage(cost_usd=0.1)), delay=0.001)
        ledger = Ledger(budget=1.0)
        llm = with_budget(fake, ledger, lambda call: 0.6)
        results = await asyncio.gather(*(llm(Call("m", (), sample=str(n))) for n in range(8)), return_exceptions=True)
        return fake.most, sum(isinstance(r, Completion) for r in results), ledger.spent

    most, answered, spent = asyncio.run(main())
    assert (most, answered) == (1, 5)
    assert spent == pytest.approx(0.5)


@pytest.mark.parametrize("thought", [0.5, 3.0])
def test_the_budget_holds_where_reasoning_is_paid_beyond_the_most_that_a_reply_may_have(thought):
    async def main():
        fake = Fake(lambda c: Completion(text="x", usage=Usage(cost_usd=0.1 + thought)), delay=0.001)
        ledger = Ledger(budget=20.0)
        llm = with_budget(fake, ledger, lambda call: 0.1)
        await llm(Call("m", (), sample="alone"))
        calls = (llm(Call("m", (), sample=str(n))) for n in range(100))
        results = await asyncio.gather(*calls, return_exceptions=True)
        return ledger.spent, sum(isinstance(r, BudgetError) for r in results)

    spent, refused = asyncio.run(main())
    assert 10 < spent <= 20
    assert refused


def test_calls_of_earlier_processes_count():
    async def main():
        fake = Fake(lambda c: "x", delay=0.001)
        llm = with_budget(fake, Ledger(max_calls=5, calls=3), lambda call: None)
        results = await asyncio.gather(*(llm(Call("m", ())) for _ in range(4)), return_exceptions=True)
        return len(fake.calls), [r for r in results if isinstance(r, BudgetError)]

    asked, refused = asyncio.run(main())
    assert asked == 2
    assert len(refused) == 2
    assert "raise --max-calls" in str(refused[0])


def test_a_call_that_waits_for_money_fails_at_once_when_the_ledger_is_closed():
    async def main():
        ledger = Ledger(max_calls=1)
        llm = with_budget(Fake(lambda c: "x", delay=10), ledger, lambda call: None)
        first, second = asyncio.create_task(llm(Call("m", ()))), asyncio.create_task(llm(Call("m", ())))
        await asyncio.sleep(1)
        ledger.close(Interrupted("stop"))
        with pytest.raises(Interrupted):
            await second
        at = simulated.now()
        await first
        return at

    assert simulated.run(main()) == 1.0


def test_a_call_that_an_earlier_process_sent_goes_on_whatever_the_limits_say_now():
    ledger = Ledger(budget=1.0, max_calls=2, spent=0.9, calls=2, committed={CALL.key: 0.5})

    async def main():
        inside = with_budget(Fake(lambda _: Completion(text="x", usage=Usage(cost_usd=0.25))), ledger, lambda _: 0.5)
        other = Call("m", (), sample="other")
        return await asyncio.gather(inside(CALL), inside(other), return_exceptions=True)

    taken, refused = asyncio.run(main())
    assert taken.text == "x"
    assert type(refused) is BudgetError
    assert (ledger.spent, ledger.calls, ledger.committed) == (pytest.approx(0.65), 2, {})


def test_what_committed_calls_may_cost_is_not_to_be_spent_by_others():
    ledger = Ledger(budget=1.0, spent=0.9, calls=1, committed={"gone": 0.9})
    with pytest.raises(BudgetError, match=r"0\.9000 of 1 USD"):
        asyncio.run(with_budget(Fake(lambda _: "x"), ledger, lambda _: 0.5)(CALL))


def test_an_answer_whose_tokens_nobody_counted_costs_the_most_it_can_and_is_stored_so():
    ledger = Ledger(budget=1.0)
    uncounted = Fake(lambda _: Completion(text="x", usage=Usage(cost_usd=None)))
    answer = asyncio.run(with_budget(uncounted, ledger, lambda _: 0.5)(CALL))
    assert answer.usage.cost_usd == 0.5
    assert ledger.spent == 0.5


def test_where_no_price_is_known_the_cost_stays_unknown():
    uncounted = Fake(lambda _: Completion(text="x", usage=Usage(cost_usd=None)))
    assert asyncio.run(with_budget(uncounted, Ledger(), lambda _: None)(CALL)).usage.cost_usd is None


@pytest.mark.parametrize(
    ("problem", "paid"),
    [(garbled(SERVER, "<html>"), 0.4), (too_large(SERVER, 1 << 20), 0.4), (ServerError("busy"), 0.0)],
)
def test_an_answer_that_cant_be_used_is_booked_at_the_most_it_can_cost(problem, paid):
    ledger = Ledger(budget=1.0)
    llm = with_budget(with_billed_failures(Fake(lambda _: problem), ledger, lambda _: 0.4), ledger, lambda _: 0.4)
    with pytest.raises(type(problem)):
        asyncio.run(llm(CALL))
    assert (ledger.spent, ledger.reserved) == (paid, 0.0)


def test_a_call_whose_answer_used_up_the_budget_is_not_sent_again():
    ledger, fake = Ledger(budget=0.5), Fake(lambda _: garbled(SERVER, "{"))
    layered = with_retries(with_billed_failures(fake, ledger, lambda _: 0.4), first=0.0)
    with pytest.raises(BudgetError, match="raise --budget"):
        asyncio.run(with_budget(layered, ledger, lambda _: 0.4)(CALL))
    assert len(fake.calls) == 1


def test_each_answer_that_cant_be_used_is_booked_though_the_last_one_can():
    async def main():
        ledger, answers = Ledger(), iter([garbled(SERVER, "{"), garbled(SERVER, "{")])

        async def llm(call):
            if problem := next(answers, None):
                raise problem
            return Completion(text="x", usage=Usage(cost_usd=0.1))

        layered = with_retries(with_billed_failures(llm, ledger, lambda call: 0.4), first=0.0)
        await with_budget(layered, ledger, lambda call: 0.4)(Call("m", ()))
        return ledger.spent

    assert asyncio.run(main()) == pytest.approx(0.9)
