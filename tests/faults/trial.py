"""What every trial of the harness is given, and what it gives back."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).parent.parent.parent
RESULTS = ("trees.jsonl", "pairs.jsonl", "rejections.jsonl")


@dataclass(frozen=True)
class Finding:
    """One promise, what was asked of it, what was measured, and whether it held: a row of RELIABILITY.md."""

    promise: str
    goal: str
    measured: str
    held: bool


def finding(promise: str, goal: str, told: str, rows: Iterable[Mapping[str, Any]], held: bool = True) -> Finding:
    """What the outcomes ``rows`` come to: ``told``, and what was ``wrong`` in them; one fault breaks the promise."""
    wrong = [f"{row['at']}: {fault}" for row in rows for fault in row["wrong"]]
    faults = f"{len(wrong)} faults" + (f"; the first: {wrong[0]}" if wrong else "")
    return Finding(promise, goal, f"{told}, {faults}", held and not wrong)


def apart(module: str, *arguments: object, **variables: str) -> Any:
    """What ``module``, run in a process of its own with these arguments and variables, writes as JSON."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    env = os.environ | {"PYTHONPATH": str(ROOT)} | variables
    return orjson.loads(subprocess.run(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)


def peak() -> float:
    """The most memory that this process had, in MB. What getrusage tells counts what its parent had, too."""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1e3


@dataclass(frozen=True)
class Scale:
    """How much is tried: ``seed`` draws it all, ``short`` is CI's form, ``folder`` keeps what is done already.

    ``tell`` is called with a line of progress now and then.
    """

    seed: int
    short: bool
    folder: Path
    tell: Callable[[str], None]

    def of(self, full: int, short: int) -> int:
        """How often something is tried."""
        return short if self.short else full

    def each(self, name: str, places: Iterable[int | str], attempt: Callable[[Any], dict[str, Any]]) -> list[Any]:
        """The outcome of ``attempt`` at each of ``places``; what an interrupted run did already is read back."""
        file = self.folder / f"{name}.jsonl"
        outcomes = {row["at"]: row for row in _rows(file)}
        todo = list(places)
        with file.open("ab") as out:
            for number, at in enumerate(todo, 1):
                if at not in outcomes:
                    outcomes[at] = {"at": at, **attempt(at)}
                    out.write(orjson.dumps(outcomes[at]) + b"\n")
                    out.flush()
                    if number % max(1, len(todo) // 10) == 0:
                        self.tell(f"{name}: {number} of {len(todo)}")
        return [outcomes[at] for at in todo]


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    if file.is_file():
        whole = file.read_bytes().split(b"\n")[:-1]  # a row that a kill cut off is done again
        file.write_bytes(b"".join(line + b"\n" for line in whole))
        yield from map(orjson.loads, whole)
