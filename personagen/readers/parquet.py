"""Parquet and Arrow files, batch by batch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from personagen.errors import UsageError
from personagen.readers.decode import arrow, opened
from personagen.readers.row import Fault, Note, Row

_BATCH = 1024  # rows


def read(path: Path) -> Iterator[Row | Fault | Note]:
    """The rows of a Parquet file, numbered from 1."""
    arrow(path)
    from pyarrow import parquet

    with opened(path) as file:
        yield from _rows(path, parquet.ParquetFile(file).iter_batches(batch_size=_BATCH))


def read_arrow(path: Path) -> Iterator[Row | Fault | Note]:
    """The rows of an Arrow file, numbered from 1, in the stream format of ``datasets`` or the file format."""
    pa = arrow(path)
    with opened(path) as file:
        if file.peek(6)[:6] == b"ARROW1":  # type: ignore[attr-defined]
            table = pa.ipc.open_file(file)
            batches = (table.get_batch(at) for at in range(table.num_record_batches))
            yield from _rows(path, batches)
        else:
            yield from _rows(path, pa.ipc.open_stream(file))


def _rows(path: Path, batches: Any) -> Iterator[Row]:
    number = 0
    for batch in batches:
        names = batch.schema.names
        if twice := next((name for name in names if names.count(name) > 1), ""):
            raise UsageError(f"{path}: two columns are called {twice}; rename one of them")
        for start in range(0, batch.num_rows, _BATCH):
            for value in batch.slice(start, _BATCH).to_pylist():
                number += 1
                yield Row(0, value, number)
