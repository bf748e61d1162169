"""A JSON document: a list of rows, or an object in one of the shapes that tools write tables in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from personagen.readers import sources
from personagen.readers.decode import text_of, undecodable
from personagen.readers.json_lines import values_of
from personagen.readers.row import Fault, Note, Row

# Lists of texts under these names are the two pools.
_POOLS = {"profiles": "profile", "personalities": "personality", "personas": "persona", "texts": "text"}
_DESCRIBING = frozenset({"features", "schema", "metadata", "meta", "info", "config"})
_SAMPLE = 20
_REST = ", and what follows it is not read"


def read(path: Path) -> Iterator[Row | Fault | Note]:
    """The rows of a document; those of a list one after the other, with their lines."""
    text, notes = text_of(path)
    yield from notes
    damaged = [Fault(at, why) for at, line in enumerate(text.split("\n"), 1) if (why := undecodable(line))]
    if damaged:
        yield from damaged
        return
    text = text.rstrip()
    if not text.lstrip().startswith("["):
        yield from _expanded(values_of(text, 1, _REST))
    elif text.endswith("]"):
        yield from _elements(text)
    else:
        yield Fault(text.count("\n") + 1, "the list has no closing bracket")


def _elements(text: str) -> Iterator[Row | Fault | Note]:
    several = "\n" not in text
    for number, row in enumerate(values_of(text[:-1].replace("[", " ", 1), 1, _REST), 1):
        if isinstance(row, Row) and isinstance(row.value, dict) and is_wrapped_row(row.value):
            yield from rows_of(row.value, row.line)
        elif isinstance(row, Row):
            yield Row(row.line, row.value, number if several else 0)
        else:
            yield row


def _expanded(values: Iterator[Row | Fault]) -> Iterator[Row | Fault | Note]:
    for value in values:
        if isinstance(value, Row) and isinstance(value.value, dict):
            yield from rows_of(value.value, value.line)
        else:
            yield value


def is_wrapped_row(value: Mapping[str, Any]) -> bool:
    """Whether ``value`` is ``{"row_idx": 0, "row": {...}}``, as the Hub's dataset viewer gives rows."""
    return isinstance(value.get("row"), dict) and value.keys() <= {"row_idx", "row", "truncated_cells"}


def rows_of(value: Mapping[str, Any], line: int) -> Iterator[Row | Fault | Note]:
    """The rows in an object: itself, or those of a table that it holds, numbered from 1."""
    if is_wrapped_row(value):
        cut = value.get("truncated_cells")
        number = int(value.get("row_idx") or 0) + 1
        yield (
            Fault(line, f"the viewer cut {', '.join(map(str, cut))} short", number)
            if cut
            else Row(line, value["row"], number)
        )
        return
    for number, row in enumerate(_table(value, line), 1):
        if isinstance(row, Fault):
            yield row
        elif isinstance(row, dict) and row is not value and (is_wrapped_row(row) or _holds_rows(row)):
            yield from rows_of(row, line)
        else:
            yield Row(line, row, 0 if row is value else number)


def _table(value: Mapping[str, Any], line: int) -> Iterator[Any]:
    """The rows that ``value`` holds, or itself if it is one; a ``Fault`` for a table that can't be read."""
    names = {str(key).strip().lower() for key in value}
    parts = list(value.values())
    if {"columns", "data"} <= names and _is_list(value["data"], list):  # pandas, orient="split"
        yield from (dict(zip(value["columns"], row, strict=False)) for row in value["data"])
    elif sources.is_row(value):
        yield value
    elif parts and all(isinstance(part, list) for part in parts) and not any(_is_list(part, dict) for part in parts):
        yield from _columns(value, line)
    elif _holds_rows(value):
        yield from _inside(value)
    elif parts and all(isinstance(part, dict) and part for part in parts):
        yield from _named(value)
    else:
        yield value


def _is_list(value: Any, of: type) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(part, of) for part in value)


def _holds_rows(value: Mapping[str, Any]) -> bool:
    """Whether ``value`` is no row, but has a list of rows in it, also one level deeper."""
    if sources.is_row(value):
        return False
    inside = [part for part in value.values() if isinstance(part, dict)]
    lists = (*value.values(), *(deeper for part in inside for deeper in part.values() if not sources.is_row(part)))
    return any(_is_list(part, dict) for part in lists)


def _inside(value: Mapping[str, Any]) -> Iterator[Any]:
    """The elements of the lists of rows in ``value``, and objects that hold such; not what describes the table."""
    parts = {key: part for key, part in value.items() if str(key).lower() not in _DESCRIBING}
    lists = {key: part for key, part in parts.items() if _is_list(part, dict)}
    known = {key: part for key, part in lists.items() if any(map(_is_known, part[:_SAMPLE]))}
    for part in (known or lists).values():
        yield from part
    yield from (part for part in parts.values() if isinstance(part, dict) and _holds_rows(part))


def _is_known(value: Any) -> bool:
    return sources.is_row(value) or is_wrapped_row(value)


def _columns(value: Mapping[str, Sequence[Any]], line: int) -> Iterator[Any]:
    """The rows of a table by columns, or the texts of lists that are named as pools."""
    names = {key: str(key).strip().lower() for key in value}
    if set(names.values()) <= _POOLS.keys():
        yield from ({_POOLS[names[key]]: text} for key, texts in value.items() for text in texts)
        return
    lengths = {len(part) for part in value.values()}
    if len(lengths) > 1:
        counts = ", ".join(f"{key} has {len(part)}" for key, part in value.items())
        yield Fault(line, f"the columns differ in length: {counts}")
        return
    yield from (dict(zip(value, row, strict=True)) for row in zip(*value.values(), strict=True))


def _named(value: Mapping[str, Mapping[str, Any]]) -> Iterator[Any]:
    """Rows by name, or columns by row number as pandas writes them."""
    keys = [tuple(part) for part in value.values()]
    if len(set(keys)) == 1 and all(key.isdecimal() for key in keys[0]) and sources.is_row(dict.fromkeys(value, "a")):
        yield from ({name: column[key] for name, column in value.items()} for key in keys[0])
        return
    for name, part in value.items():
        yield part if name.isdecimal() or "name" in part else {"name": name, **part}
