"""How far a run is: what progress lines are made from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeAlias

from personagen.records import Usage


@dataclass(frozen=True)
class Status:
    """A run's state: ``done`` of ``total`` units, and what this process asked, reused and paid since it began.

    ``retried`` counts requests sent again, ``refused`` those a server refused for a limit (HTTP 429); ``in_flight``
    calls have been sent, at most ``limit`` may be. ``batches`` describes the batches that are waited for, if any.
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


Progress: TypeAlias = Callable[[Status], None]


@asynccontextmanager
async def ticking(report: Callable[[], None], every: float = 0.5) -> AsyncIterator[None]:
    """Calls ``report`` every ``every`` seconds meanwhile, so that progress shows also while nothing finishes."""

    async def tick() -> None:
        while True:
            await asyncio.sleep(every)
            report()

    ticker = asyncio.create_task(tick())
    try:
        yield
    finally:
        ticker.cancel()
