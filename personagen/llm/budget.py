"""The budget: reserves the maximum cost of a call before it is sent, and settles its actual cost."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from personagen.call import LLM, Call
from personagen.errors import BudgetError, PersonagenError, ReplyError, ServerError
from personagen.llm.prices import Price, cost
from personagen.options import ModelOptions
from personagen.records import Completion
from personagen.store.batches import Batch
from personagen.store.folder import Run

MORE_THAN_SEEN = 1.5  # reserved for an answer, where one cost more than its maximum
CostBound = Callable[[Call], float | None]


@dataclass
class Ledger:
    """What a run folder has spent and may spend, in USD and calls; None means no limit.

    ``reserved`` and ``in_flight`` count calls whose cost is not known yet. ``committed`` has the maximum cost, by key,
    of calls that an earlier process sent and that are still pending; ``spent`` includes it.
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

    async def reserve(self, amount: float) -> None:
        """Reserves ``amount`` USD and one call; waits while calls in flight may still leave enough.

        Raises:
            BudgetError: nothing is in flight, and the call would exceed a limit.
            PersonagenError: the ledger is closed.
        """
        while problem := self._problem(amount):
            if self.closed:
                raise self.closed.with_traceback(None)  # or each raise would add its own
            if not self.in_flight:
                raise BudgetError(f"{problem} and run the same command to resume")
            await self._settled.wait()
        self.reserved += amount
        self.in_flight += 1

    def take_over(self, key: str) -> float | None:
        """Reserves and returns the maximum cost of a committed call, whatever the limits; None for any other call."""
        amount = self.committed.pop(key, None)
        if amount is not None:
            self.spent -= amount
            self.calls -= 1
            self.reserved += amount
            self.in_flight += 1
        return amount

    def settle(self, amount: float, answer: Completion | None) -> None:
        """Releases the reserved ``amount``, and adds the actual cost of ``answer`` to ``spent``."""
        self.in_flight -= 1
        self.reserved = self.reserved - amount if self.in_flight else 0.0
        if answer is not None:
            self.calls += 1
            self.spent += amount if answer.usage.cost_usd is None else answer.usage.cost_usd
        self._wake()

    def book(self, amount: float) -> None:
        """Adds the ``amount`` of a billed failure to ``spent``; its call is still in flight and may be retried.

        Raises:
            BudgetError: ``spent`` and ``reserved`` now exceed the budget.
        """
        self.spent += amount
        if self.budget is not None and self.spent + self.reserved > self.budget:
            raise BudgetError(
                f"with unusable answers at their maximum amount, {self.spent:.4f} of {self.budget:g} USD are spent;"
                " raise --budget and run the same command to resume"
            )

    def close(self, error: PersonagenError) -> None:
        """Fails every call that waits for budget."""
        self.closed = error
        self._wake()

    def _wake(self) -> None:
        self._settled.set()
        self._settled = asyncio.Event()

    def _problem(self, amount: float) -> str:
        if self.max_calls is not None and self.calls + self.in_flight >= self.max_calls:
            return f"all {self.max_calls} calls are made; raise --max-calls"
        if self.budget is not None and self.spent + self.reserved + amount > self.budget:
            state = f"{self.spent:.4f} of {self.budget:g} USD are spent"
            return f"the next call may cost {amount:.4f} USD and {state}; raise --budget"
        return ""


def open_ledger(
    run: Run, options: ModelOptions, prices: Mapping[str, Price | None], pending: Sequence[Batch]
) -> Ledger:
    """The ledger of a run folder: its stored answers, plus the maximum cost of pending batches."""
    committed = {key: amount for batch in pending for key, amount in batch.keys.items()}
    before, calls = spent(run, prices) + sum(committed.values()), run.usage()[0] + len(committed)
    return Ledger(options.budget, options.max_calls, spent=before, calls=calls, committed=committed)


def spent(run: Run, prices: Mapping[str, Price | None]) -> float:
    """The cost of all stored answers in USD; where it was not stored, their tokens at the current price."""
    rows = run.journal.usage().items()
    return sum(u.cost_usd if u.cost_usd is not None else cost(prices.get(role), u) or 0.0 for (role, _), (_, u) in rows)


def max_cost(prices: Mapping[str, Price | None]) -> CostBound:
    """The maximum cost of a call in USD: a token has at least one byte, a reply at most ``call.max_tokens`` tokens."""

    def bound(call: Call) -> float | None:
        price = prices.get(call.role)
        if price is None:
            return None
        texts = [m.content for m in call.messages]
        input_tokens = sum((len(text) if text.isascii() else len(text.encode())) + 16 for text in texts)
        return price.dearest_input * input_tokens + price.output * call.max_tokens

    return bound


def with_budget(llm: LLM, ledger: Ledger, bound: CostBound) -> LLM:
    """Keeps ``llm`` within ``ledger``; ``bound`` gives the maximum cost of a call in USD, None if its price is unknown.

    An answer without token counts is charged at this maximum, in a resumed run too. Where reasoning is not bounded by
    ``max_tokens``, an answer costs more: from then on so much more is reserved for each call of that model.
    """
    beyond: dict[str, float] = {}

    async def ask(call: Call) -> Completion:
        amount = ledger.take_over(call.key)
        if amount is None:
            amount = bound(call) or 0.0
            amount += beyond.get(call.model, 0.0) if amount else 0.0
            await ledger.reserve(amount)
        answer: Completion | None = None
        try:
            answer = await llm(call)
            if amount and answer.usage.cost_usd is None:
                usage = answer.usage.model_copy(update={"cost_usd": amount})
                answer = answer.model_copy(update={"usage": usage})
            elif amount and answer.usage.cost_usd is not None and answer.usage.cost_usd > amount:
                missed = beyond.get(call.model, 0.0) + answer.usage.cost_usd - amount
                beyond[call.model] = MORE_THAN_SEEN * missed
            return answer
        finally:
            ledger.settle(amount, answer)

    return ask


def with_billed_failures(llm: LLM, ledger: Ledger, bound: CostBound) -> LLM:
    """Charges unusable but billed answers of ``llm`` at their maximum amount.

    It goes inside the retries, since each attempt is billed. The journal does not store these costs.
    """

    async def ask(call: Call) -> Completion:
        try:
            return await llm(call)
        except (ReplyError, ServerError) as error:
            if error.billed:
                ledger.book(bound(call) or 0.0)
            raise

    return ask
