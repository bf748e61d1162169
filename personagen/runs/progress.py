"""The status of a run, for progress lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from personagen.records import Usage


@dataclass(frozen=True)
class Status:
    """A run's state: ``done`` of ``total`` units, and the calls, tokens and cost of this process.

    ``errors`` are calls that failed for good, ``re_asked`` replies that could not be used and were asked for again.
    ``retried`` counts requests sent again, ``refused`` rate-limit refusals (HTTP 429); ``in_flight`` calls are in
    flight, at most ``limit`` may be. ``batches`` describes the pending batches, if any.
    """

    unit: str
    done: int
    done_before: int
    total: int
    failed: int
    calls: int
    reused: int
    errors: int
    retried: int
    refused: int
    in_flight: int
    limit: int
    usage: Usage
    seconds: float
    batches: str = ""
    re_asked: int = 0


Progress: TypeAlias = Callable[[Status], None]


@asynccontextmanager
async def ticking(report: Callable[[], None], every: float = 0.5) -> AsyncIterator[None]:
    """Calls ``report`` every ``every`` seconds, so that progress shows also while nothing finishes."""

    async def tick() -> None:
        while True:
            await asyncio.sleep(every)
            report()

    ticker = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticker.cancel()
