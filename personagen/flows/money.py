"""What a run folder has cost, and what one more call may cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from personagen.call import DEFAULT_MAX_TOKENS, Call
from personagen.llm.budget import CostBound, Ledger
from personagen.llm.prices import Price, cost
from personagen.options import ModelOptions
from personagen.store.batches import Wave
from personagen.store.folder import Run


def ledger_of(run: Run, options: ModelOptions, prices: Mapping[str, Price | None], pending: Sequence[Wave]) -> Ledger:
    """What is spent, with what the batches under way may cost at most."""
    committed = {key: most for wave in pending for key, most in wave.keys.items()}
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
