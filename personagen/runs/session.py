"""The open models of a run, behind journal, budget, limits and retries."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

from personagen.agents.ask import AgentContext
from personagen.agents.custom import Function
from personagen.call import LLM
from personagen.errors import ConfigError
from personagen.llm.batch.poll import BatchProgress
from personagen.llm.batch.submit import BatchMode
from personagen.llm.budget import Ledger, max_cost, open_ledger
from personagen.llm.connect import connect
from personagen.llm.endpoints import Models
from personagen.llm.limits.files import most_in_flight
from personagen.llm.limits.limiter import Limiter
from personagen.llm.limits.ramp import MAX_LIMIT
from personagen.llm.middleware import Layers, Tally
from personagen.llm.room import Rooms
from personagen.options import ModelOptions
from personagen.prompts.files import Prompt
from personagen.runs.interrupt import interruptible
from personagen.store.batches import Batches
from personagen.store.folder import Run

MIN_CALL_SECONDS = 600.0  # for a call with its retries; more with a long --timeout
BATCH_IN_FLIGHT = 10_000


@dataclass(frozen=True)
class Session:
    """The open models of a run: the agents' context, and the sources of its status.

    ``wrap`` puts the same layers around another model, such as an encoder.
    """

    ctx: AgentContext
    models: Models
    limiter: Limiter
    ledger: Ledger
    tally: Tally
    wrap: Callable[[LLM], LLM]
    batch_progress: BatchProgress
    batch: bool
    began: float


@asynccontextmanager
async def open_models(
    run: Run,
    models: Models,
    options: ModelOptions,
    prompts: Mapping[str, Prompt],
    acts: Mapping[str, Function],
    attempts: int = 3,
    language: str = "en",
) -> AsyncIterator[Session]:
    """Connects ``models`` behind journal, budget, limits and retries; a signal closes them."""
    book = Batches(run.journal)
    pending = book.pending()
    calls = sum(len(batch.keys) for batch in pending)
    if calls and not options.batch:
        raise ConfigError(
            f"{calls} calls of this run are in pending batches that are paid for; give --batch to get their answers"
        )
    ledger, bound = open_ledger(run, options, models.prices, pending), max_cost(models.prices)
    limiter, tally = open_limiter(options, models), Tally()
    limiter.on_close(ledger.close)
    mode = BatchMode(book, lambda: limiter.closed, bound)
    rooms = Rooms({who: usage.reasoning_tokens / n for who, (n, usage) in run.journal.usage().items()})
    layers = Layers(run.journal, limiter, ledger, bound, tally, max(MIN_CALL_SECONDS, 5 * options.timeout), rooms)
    async with connect(
        models.by_role,
        timeout=options.timeout,
        seed=options.seed,
        noise=options.noise,
        batch=mode if options.batch else None,
    ) as backend:
        llm = layers.around(backend, batch=options.batch)
        ctx = AgentContext(llm, prompts, models.names, tally, attempts, language, acts)
        rest = ", and submitted batches continue at the provider" if options.batch else ""
        with interruptible(limiter, rest):
            yield Session(
                ctx=ctx,
                models=models,
                limiter=limiter,
                ledger=ledger,
                tally=tally,
                wrap=layers.around,
                batch_progress=mode.progress,
                batch=options.batch,
                began=time.monotonic(),
            )


def open_limiter(options: ModelOptions, models: Models) -> Limiter:
    """The limiter for ``models``; ``options.concurrency``, or in batch mode ``BATCH_IN_FLIGHT``, caps its queues."""
    fixed = options.concurrency if isinstance(options.concurrency, int) else None
    max_in_flight = BATCH_IN_FLIGHT if options.batch and fixed is None else fixed
    local = {endpoint.address for endpoint in models.by_role.values() if endpoint.is_local}
    by_role = {role: endpoint.address for role, endpoint in models.by_role.items()}
    servers = len({*by_role.values()} - local)
    ceiling = None
    if servers and not options.batch:
        ceiling = max(1, most_in_flight(servers * (fixed or MAX_LIMIT)) // servers)
    return Limiter(max_in_flight, by_role, local, ceiling)
