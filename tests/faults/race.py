"""Twenty processes that want one folder at the same time: one gets it, the others say who has it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson

from tests import fakes
from tests.faults.trial import Finding, Scale, apart, finding

RACERS = 20
IN_USE = 75
UNTIL = time.monotonic() + 60  # two winners would wait for each other for ever
DEAD = 999_999  # above the highest process id that Linux gives by default


def trial(scale: Scale) -> Iterable[Finding]:
    """Races for a new folder, for one with the lock of a killed process, by ``simulate`` and by ``expand``."""
    kinds = [f"{command} {state}" for command in ("simulate", "expand") for state in ("new", "stale")]
    kinds = kinds[::3] if scale.short else kinds
    races = scale.each("races", [f"{kind} {n}" for kind in kinds for n in range(scale.of(25, 1))], race)
    yield finding(
        f"{RACERS} processes race for one folder: simulate and expand, a new one and one with a stale lock",
        f"one runs, {RACERS - 1} exit 75 naming its process and host",
        f"{len(races)} races",
        races,
    )


def race(at: str) -> dict[str, Any]:
    """One race, and what was wrong with it."""
    command, state, _ = at.split()
    folder = Path(tempfile.mkdtemp(prefix="personagen-race-"))
    run = folder / "run"
    if state == "stale":
        run.mkdir()
        (run / ".lock").write_text(f"process {DEAD} on {socket.gethostname()}\n")
    fakes.personas(folder)
    more = (
        ["--personas", str(folder / "personas.jsonl"), "--turns", "1"] if command == "simulate" else ["--target", "40"]
    )
    arguments = [command, "--out", str(run), "--model", "tests.faults.race:slow", "--quiet", *more]
    wrong = list(_faults(apart("tests.faults.race", folder, *arguments, TEST_PERSONAGEN_RACE=str(folder / "go"))))
    shutil.rmtree(folder)
    return {"wrong": wrong}


def _faults(rows: list[dict[str, Any]]) -> Iterator[str]:
    winners = [row for row in rows if row["code"] == 0]
    if len(winners) != 1:
        yield f"{len(winners)} ran: {[row['code'] for row in rows]} {rows[0]['said'][-200:]}"
        return
    named = f"in use by process {winners[0]['pid']} on {re.escape(socket.gethostname())};"
    for row in rows:
        if row not in winners and (row["code"] != IN_USE or not re.search(named, row["said"])):
            yield f"exit {row['code']}, {row['said'].strip()[-200:]!r}, and {winners[0]['pid']} ran"


async def slow(call: Any) -> Any:
    """``--model tests.faults.race:slow``: answers once all others have ended, so that nobody runs after the winner."""
    import asyncio

    go = os.environ["TEST_PERSONAGEN_RACE"]
    while not os.path.exists(go) and time.monotonic() < UNTIL:  # noqa: ASYNC110, ASYNC240, PTH110
        await asyncio.sleep(0.01)
    return await fakes.llm(call)


def _start(folder: Path, arguments: list[str]) -> None:
    """Forks all racers, which wait for one moment; then for their ends. What they did is written as JSON."""
    for name in ("personagen.flows.simulate", "personagen.flows.expand", "personagen.cli.progress", "tests.fakes"):
        import_module(name)
    for command in ("simulate", "expand"):
        import_module(f"personagen.cli.{command}")
    moment = time.monotonic() + 0.15
    codes: dict[int, int] = {}
    for number in range(RACERS):
        if not (pid := os.fork()):
            _be(folder / f"said{number}", arguments, moment)
        codes[pid] = number
    rows: list[dict[str, Any]] = []
    while codes:
        if len(codes) == 1:
            (folder / "go").touch()
        pid, status = os.wait()
        said = (folder / f"said{codes.pop(pid)}").read_text()
        rows.append({"pid": pid, "code": os.waitstatus_to_exitcode(status), "said": said})
    sys.stdout.buffer.write(orjson.dumps(rows))


def _be(said: Path, arguments: list[str], moment: float) -> None:
    from personagen.cli import main

    code = 1
    signal.alarm(120)  # one that hangs is a fault too, and nobody else would end it
    with suppress(BaseException):
        handle = os.open(said, os.O_WRONLY | os.O_CREAT, 0o600)
        os.dup2(handle, 1)
        os.dup2(handle, 2)
        time.sleep(max(0.0, moment - time.monotonic()))
        try:
            main(arguments, prog_name="personagen")
        except SystemExit as ending:
            code = ending.code if isinstance(ending.code, int) else 1
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _start(Path(sys.argv[1]), sys.argv[2:])
