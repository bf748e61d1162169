"""What a provider refuses for good: one request, the right exit code, no key shown; an empty account stops a run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests import fakes
from tests.faults.faults import Choose, billed, faulty
from tests.faults.trial import RESULTS, ROOT, Finding, Scale
from tests.servers import Request, Server

CANARY = "sk-canary-0123456789abcdefghij"
PIECE = "canary-0"
PROTOCOLS = ("openai", "anthropic")
FOR_GOOD = ("401", "403", "404", "400 parameter", "400 value")
CREDIT = {"429 credit": "openai", "402 credit": "openai", "400 credit": "anthropic"}
GRACE = 0.1


@dataclass(frozen=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    said: str


def trial(scale: Scale) -> Iterable[Finding]:
    yield _for_good(scale)
    yield from _credit(scale)


def command(folder: Path, protocol: str, url: str, name: str = "simulate", *more: str) -> Ended:
    """A real process of ``personagen`` that asks the server at ``url``; its run folder is ``folder``."""
    keys = {"OPENAI_API_KEY": CANARY, "ANTHROPIC_API_KEY": CANARY}
    proxies = ("http_proxy", "https_proxy", "all_proxy")
    env = {name: value for name, value in os.environ.items() if name.lower() not in proxies}
    args = [name, "--model", f"{protocol}/m", "--base-url", url, "--out", str(folder), "--quiet", *more]
    done = subprocess.run(
        [sys.executable, "-m", "personagen", *args],
        cwd=ROOT,
        env=env | keys | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    return Ended(done.returncode, done.stdout + done.stderr)


def personas(folder: Path, count: int) -> tuple[str, str]:
    """The option that names a file of ``count`` personas."""
    folder.mkdir(parents=True, exist_ok=True)
    return "--personas", str(fakes.personas(folder, count))


def _for_good(scale: Scale) -> Finding:
    """Wrong key, unknown model, a parameter that can't be left out: of two commands, in both protocols."""
    cases = [("simulate", protocol, fault) for protocol in PROTOCOLS for fault in FOR_GOOD]
    cases += [("expand", protocol, "401") for protocol in PROTOCOLS]
    cases = cases[:: 2 if scale.short else 1]

    def attempt(case: str) -> dict[str, Any]:
        name, protocol, fault = case.split("/")
        folder = scale.folder / "refused"
        shutil.rmtree(folder, ignore_errors=True)
        who = personas(folder / "in", 4) if name == "simulate" else ()
        with faulty(lambda _: fault) as server:
            ended = command(folder / "run", protocol, server.url, name, *who)
        return {
            "requests": len(server.requests),
            "code": ended.code,
            "leaked": leaked(folder, ended),
            "said": ended.said,
        }

    rows = scale.each("refused", ["/".join(case) for case in cases], attempt)
    for row in rows:
        if (row["requests"], row["code"], row["leaked"]) != (1, 3, []):
            scale.tell(str(row))
    requests = [row["requests"] for row in rows]
    codes = sorted({row["code"] for row in rows})
    found = sum(len(row["leaked"]) for row in rows)
    return Finding(
        f"wrong key, unknown model, bad parameter ({len(rows)} runs, both protocols)",
        "1 request in all, exit 3, the key never shown",
        f"{min(requests)} to {max(requests)} requests, exit {' '.join(map(str, codes))}, key found {found} times",
        set(requests) == {1} and codes == [3] and not found,
    )


def leaked(folder: Path, ended: Ended) -> list[str]:
    """Where a piece of the key stands: on the screen, in a file of the run."""
    files = [file for file in sorted(folder.rglob("*")) if file.is_file()]
    found = [str(file.relative_to(folder)) for file in files if PIECE.encode() in file.read_bytes()]
    return found + (["screen"] if PIECE in ended.said else [])


def _credit(scale: Scale) -> Iterable[Finding]:
    outcomes = scale.each("credit", list(CREDIT)[: scale.of(3, 1)], lambda fault: _out_of(fault, scale))
    for row in outcomes:
        scale.tell(str(row))
    late, again = max(row["late"] for row in outcomes), sum(row["again"] for row in outcomes)
    lost, codes = sum(row["lost"] for row in outcomes), sorted({row["code"] for row in outcomes})
    yield Finding(
        f"out of credit in mid-run, as {', '.join(row['at'] for row in outcomes)}",
        f"nothing launched {GRACE * 1000:.0f} ms after the first such answer, drains, exit 4",
        f"{late} requests later than that, {lost} paid and not stored, exit {' '.join(map(str, codes))}",
        late == 0 and lost == 0 and codes == [4],
    )
    same, ends = all(row["same"] for row in outcomes), sorted({row["resumed"] for row in outcomes})
    yield Finding(
        "the run out of credit, resumed",
        "0 calls paid again, the bytes of a run that was not stopped",
        f"{again} paid again, {'the same bytes' if same else 'OTHER BYTES'}, exit {' '.join(map(str, ends))}",
        not again and same and ends == [0],
    )


def _out_of(fault: str, scale: Scale) -> dict[str, Any]:
    protocol, folder = CREDIT[fault], scale.folder / "credit"
    shutil.rmtree(folder, ignore_errors=True)
    args = (*personas(folder / "in", 8), "--turns", "3", "--timeout", "20")
    with faulty(delay=0.03) as server:
        command(folder / "whole", protocol, server.url, "simulate", *args)
        needed = billed(server)
    with faulty(after(60, fault), delay=0.03) as server:
        stopped = command(folder / "run", protocol, server.url, "simulate", *args)
    stored = _stored(folder / "run")
    with faulty(delay=0.03) as more:
        resumed = command(folder / "run", protocol, more.url, "simulate", *args)
    paid = billed(server) + billed(more)
    pairs = [((folder / "whole" / name).read_bytes(), (folder / "run" / name).read_bytes()) for name in RESULTS]
    return {
        "code": stopped.code,
        "late": _late(server),
        "lost": billed(server).total() - stored,
        "resumed": resumed.code,
        "again": (paid - needed).total(),
        "same": all(one == other for one, other in pairs) and not leaked(folder, stopped),
        "said": stopped.said,
    }


def after(calls: int, fault: str) -> Choose:
    """``fault`` for every request but the first so many."""
    count = 0

    def choose(_request: Request) -> str | None:
        nonlocal count
        count += 1
        return fault if count > calls else None

    return choose


def _late(server: Server) -> int:
    refused = [seen.ended for seen in server.requests if seen.fault]
    return sum(seen.at > min(refused) + GRACE for seen in server.requests)


def _stored(folder: Path) -> int:
    import sqlite3

    journal = sqlite3.connect(f"file:{folder / 'journal.db'}?mode=ro", uri=True)
    try:
        return int(journal.execute("SELECT COUNT(*) FROM calls").fetchone()[0])
    finally:
        journal.close()
