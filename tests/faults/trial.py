"""What every trial of the harness is given, and what it gives back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson


@dataclass(frozen=True)
class Finding:
    """One promise, what was asked of it, what was measured, and whether it held: a row of RELIABILITY.md."""

    promise: str
    goal: str
    measured: str
    held: bool


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


Trial = Callable[[Scale], Iterable[Finding]]


def _rows(file: Path) -> Iterator[dict[str, Any]]:
    if file.is_file():
        whole = file.read_bytes().split(b"\n")[:-1]  # a row that a kill cut off is done again
        file.write_bytes(b"".join(line + b"\n" for line in whole))
        yield from map(orjson.loads, whole)
