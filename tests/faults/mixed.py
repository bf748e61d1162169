"""One request in ten goes wrong, in every way: what it costs, what hangs, what comes out."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from personagen.call import Call
from personagen.errors import PersonagenError
from personagen.flows.simulate import SimulateSummary, simulate
from personagen.gates import PAIR_GATES
from personagen.llm.connect import Endpoint, connect
from personagen.llm.http import MAX_ANSWER_BYTES
from personagen.llm.limits.limiter import Limiter
from personagen.llm.middleware import with_retries
from personagen.options import SimulateOptions
from personagen.records import Message
from personagen.runs.interrupt import run_sync
from tests.faults.faults import HARMLESS, PASSING, SPOILT, Choose, faulty, seeded
from tests.faults.refused import PROTOCOLS, personas
from tests.faults.trial import RESULTS, Finding, Scale
from tests.servers import Request

SHARE = 0.1
TIMEOUT = 1.0
SLACK = 1.0
# The packaged prompts ask for up to 1,200 tokens, which doubles the time-out; a time-out doubles it again.
LONGEST = 4 * TIMEOUT


@dataclass(frozen=True)
class Ran:
    """A run: its summary, tasks that were left over, the server's log, and the results' bytes."""

    summary: SimulateSummary
    hung: int
    seen: list[Request]
    results: dict[str, bytes]


def trial(scale: Scale) -> Iterable[Finding]:
    folder = scale.folder / "mixed"
    shutil.rmtree(folder, ignore_errors=True)
    planned = scale.of(60, 10)
    who = personas(folder / "in", planned)[1]
    for protocol in PROTOCOLS if not scale.short else PROTOCOLS[scale.seed % 2 :][:1]:
        plain = _run(folder / f"{protocol}-plain", who, protocol, lambda _: None)
        passing = seeded(scale.seed, SHARE, (*PASSING, *HARMLESS))
        yield from _passing(protocol, plain, _run(folder / f"{protocol}-passing", who, protocol, passing))
        spoilt = seeded(scale.seed, SHARE, (*PASSING, *HARMLESS, *SPOILT))
        yield _spoilt(protocol, _run(folder / f"{protocol}-spoilt", who, protocol, spoilt), planned)
    yield asyncio.run(_deadline(scale))
    yield asyncio.run(_huge())


def _run(out: Path, who: str, protocol: str, choose: Choose) -> Ran:
    async def main(url: str) -> tuple[SimulateSummary, int]:
        values = {"personas": who, "out": str(out), "turns": 3, "timeout": TIMEOUT}
        values |= {"model": f"{protocol}/m", "base_url": url}
        summary = await simulate(SimulateOptions(**values))
        await asyncio.sleep(0.1)
        return summary, len(asyncio.all_tasks()) - 1

    with faulty(choose, delay=0.02) as server:
        summary, hung = run_sync(main(server.url))
    return Ran(summary, hung, server.requests, {name: (out / name).read_bytes() for name in RESULTS})


def _passing(protocol: str, plain: Ran, ran: Ran) -> Iterable[Finding]:
    faults = Counter(seen.fault for seen in ran.seen if seen.fault)
    needed, asked = ran.summary.report.calls, len(ran.seen)
    longest = max(seen.ended - seen.at for seen in ran.seen)
    same = plain.results == ran.results
    yield Finding(
        f"10 % mixed faults that pass, {protocol}: {faults.total()} of {len(faults)} kinds in {asked:,} requests",
        "at most 1.25 requests per needed call, the bytes of a run without faults",
        f"{asked / needed:.2f} requests a call, {'the same bytes' if same else 'OTHER BYTES'}",
        asked <= 1.25 * needed and same,
    )
    yield Finding(
        f"the same run, {protocol}: hung tasks, and the longest request with a timeout of {TIMEOUT:g} s, doubled twice",
        f"0 hung tasks, at most {LONGEST + SLACK:g} s",
        f"{ran.hung} hung, {longest:.2f} s",
        not ran.hung and longest <= LONGEST + SLACK,
    )


def _spoilt(protocol: str, ran: Ran, planned: int) -> Finding:
    s, asked, re_asked = ran.summary, len(ran.seen), ran.summary.report.re_asked
    needed = s.report.calls - re_asked
    trees, pairs, rows = ([orjson.loads(line) for line in ran.results[name].splitlines()] for name in RESULTS)
    gates = Counter(row["gate"] for row in rows)
    rejected, turns = sum(gates[gate] for gate in PAIR_GATES), user_messages(trees)
    adds_up = len(trees) + gates["failed"] == planned and len(pairs) + rejected == turns
    told = (s.conversations, s.trees, s.failed, s.turns, s.pairs, sum(s.rejected.values()))
    is_true = told == (planned, len(trees), gates["failed"], turns, len(pairs), rejected)
    return Finding(
        f"10 % mixed faults with replies that are empty, cut off or refused, {protocol}",
        "at most 1.25 requests per needed call; the files add up: accepted + rejected + failed = planned",
        f"{asked / needed:.2f} requests a call, {re_asked} asked again; {len(trees)} trees and {gates['failed']}"
        f" failed of {planned}, {len(pairs)} pairs and {rejected} rejected of {turns} turns"
        + ("" if is_true else "; THE SUMMARY SAYS OTHERWISE"),
        asked <= 1.25 * needed and adds_up and is_true and not ran.hung,
    )


def user_messages(trees: list[dict[str, Any]]) -> int:
    """Those of all the trees, each of which is a pair or was rejected."""
    return sum(node["role"] == "user" for tree in trees for node in tree["nodes"])


async def _deadline(scale: Scale) -> Finding:
    """Calls of which every request goes wrong, each with a total deadline; one more attempt follows a time-out."""
    seconds, calls = 3.0, 16
    took: list[float] = []

    async def ask(llm: Any, number: int) -> None:
        began = time.monotonic()
        with suppress(PersonagenError):
            await llm(Call("m", (Message(role="user", content=str(number)),), prompt="user/x"))
        took.append(time.monotonic() - began)

    names = ("drip", "silence", "reset inside", "503", "429 none", "429 seconds", "too long", "429 absurd")
    with faulty(seeded(scale.seed, 1.0, names)) as server:
        async with connect({"user": Endpoint("openai/m", server.url)}, timeout=TIMEOUT) as backend:
            # The deadline counts from a call's first request, so all are sent at once.
            llm = with_retries(backend, Limiter(calls), seconds=seconds)
            await asyncio.gather(*(ask(llm, number) for number in range(calls)))
        hung = len(asyncio.all_tasks()) - 1
    return Finding(
        f"{calls} calls that only meet drips, silence, resets and refusals, {seconds:g} s for each in all",
        f"each ends within {seconds + 2 * TIMEOUT + SLACK:g} s, 0 hung tasks",
        f"{max(took):.2f} s at most, {hung} hung",
        max(took) <= seconds + 2 * TIMEOUT + SLACK and not hung,
    )


async def _huge() -> Finding:
    """An answer of 100 MB."""
    said = ""
    with faulty(lambda _: "huge") as server:
        async with connect({"user": Endpoint("openai/m", server.url)}) as backend:
            try:
                await with_retries(backend)(Call("m", (Message(role="user", content="Hi."),), prompt="user/x"))
            except PersonagenError as problem:
                said = str(problem)
    sent, most = sum(seen.sent for seen in server.requests), 1.5 * MAX_ANSWER_BYTES
    return Finding(
        "a reply of 100 MB",
        f"asked for once, refused in a sentence after {MAX_ANSWER_BYTES >> 20} MB",
        f"{len(server.requests)} request, {sent >> 20} MB left the server; {'' if 'MB' in said else 'NOT '}reported",
        len(server.requests) == 1 and sent < most and "MB" in said,
    )
