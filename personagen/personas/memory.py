"""Rows of data given in Python: tables, datasets, iterables of texts, dicts and records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from personagen.errors import UsageError

MEMORY = Path("row")  # in place of a file, as in row:3


def name_of(source: Any, *, short: bool = False) -> str:
    """How messages call a path, or data in memory."""
    if not isinstance(source, Path):
        return "the data in memory"
    return (source.name if short else "") or str(source)


def rows_of_data(data: Any) -> Iterator[Any]:
    """The rows of ``data`` in order, each a text or a dict; missing values (None, NaN, NaT) are None."""
    if isinstance(data, Mapping):
        raise UsageError("a dict has no rows: give a list of dicts, a table or a dataset")
    if hasattr(data, "columns") and hasattr(data, "to_dicts"):  # polars
        data = data.to_dicts()
    elif hasattr(data, "columns") and hasattr(data, "to_dict"):  # pandas
        data = data.to_dict("records")
    for row in data:
        yield _plain(row)


def _plain(value: Any) -> Any:
    """``value`` in the types that JSON has."""
    if hasattr(value, "model_dump"):  # a record
        value = value.model_dump()
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, str | bool | int | None):
        return value
    if hasattr(value, "tolist"):  # numpy's arrays and numbers
        return _plain(value.tolist())
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return [_plain(inner) for inner in value]
    return None if value != value else value  # noqa: PLR0124 - NaN and NaT differ from themselves
