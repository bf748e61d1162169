"""The status of a run, for progress lines."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import TypeAlias

from personagen.records import Usage

SETTLE_SECONDS = 0.02  # until the calls that only waited have left


@dataclass(frozen=True)
class Status:
    """A run's state: ``done`` of ``total`` units, and the calls, tokens and cost of this process.

    ``errors`` are calls that failed for good, ``re_asked`` replies that could not be used and were asked for again.
    ``retried`` counts requests sent again, ``refused`` rate-limit refusals (HTTP 429); ``in_flight`` calls are in
    flight at servers, at most ``limit`` may be. ``batches`` describes the pending batches, if any.

    ``begun`` units have ended or are under way, None if that is not counted. By the estimate this process makes
    ``expected`` calls; it makes ``rate`` a second now, and has ``left`` seconds to go. ``away`` has the address of each
    server that is away, the seconds since when, and the reason. Once the run is being stopped, ``finishing`` calls are
    waited for, and ``again`` is how to drop them. ``free`` means that nothing can cost. Before the run, ``reading``
    names what is read, ``done`` rows of it so far.
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
    begun: int | None = None
    expected: int = 0
    rate: float | None = None
    left: float | None = None
    away: tuple[tuple[str, float, str], ...] = ()
    finishing: int = 0
    again: str = ""
    free: bool = False
    reading: str = ""


Progress: TypeAlias = Callable[[Status], None]


@asynccontextmanager
async def ticking(report: Callable[[], None], every: float = 0.5) -> AsyncIterator[Callable[[], None]]:
    """Calls ``report`` every ``every`` seconds, so that progress shows also while nothing finishes.

    Gives a function that has it called soon.
    """
    soon = asyncio.Event()

    async def tick() -> None:
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(every):
                    await soon.wait()
                await asyncio.sleep(SETTLE_SECONDS)
            soon.clear()
            report()

    ticker = asyncio.create_task(tick())
    try:
        yield soon.set
    finally:
        ticker.cancel()
