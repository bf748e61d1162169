"""Going on with a run of 100,000 stored calls: how long, and how much memory, until it asks again."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
import tempfile
import time
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Any

import orjson

from personagen.errors import BudgetError
from tests import fakes
from tests.faults.trial import Finding, Scale, apart, peak

CALLS_A_TREE = 60  # ten turns of six calls
SECONDS, MEGABYTES = 10.0, 500.0


def trial(scale: Scale) -> Iterable[Finding]:
    """A run that stopped one tree before its end, gone on with; and once more when nothing was left."""
    calls = scale.of(100_000, 3_000)
    (row,) = scale.each("restart", [calls], restart)
    yield Finding(
        f"resume of a run with {row['stored']:,} stored calls",
        f"until it goes on asking, and until it ends where nothing is left: {SECONDS:g} s, {MEGABYTES:g} MB;"
        " 0 calls paid again",
        f"{row['asks']:.2f} s and {row['asks_mb']:.0f} MB; {row['ends']:.2f} s and {row['ends_mb']:.0f} MB; "
        f"{row['asks'] / row['select']:.1f} and {row['ends'] / row['select']:.1f} times a SELECT of the stored answers;"
        f" {row['again']} paid again",
        max(row["asks"], row["ends"]) < SECONDS
        and max(row["asks_mb"], row["ends_mb"]) < MEGABYTES
        and row["again"] == 0,
    )


def restart(calls: int) -> dict[str, Any]:
    """Builds the run with a model that answers at once, then goes on with it in processes of their own."""
    with tempfile.TemporaryDirectory(prefix="personagen-restart-") as name:
        built = apart("tests.faults.restart", "build", name, calls)
        asks, ends = (apart("tests.faults.restart", "resume", name, calls) for _ in range(2))
        began = time.perf_counter()
        with closing(sqlite3.connect(Path(name) / "run" / "journal.db")) as journal:
            stored = sum(1 for _ in journal.execute("SELECT key, completion FROM calls"))
        select = time.perf_counter() - began
    return {
        "stored": stored,
        "select": select,
        **{"asks": asks["first"], "asks_mb": asks["first_mb"], "ends": ends["all"], "ends_mb": ends["all_mb"]},
        "again": built["asked"] + asks["asked"] + ends["asked"] - stored,
    }


async def _timed(folder: Path, calls: int, most: int | None) -> dict[str, Any]:
    from personagen.flows.simulate import simulate
    from personagen.options import SimulateOptions

    options = SimulateOptions(
        personas=str(folder / "personas.jsonl"),
        out=str(folder / "run"),
        conversations=calls // CALLS_A_TREE,
        turns=10,
        model=("tests.faults.restart:model",),
        concurrency=64,
        max_calls=most,
    )
    try:
        await simulate(options)
    except BudgetError:
        assert most
    return {"all": time.perf_counter() - BEGAN, "all_mb": peak(), **TOLD}


async def model(call: Any) -> Any:
    """The cast; notes how often it was asked, and when first."""
    if not TOLD["asked"]:
        TOLD.update(first=time.perf_counter() - BEGAN, first_mb=peak())
    TOLD["asked"] += 1
    text = fakes.cast(call)
    if call.schema is None:  # long, and never the same twice
        text += " " + " ".join(map(str, Random(call.key).sample(range(10**6), 60)))
    return fakes.answer(text)


BEGAN = time.perf_counter()
TOLD: dict[str, Any] = {"asked": 0}

if __name__ == "__main__":
    sys.modules["tests.faults.restart"] = sys.modules["__main__"]
    where, asked = Path(sys.argv[2]), int(sys.argv[3])
    if sys.argv[1] == "build":
        fakes.personas(where, 50)
    limit = asked - CALLS_A_TREE if sys.argv[1] == "build" else None
    sys.stdout.buffer.write(orjson.dumps(asyncio.run(_timed(where, asked, limit))))
