"""A million offline calls in one process: neither memory nor open files grow with what is done.

The offline cast keeps what it has worked out about texts, up to a fixed number of them, and needs some 100,000 calls to
come there. The short form therefore asks a cast that keeps nothing.
"""

from __future__ import annotations

import asyncio
import gc
import resource
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any

import orjson

from tests import fakes
from tests.faults.trial import Finding, Scale, apart, peak

CALLS_A_TREE = 12  # two turns of six calls
GOAL = 1.0  # MB for 100,000 calls
GRAIN = 0.25  # MB: what one large list or a new arena of the allocator takes, however few calls there are


def trial(scale: Scale) -> Iterable[Finding]:
    """One long run, in a process of its own."""
    calls = scale.of(1_000_000, 14_000)
    model = "tests.fakes:llm" if scale.short else "offline"
    (row,) = scale.each("soak", [calls], lambda calls: soak(calls, model))
    yield Finding(
        f"{row['calls']:,} calls of {model} in one process",
        f"after a fifth of them (of a short run, half) under {GOAL:g} MB more for 100,000 calls (or {GRAIN} MB in all),"
        " no more open files",
        f"{row['growth']:+.2f} MB for 100,000 calls ({row['rise']:+.2f} MB in all), "
        f"{row['peak']:.0f} MB at most, {row['files']} open files, "
        f"{row['more_files']:+d} since; {row['cpu']:.2f} ms CPU a call",
        (row["growth"] < GOAL or row["rise"] < GRAIN) and row["more_files"] <= 0 and row["calls"] >= 0.95 * calls,
    )


def soak(calls: int, model: str) -> dict[str, Any]:
    """How memory and open files go over so many calls."""
    found: dict[str, Any] = apart("tests.faults.soak", calls, model, MALLOC_ARENA_MAX="2")
    return found


def growth(samples: list[tuple[int, float]]) -> float:
    """MB for 100,000 calls: the median slope between samples of the first half and of the second (Theil and Sen)."""
    half = len(samples) // 2
    pairs = zip(samples[:half], samples[-half:], strict=True)
    return 1e5 * median((after - before) / (late - early) for (early, before), (late, after) in pairs)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_bytes().split()[1])
    return pages * resource.getpagesize() / 1e6


def _open_files() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _soak(calls: int, model: str) -> dict[str, Any]:
    from personagen.flows.simulate import simulate
    from personagen.options import SimulateOptions

    warm = calls // (5 if calls >= 100_000 else 2)
    every, memory, files = max(200, calls // 200), list[tuple[int, float]](), list[int]()

    def watch(status: Any) -> None:
        if status.calls >= warm and (not memory or status.calls >= memory[-1][0] + every):
            gc.collect()
            memory.append((status.calls, _resident()))
            files.append(_open_files())

    with tempfile.TemporaryDirectory(prefix="personagen-soak-") as name:
        folder = Path(name)
        options = SimulateOptions(
            personas=str(fakes.personas(folder, 50)),
            out=str(folder / "run"),
            conversations=calls // CALLS_A_TREE,
            turns=2,
            model=(model,),
            concurrency=32,
        )
        done = asyncio.run(simulate(options, watch))
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "calls": done.report.calls,
        "growth": growth(memory),
        "rise": memory[-1][1] - memory[0][1],
        "peak": peak(),
        "files": max(files),
        "more_files": max(files[len(files) // 2 :]) - max(files[: len(files) // 2]),
        "cpu": 1e3 * (used.ru_utime + used.ru_stime) / done.report.calls,
        "samples": memory,
    }


if __name__ == "__main__":
    sys.stdout.buffer.write(orjson.dumps(_soak(int(sys.argv[1]), sys.argv[2])))
