"""Reads a run's input in steps, so that progress shows and an interrupt is heard meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Generator
from typing import TypeVar

from personagen.records import Usage
from personagen.runs.progress import Progress, Status

EVERY_SECONDS = 0.5

_CALLS = ("calls", "reused", "errors", "retried", "refused", "in_flight", "limit")  # of which there are none yet

R = TypeVar("R")


async def read(steps: Generator[int, None, R], name: str, progress: Progress | None = None) -> R:
    """The result of ``steps``, which give the number of rows so far; ``name`` is shown with it."""
    began = said = time.monotonic()
    while True:
        try:
            rows = next(steps)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]
        await asyncio.sleep(0)  # a cancelled task ends here
        now = time.monotonic()
        if progress and now - said >= EVERY_SECONDS:
            said = now
            progress(_status(name, rows, now - began))


def _status(name: str, rows: int, seconds: float) -> Status:
    return Status(
        unit="rows",
        done=rows,
        reading=name,
        seconds=seconds,
        usage=Usage(),
        **dict.fromkeys(("done_before", "total", "failed", *_CALLS), 0),  # type: ignore[arg-type]
    )
