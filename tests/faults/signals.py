"""Ctrl-C once, twice and three times, at every stage of a real process, and its relatives SIGTERM and SIGHUP."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shlex
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from signal import SIG_DFL, SIGHUP, SIGINT, SIGTERM, default_int_handler, signal
from typing import Any

import orjson

from personagen.store.journal import Journal
from tests import fakes
from tests.faults.living import ROOT, SIGNALS, Living, asked
from tests.faults.trial import RESULTS, Finding, Scale, finding

# From the command's first instruction to the first request; what Python does before it is Python's.
START = 0.6
OWN = 0.15
AT_ONCE, SOON = 0.3, 1.0


def trial(scale: Scale) -> Iterable[Finding]:
    """Every stage, with every signal."""
    # What the harness ignores, started by nohup or a shell's `&`, its processes would ignore as well.
    for number in (SIGHUP, SIGINT, SIGTERM):
        signal(number, default_int_handler if number == SIGINT else SIG_DFL)
    rng = Random(f"{scale.seed}/signals")
    names = list(SIGNALS)[: scale.of(3, 1)]
    ways = [f"{name} {rng.randint(5, 100)}" for name in names for _ in range(scale.of(8, 1))]
    ways += [f"typed {rng.randint(5, 100)}", f"resumed {rng.randint(5, 60)}", "waiting 1"]
    ways += [] if scale.short else [f"closed {rng.randint(5, 100)}"]
    drained = scale.each("drained", ways, _drained)
    pairs = (
        [("asking", 3), ("writing", 2)] if scale.short else [(s, n) for s in ("asking", "writing") for n in (2, 3)] * 4
    )
    hurried = scale.each("hurried", [f"{stage} {times} {n}" for n, (stage, times) in enumerate(pairs)], _hurried)
    moments = [round(START * n / scale.of(60, 4), 3) for n in range(scale.of(60, 4))]
    starting = scale.each("starting", moments, _starting)
    late = max(row["late"] for row in drained)
    yield finding(
        "Ctrl-C, SIGTERM, SIGHUP, ^C in a terminal and a closed one, also in a resumed run and in a long Retry-After",
        "no new request after 100 ms; what is answered is stored, never asked again; exit 130 and the command to go on",
        f"{len(drained)} runs; the last request {1000 * late:.0f} ms after the signal",
        drained,
        late <= 0.1,
    )
    twice, thrice = ([row["took"] for row in hurried if row["at"].split()[1] == n] for n in "23")
    yield finding(
        "a second and a third Ctrl-C, while calls are in flight and while results are written",
        "exit 130 (0 if all was written) within 1 s of the second, at once after the third;"
        " the same bytes after going on",
        f"{len(hurried)} runs, {sum(row['finished'] for row in hurried)} of them finished;"
        f" {max(twice):.2f} s after the second, {max(thrice):.2f} s after the third",
        hurried,
        max(twice) <= SOON and max(thrice) <= AT_ONCE,
    )
    mine = [row for row in starting if not row["pythons"]]
    yield finding(
        "Ctrl-C in the first 0.6 s, while Python imports",
        "exit 130, one line at most",
        f"{len(mine)} moments; {len(starting) - len(mine)} more within Python's own start",
        mine,
        bool(mine),
    )


@contextmanager
def _folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="personagen signals-"))  # the space must survive the shell
    fakes.personas(folder)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _command(folder: Path, url: str, *more: str) -> list[str]:
    where = ["--personas", str(folder / "personas.jsonl"), "--out", str(folder / "run"), "--base-url", url]
    return ["simulate", *where, "--model", "openai/m", "--turns", "4", "--conversations", "6", *more]


def _drained(at: str) -> dict[str, Any]:
    """A run that is told to stop once after so many requests, and goes on."""
    how, _, number = at.partition(" ")
    wrong: list[str] = []
    with _folder() as folder, asked(0.1) as (server, double):
        terminal = how in ("typed", "closed")
        command = _command(folder, double.v1, "--concurrency", "12", *([] if terminal else ["--quiet"]))
        if how == "resumed":
            first = Living(command)
            first.wait_for(lambda: len(double.requests) >= 60)
            first.send(SIGINT)
            first.ended()
        if how == "waiting":
            server.retry_after = 60
        before = len(double.requests)
        process = Living(command, terminal=terminal)
        process.wait_for(lambda: len(double.requests) >= before + int(number))
        if how == "waiting":
            time.sleep(0.3)
        told = {"typed": lambda: process.type(b"\x03"), "closed": process.hang_up}.get(
            how, lambda: process.send(SIGNALS.get(how, SIGINT))
        )()
        code, said, ended = process.ended()
        late = max((request.at - told for request in double.requests), default=0.0)
        wrong += _ending(code, said, command, closed=how == "closed")
        if ended - told > 3:
            wrong.append(f"it took {ended - told:.1f} s to drain")
        server.retry_after, server.delay = 0, 0.0
        code, said, _ = Living(_command(folder, double.v1, "--quiet")).ended()
        wrong += [f"the run that went on ended with {code}: {said[-200:]}"] if code else []
        if how != "waiting":
            bodies = [orjson.dumps(request.body) for request in double.requests]
            wrong += (
                [f"{len(bodies) - len(set(bodies))} questions were asked twice"]
                if len(set(bodies)) < len(bodies)
                else []
            )
    return {"wrong": wrong, "late": max(0.0, late)}


def _ending(code: int, said: str, command: list[str], *, closed: bool = False) -> Iterator[str]:
    if code != 130:
        yield f"exit {code}: {said[-300:]}"
    if "Traceback" in said:
        yield f"a traceback: {said[-300:]}"
    if not closed and f"to resume: {shlex.join(['personagen', *command])}" not in said.replace("\r\n", "\n"):
        yield f"no command to go on with: {said[-300:]}"


def _hurried(at: str) -> dict[str, Any]:
    """A run that is told two or three times, while a server takes its time or while it writes large results."""
    stage, times, _ = at.split()
    with _folder() as folder, asked(0.0) as (server, double):
        command = _command(folder, double.v1, "--quiet", "--concurrency", "12")
        run = folder / "run"
        if stage == "writing":
            code, said, _ = Living(command).ended()
            whole = _enlarge(run)
        else:
            server.delay = 30.0
        process = Living(command)
        if stage == "writing":
            process.wait_for((run / ".trees.jsonl.new").exists)
        else:
            process.wait_for(lambda: len(double.requests) >= 1)
        for _ in range(int(times)):
            told = process.send(SIGINT)
            time.sleep(0.1 if times == "2" else 0.03)
        code, said, ended = process.ended()
        # Whose last result is written before its patience is at an end has finished, and says so.
        finished = stage == "writing" and code == 0 and _hashes(run) == whole
        wrong = [] if finished else list(_ending(code, said, command))
        server.delay = 0.0
        code, said, _ = Living(command).ended()
        wrong += [f"the run that went on ended with {code}: {said[-200:]}"] if code else []
        wrong += [f"{file.name} was left behind" for file in run.rglob(".*.new")]
        made = _hashes(run)
        if stage == "asking":
            shutil.rmtree(run)
            code, said, _ = Living(command).ended()
            wrong += [f"the run that nobody stopped ended with {code}: {said[-200:]}"] if code else []
            whole = _hashes(run)
        wrong += [f"{name} has other bytes" for name in RESULTS if made.get(name) != whole.get(name, "")]
    return {"wrong": wrong, "took": ended - told, "finished": finished}


def _hashes(run: Path) -> dict[str, str]:
    files = [run / name for name in RESULTS if (run / name).is_file()]
    made = {}
    for file in files:
        with file.open("rb") as content:
            made[file.name] = hashlib.file_digest(content, "sha256").hexdigest()
    return made


def _enlarge(run: Path, megabytes: int = 800) -> dict[str, str]:
    """Gives a finished run results that take a while to write; returns the hashes that they will have."""
    with closing(sqlite3.connect(run / "journal.db")) as journal:
        fingerprint = journal.execute("SELECT fingerprint FROM results").fetchone()[0]
    line = (
        b'{"persona":{"id":"","traits":[],"facts":[],"profile":"","personality":""},"filler":"'
        + b"x" * 999_900
        + b'"}\n'
    )

    async def grow() -> None:
        with Journal(run / "journal.db") as journal:
            for slot in range(1000, 1000 + megabytes):
                await journal.put(slot, fingerprint, {"trees.jsonl": line})

    asyncio.run(grow())
    trees = hashlib.sha256((run / "trees.jsonl").read_bytes())
    for _ in range(megabytes):
        trees.update(line)
    return _hashes(run) | {"trees.jsonl": trees.hexdigest()}


def _starting(at: float) -> dict[str, Any]:
    """A run that is told so many seconds after its process was made."""
    with _folder() as folder, asked(0.0) as (_, double):
        process = Living(_command(folder, double.v1, "--quiet"))
        time.sleep(max(0.0, process.began + at - time.monotonic()))
        process.send(SIGINT)
        code, said, _ = process.ended()
    lines = said.strip().splitlines()
    fine = code == 130 and len(lines) <= 2 and all(line.startswith(("personagen: ", "to resume: ")) for line in lines)
    pythons = not fine and at <= OWN and _before_start(code, said)
    return {"wrong": [] if fine else [f"exit {code}: {said[-300:]}"], "pythons": pythons}


def _before_start(code: int, said: str) -> bool:
    """Whether Python itself was told: a traceback has frames of its own then, and of our modules' beginning at most."""
    frames = re.findall(r'File "(.+)", line \d+, in (.+)', said)
    ours = {where for file, where in frames if f"{ROOT}/personagen/" in file}
    return code == -SIGINT if not said else "KeyboardInterrupt" in said and ours <= {"<module>"}
