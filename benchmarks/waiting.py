"""How long conversations wait: round trips a turn, many at once against their critical path, and the end of a run.

    python benchmarks/waiting.py           # about five minutes
    python benchmarks/waiting.py --short   # about 20 seconds

The same server answers, after a fixed wait, the calls of ``personagen simulate`` and those of a script that makes
ALOE's five calls a turn one after another, as its released one does.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import orjson
from runs import personas, simulate, spread, versions
from server import Running, running

from personagen import read_trees
from personagen.flows.plan import CALLS_A_TURN
from personagen.tree import turn

TURNS = 10
ALOE_CALLS_A_TURN = 5


def one_conversation(url: Running, file: Path, folder: Path, seed: int) -> tuple[float, float]:
    """Seconds from the first request of a lone conversation to its last reply, and to its last verdict."""
    url.reset()
    simulate(file, folder / f"one-{seed}", url.url, "--conversations", "1", "--seed", str(seed))
    log = url.log()
    began = min(arrived for arrived, _, _ in log)
    replied = max(left for _, left, role in log if role == "assistant")
    return replied - began, max(left for _, left, _ in log) - began


def aloe(server: Running) -> float:
    """Seconds of ten turns of five calls, one after another."""
    import aiohttp

    async def ask() -> float:
        body = orjson.dumps({"model": "double", "messages": [{"role": "user", "content": "What now?"}]})
        async with aiohttp.ClientSession() as session:
            began = time.monotonic()
            for _ in range(TURNS * ALOE_CALLS_A_TURN):
                async with session.post(f"{server.url}/v1/chat/completions", data=body) as answer:
                    await answer.read()
            return time.monotonic() - began

    return asyncio.run(ask())


def lone(file: Path, folder: Path, seeds: int, delay: float) -> None:
    """Conversations on their own, each with a server of its own, all at the same time."""

    def measured(seed: int) -> tuple[float, float, float]:
        with running(delay) as server:
            replied, judged = one_conversation(server, file, folder, seed)
            return replied, judged, aloe(server) if seed == 0 else 0.0

    with ThreadPoolExecutor(seeds) as pool:
        got = list(pool.map(measured, range(seeds)))
    trips = TURNS * delay
    print(f"\none conversation of {TURNS} turns, {delay:g} s an answer, {seeds} seeds: round trips a turn")
    print(f"  until the last reply    {spread(replied / trips for replied, _, _ in got)}")
    print(f"  until the last verdict  {spread(judged / trips for _, judged, _ in got)}")
    print(f"  ALOE's order of calls   {got[0][2] / trips:.2f}")
    mean = sum(judged for _, judged, _ in got) / seeds / trips
    print(f"  mean until the last reply {sum(r for r, _, _ in got) / seeds / trips:.2f}, last verdict {mean:.2f}")


def critical_path(run: Path) -> int:
    """The longest chain of calls of any tree in ``run``, in calls."""
    longest = 0
    for tree in read_trees(run):
        went_on = {node.id.rpartition(".")[0] for node in tree.nodes if node.role == "user"}
        chain = 0
        for node in tree.nodes:
            if node.id in went_on:
                chain += CALLS_A_TURN if node.agent == "aware" else CALLS_A_TURN - 1
        last = max(turn(node.id) for node in tree.nodes)
        assert last == TURNS, f"{tree.id} has {last} turns"
        longest = max(longest, chain + CALLS_A_TURN + 1)
    return longest


def together(file: Path, folder: Path, delay: float, count: int = 32) -> None:
    """``count`` conversations at once, against the longest of their critical paths."""
    out = folder / "together"
    with running(delay) as server:
        simulate(file, out, server.url, "--conversations", str(count), "--concurrency", "256")
        log = server.log()
    seconds = max(left for _, left, _ in log) - min(arrived for arrived, _, _ in log)
    path = critical_path(out) * delay
    print(f"\n{count} conversations at once, {delay:g} s an answer: {seconds:.1f} s,")
    print(f"  their longest chain of calls {path:.1f} s: ratio {seconds / path:.3f}")


def busy(log: Sequence[tuple[float, float, str]], slots: int, share: float) -> float:
    """How full ``slots`` were until that share of the calls had arrived."""
    arrivals = sorted(arrived for arrived, _, _ in log)
    end = arrivals[int(len(log) * share)]
    used = sum(min(left, end) - arrived for arrived, left, _ in log if arrived < end)
    return used / (slots * (end - arrivals[0]))


def tail(file: Path, folder: Path, delay: float, count: int, slots: int = 64) -> None:
    """``count`` conversations in ``slots``: how full the slots are, before the end and in all."""
    print(f"\n{count} conversations, {slots} in flight, {delay:g} s an answer on average")
    for name, sigma in (("always the same time", 0.0), ("log-normal, sigma 0.5", 0.5)):
        with running(delay, sigma) as server:
            simulate(file, folder / f"tail-{sigma}", server.url, "--conversations", str(count)
                     , "--concurrency", str(slots))  # fmt: skip
            log = server.log()
        seconds = max(left for _, left, _ in log) - min(arrived for arrived, _, _ in log)
        ideal = sum(left - arrived for arrived, left, _ in log) / slots
        print(f"  {name:22}  until the last 5 % of calls {busy(log, slots, 0.95):.1%} of the slots busy,", end="")
        print(f" in all {ideal / seconds:.1%} ({len(log):,} calls, {seconds:.1f} s)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="small sizes, to see that it works")
    options = parser.parse_args()
    print(versions("aiohttp"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = personas(folder, 60 if options.short else 500)
        lone(file, folder, seeds=2 if options.short else 12, delay=0.1 if options.short else 1.0)
        together(file, folder, delay=0.1 if options.short else 1.0)
        tail(file, folder, delay=0.05 if options.short else 0.2, count=40 if options.short else 500)


if __name__ == "__main__":
    main()
