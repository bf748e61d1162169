"""The budget: what a call may cost is reserved before it is sent, and settled by what it did cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from personagen.call import DEFAULT_MAX_TOKENS, LLM, Call
from personagen.errors import BudgetError, PersonagenError, ReplyError, ServerError
from personagen.llm.prices import Price, cost
from personagen.options import ModelOptions
from personagen.records import Completion
from personagen.store.batches import Batch
from personagen.store.folder import Run

CostBound = Callable[[Call], float | None]


@dataclass
class Ledger:
    """What a run folder has spent and may spend: USD and calls; None means no limit.

    ``reserved`` and ``in_flight`` belong to calls whose cost is not known yet. ``committed`` are calls that an earlier
    process has sent and whose answers are still to come, by key: what each may cost is within ``spent`` until then.
    """

    budget: float | None = None
    max_calls: int | None = None
    spent: float = 0.0
    calls: int = 0
    reserved: float = 0.0
    in_flight: int = 0
    closed: PersonagenError | None = None
    committed: dict[str, float] = field(default_factory=dict)
    _settled: asyncio.Event = field(default_factory=asyncio.Event)

    async def reserve(self, most: float) -> None:
        """Sets ``most`` USD and one call aside; waits while calls in flight may still leave enough.

        Raises:
            BudgetError: nothing is in flight, and it would go over a limit.
            PersonagenError: the ledger is closed meanwhile.
        """
        while problem := self._problem(most):
            if self.closed:
                raise self.closed
            if not self.in_flight:
                raise BudgetError(f"{problem} and run the same command to go on")
            await self._settled.wait()
        self.reserved += most
        self.in_flight += 1

    def take_over(self, key: str) -> float | None:
        """Sets aside what a committed call may cost, whatever the limits say by now; None if it is none."""
        most = self.committed.pop(key, None)
        if most is not None:
            self.spent -= most
            self.calls -= 1
            self.reserved += most
            self.in_flight += 1
        return most

    def settle(self, most: float, answer: Completion | None) -> None:
        """Gives back what was reserved, and books the answer's cost."""
        self.in_flight -= 1
        self.reserved = self.reserved - most if self.in_flight else 0.0
        if answer is not None:
            self.calls += 1
            self.spent += most if answer.usage.cost_usd is None else answer.usage.cost_usd
        self._wake()

    def book(self, most: float) -> None:
        """Books ``most`` for an answer of a call that is still in flight and may be sent again.

        Raises:
            BudgetError: what is reserved goes over the budget now.
        """
        self.spent += most
        if self.budget is not None and self.spent + self.reserved > self.budget:
            raise BudgetError(
                f"answers that can't be used may have cost so much that {self.spent:.4f} of {self.budget:g} USD count"
                " as spent; raise --budget and run the same command to go on"
            )

    def close(self, error: PersonagenError) -> None:
        """Fails what waits for money to be left."""
        self.closed = error
        self._wake()

    def _wake(self) -> None:
        self._settled.set()
        self._settled = asyncio.Event()

    def _problem(self, most: float) -> str:
        if self.max_calls is not None and self.calls + self.in_flight >= self.max_calls:
            return f"all {self.max_calls} calls are made; raise --max-calls"
        if self.budget is not None and self.spent + self.reserved + most > self.budget:
            cost = f"{self.spent:.4f} of {self.budget:g} USD are spent"
            return f"the next call may cost {most:.4f} USD and {cost}; raise --budget"
        return ""


def with_billed_failures(llm: LLM, ledger: Ledger, bound: CostBound) -> LLM:
    """``llm``, each of whose answers that arrived and can't be used is booked at the most it can cost.

    It stands within the retries: each such answer is paid for. Only this process knows of them, the journal does not.
    """

    async def ask(call: Call) -> Completion:
        try:
            return await llm(call)
        except (ReplyError, ServerError) as error:
            if error.billed:
                ledger.book(bound(call) or 0.0)
            raise

    return ask


def with_budget(llm: LLM, ledger: Ledger, bound: CostBound) -> LLM:
    """``llm`` within ``ledger``; ``bound`` gives the most a call can cost in USD, None where its price is unknown.

    An answer whose tokens the server did not count comes back with that as its cost: stored so, it counts in full also
    when the run is resumed.
    """

    async def ask(call: Call) -> Completion:
        most = ledger.take_over(call.key)
        if most is None:
            most = bound(call) or 0.0
            await ledger.reserve(most)
        answer: Completion | None = None
        try:
            answer = await llm(call)
            if most and answer.usage.cost_usd is None:
                usage = answer.usage.model_copy(update={"cost_usd": most})
                answer = answer.model_copy(update={"usage": usage})
            return answer
        finally:
            ledger.settle(most, answer)

    return ask


def ledger_of(run: Run, options: ModelOptions, prices: Mapping[str, Price | None], pending: Sequence[Batch]) -> Ledger:
    """What is spent, with what the batches under way may cost at most."""
    committed = {key: most for batch in pending for key, most in batch.keys.items()}
    before, calls = spent(run, prices) + sum(committed.values()), run.usage()[0] + len(committed)
    return Ledger(options.budget, options.max_calls, spent=before, calls=calls, committed=committed)


def spent(run: Run, prices: Mapping[str, Price | None]) -> float:
    """What the stored answers cost; those without a known cost count by their tokens, at today's price."""
    rows = run.journal.usage().items()
    return sum(u.cost_usd if u.cost_usd is not None else cost(prices.get(role), u) or 0.0 for (role, _), (_, u) in rows)


def bound_of(prices: Mapping[str, Price | None]) -> CostBound:
    """The most a call can cost: a token is at least one byte, and a reply is at most ``max_tokens`` long."""

    def bound(call: Call) -> float | None:
        price = prices.get(call.role)
        if price is None:
            return None
        input_tokens = sum(len(m.content.encode()) + 16 for m in call.messages)
        return price.dearest_input * input_tokens + price.output * (call.sampling.max_tokens or DEFAULT_MAX_TOKENS)

    return bound
