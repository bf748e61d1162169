"""Data in memory: any iterable of dicts or texts, a DataFrame, a ``datasets.Dataset``, an Arrow table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from personagen.errors import UsageError
from personagen.readers import json_document
from personagen.readers.row import Fault, Note, Row


def read(data: Any) -> Iterator[Row | Fault | Note]:
    """The rows of ``data``, numbered from 1.

    Raises:
        UsageError: ``data`` is no iterable of rows.
    """
    if isinstance(data, Mapping) and not all(hasattr(split, "column_names") for split in data.values()):
        yield from json_document.rows_of(data, 0)
        return
    splits = data.values() if isinstance(data, Mapping) else [data]  # of a datasets.DatasetDict
    for number, value in enumerate(chain.from_iterable(map(_values, splits)), 1):
        yield Row(0, _plain(value), number)


def _plain(value: Any) -> Any:
    """A record, a row or a NumPy value in the types that JSON has."""
    if hasattr(value, "model_dump"):
        value = value.model_dump()
    if isinstance(value, Mapping):
        return {key: cell.tolist() if hasattr(cell, "tolist") else cell for key, cell in value.items()}
    return value.tolist() if hasattr(value, "tolist") else value


def _values(data: Any) -> Iterable[Any]:
    if hasattr(data, "iter_rows"):  # polars
        return data.iter_rows(named=True)  # type: ignore[no-any-return]
    if hasattr(data, "itertuples"):  # pandas
        indexes = [name for name in data.index.names if name is not None and name not in data.columns]
        data = data.reset_index(indexes) if indexes else data
        names = _different([str(name) for name in data.columns])
        return (dict(zip(names, row, strict=True)) for row in data.itertuples(index=False, name=None))
    if hasattr(data, "to_pylist"):  # an Arrow table, batch or array
        _different(data.schema.names if hasattr(data, "schema") else [])
        batches = data.to_batches(1024) if hasattr(data, "to_batches") else [data]
        return (row for batch in batches for row in batch.to_pylist())
    if isinstance(data, bytes | bytearray) or not isinstance(data, Iterable):
        raise UsageError(f"a {type(data).__name__} is no table; give a path, or an iterable of dicts or texts")
    # Rows of a datasets.Dataset in another format may be tables themselves.
    return data.with_format(None) if hasattr(data, "with_format") else data


def _different(names: list[str]) -> list[str]:
    if twice := next((name for name in names if names.count(name) > 1), ""):
        raise UsageError(f"data: two columns are called {twice}; rename one of them")
    return names
