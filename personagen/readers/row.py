"""What readers give: rows, faults and notes, each with its place in the file."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One value of a file: a JSON value, a table's row as a dict by column, or a text.

    ``line`` counts from 1; it is 0 where a format has no lines, as in Parquet and in memory. ``number`` counts the rows
    where several share a line or have none, else it is 0.
    """

    line: int
    value: object
    number: int = 0


@dataclass(frozen=True)
class Fault:
    """A row that can't be read, and the reason."""

    line: int
    reason: str
    number: int = 0


@dataclass(frozen=True)
class Note:
    """A repair or guess; line 0 is the whole file."""

    line: int
    text: str
    number: int = 0


def place(name: object, row: Row | Fault | Note) -> str:
    """``people.csv:7``, ``people.parquet row 7`` or ``people.json:1 row 7``."""
    line = f":{row.line}" if row.line else ""
    return f"{name}{line}{f' row {row.number}' if row.number else ''}"
