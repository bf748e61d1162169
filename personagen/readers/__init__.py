"""Readers of people's tables: one file a format, and one a public set of personas.

A format gives rows, faults and notes (``row``); a source says whom a row describes (``person``). To add one, write its
file, and a line in ``FORMATS`` below or in ``sources.SOURCES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from personagen.errors import UsageError
from personagen.readers import json_document, json_lines, parquet, plain, table
from personagen.readers.decode import suffix_of
from personagen.readers.row import Fault, Note, Row

FORMATS: dict[str, Callable[[Path], Iterator[Row | Fault | Note]]] = {
    ".jsonl": json_lines.read,
    ".ndjson": json_lines.read,
    ".json": json_document.read,
    ".csv": table.read,
    ".tsv": table.read,
    ".txt": plain.read,
    ".parquet": parquet.read,
    ".arrow": parquet.read_arrow,
}

_POINTER = b"version https://git-lfs.github.com/spec/"


def rows_of(path: Path) -> Iterator[Row | Fault | Note]:
    """The rows of one file in order; its suffix gives the format, before ``.gz`` or ``.zst``.

    Raises:
        UsageError: the file can't be read.
    """
    try:
        if _is_pointer(path):
            raise UsageError(f"{path} is a pointer of Git LFS, not the data; get it with git lfs pull")
        yield from FORMATS[suffix_of(path)](path)
    except (OSError, EOFError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"{path} can't be read: {reason}; check the path, its permissions and the file") from error
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in ("pyarrow", "zlib"):
            raise
        raise UsageError(f"{path} is no whole {suffix_of(path)} file: {error}; get it again") from error


def _is_pointer(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_POINTER)) == _POINTER
