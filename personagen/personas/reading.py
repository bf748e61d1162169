"""The log of what was read from people's files: rows, refusals, repeats, guesses, attributes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from os import PathLike
from pathlib import Path
from typing import Any, TypeVar

from personagen.errors import UsageError
from personagen.readers import memory, rows_of
from personagen.readers.columns import Columns
from personagen.readers.folders import files_of
from personagen.readers.row import Fault, Note, Row, place
from personagen.records import Description, Kind, Persona, content_id

MAX_NOTES = 20  # about skipped rows; the rest is counted
IN_MEMORY = "data"  # the name of what is read from memory
_WAY_OUT = "correct it, or skip such rows with --skip-bad-lines"

T = TypeVar("T", Description, Persona)


@dataclass
class Log:
    """The notes of one load. Every row counts once: ``rows`` is ``read`` plus ``blank`` plus ``skipped``."""

    skip_bad_lines: bool
    columns: Columns
    notes: list[str] = field(default_factory=list)
    rows: int = 0
    read: int = 0
    blank: int = 0
    skipped: int = 0
    repeats: list[str] = field(default_factory=list)
    differing: int = 0  # repeats with other facts or attributes
    guessed: Counter[tuple[str, Kind]] = field(default_factory=Counter)
    recognised: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, None] = field(default_factory=dict)
    dropped: dict[str, None] = field(default_factory=dict)
    unusable_ids: list[str] = field(default_factory=list)

    def refuse(self, where: str, reason: str) -> None:
        """Counts a row that can't be read; ``UsageError`` unless such rows are skipped."""
        if not self.skip_bad_lines:
            raise UsageError(f"{where}: {reason}; {_WAY_OUT}") from None
        self.skipped += 1
        if self.skipped <= MAX_NOTES:
            self.notes.append(f"{_short(where)}: skipped: {reason}")

    def closed(self) -> tuple[str, ...]:
        """The notes, with the counts at the end."""
        notes = list(self.notes)
        if self.skipped or self.blank:
            blank = f", {self.blank:,} blank" if self.blank else ""
            notes.append(f"{self.rows:,} rows: {self.read:,} read, {self.skipped:,} skipped{blank}")
        notes += [f"the column {name!r} is read as the {key}" for name, key in self.recognised.items()]
        if self.attributes:
            notes.append(f"kept as attributes: {_listed(self.attributes)}")
        if self.dropped:
            notes.append(f"columns not used, since they are nested, long or dialogue: {_listed(self.dropped)}")
        if self.unusable_ids:
            shown = ", ".join(name if len(name) < 60 else f"{name[:50]}..." for name in self.unusable_ids[:3])
            ids = f"{len(self.unusable_ids):,} id{'s' if len(self.unusable_ids) > 1 else ''}"
            notes.append(f"{ids} can't name a file ({shown}): kept as the attribute id")
        for file in dict.fromkeys(file for file, _ in self.guessed):
            profiles, personalities = self.guessed[file, "profile"], self.guessed[file, "personality"]
            read = f"{profiles} read as profiles, {personalities} as personalities"
            notes.append(f"{file}: neither keys nor file name give the kind: {read}")
        if self.repeats:
            shown = ", ".join(self.repeats[:5]) + (", ..." if len(self.repeats) > 5 else "")
            differing = (
                f"; {self.differing} had other facts or attributes: the first are kept" if self.differing else ""
            )
            notes.append(f"{len(self.repeats)} repeated entries were merged ({shown}){differing}")
        return tuple(notes)

    def check_columns(self) -> None:
        """Raises ``UsageError`` for a column of ``--columns`` that no row had."""
        absent = [f"{key}={name}" for key, name in self.columns.names.items() if name and key not in self.columns.seen]
        if self.read and absent:
            raise UsageError(f"--columns {','.join(absent)}: no row has such a column; correct the name")


def gathered(
    source: Any, log: Log, make: Callable[[object, str, Row], list[T]], alone: str = ""
) -> Iterator[tuple[list[T], str]]:
    """For each row of a path or of data in memory, what ``make`` finds in it, and its place.

    The ValueError of ``make`` refuses the row; it gets the value, the name of the file, and the row.
    """
    for name, rows in _tables(source, log, alone):
        for row in rows:
            where = place(name, row)
            if isinstance(row, Note):
                log.notes.append(f"{_short(where)}: {row.text}")
                continue
            log.rows += 1
            made: list[T] = []
            try:
                if isinstance(row, Fault):
                    raise ValueError(row.reason)
                if _is_blank(row.value):
                    log.blank += 1
                else:
                    made = make(row.value, _short(name), row)
                    log.read += 1
            except ValueError as error:
                log.refuse(where, str(error))
            yield made, where


def _tables(source: Any, log: Log, alone: str) -> Iterator[tuple[str, Iterable[Row | Fault | Note]]]:
    if not isinstance(source, str | PathLike):
        rows = memory.read(source)
        first = next(rows, None)  # so that what is no table is refused at once
        yield IN_MEMORY, chain([] if first is None else [first], rows)
        return
    files, notes = files_of(Path(source), alone)
    log.notes += notes
    for file in files:
        yield str(file), rows_of(file)


def _short(where: str) -> str:
    return where if where.startswith(f"{IN_MEMORY} ") else Path(where).name


def _is_blank(value: object) -> bool:
    blank = isinstance(value, Mapping) and bool(value)
    return blank and all(isinstance(cell, str) and not cell.strip() for cell in value.values())  # type: ignore[attr-defined]


def unique(found: Iterable[tuple[list[T], str]], log: Log, into: dict[str, T]) -> Iterator[int]:
    """Puts the distinct entries into ``into`` by id, in order; yields the number of rows after each row.

    Of personas without ids of their own, those with the same texts and other attributes or facts are different people.
    """
    places: dict[str, str] = {}
    for entries, where in found:
        for made in entries:
            entry, other = made, into.setdefault(made.id, made)
            if isinstance(entry, Persona) and entry != other and entry.id == content_id(*_texts(entry)):
                entry = entry.model_copy(update={"id": content_id(dict(vars(entry)))})
                other = into.setdefault(entry.id, entry)
            if isinstance(entry, Persona):
                at = places.setdefault(entry.id, where)
                if entry != other:
                    log.read -= 1
                    log.refuse(where, f"the persona at {_short(at)} has the same id {entry.id}, but differs")
                    continue
            if entry is not other:
                log.repeats.append(_short(where))
                log.differing += _contents(entry) != _contents(other)
        yield log.rows


def _contents(entry: Description | Persona) -> dict[str, object]:
    return entry.model_dump(exclude={"source"})


def _texts(persona: Persona) -> tuple[str, str]:
    return persona.profile, persona.personality


def _listed(names: Iterable[str]) -> str:
    shown = list(names)
    return ", ".join(shown[:12]) + (f" and {len(shown) - 12} more" if len(shown) > 12 else "")
