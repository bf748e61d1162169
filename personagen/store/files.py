"""Files that are whole or absent: written beside their place, synced, then renamed into it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError

from personagen.errors import CorruptError, DiskError, UsageError
from personagen.records import Record

R = TypeVar("R", bound=Record)
CHUNK = (
    1 << 18
)  # bytes read or written at once: a line of trees.jsonl is longer than the usual 8 kB, and slow in pieces


def write(file: Path, parts: Iterable[bytes]) -> int:
    """Replaces ``file`` by ``parts`` in one step; returns the bytes written.

    Raises:
        DiskError: the disk refuses; what stood there before still stands.
    """
    beside = file.with_name(f".{file.name}.new")
    size = 0
    try:
        with beside.open("wb", buffering=CHUNK) as out:
            for part in parts:
                size += out.write(part)
            out.flush()
            os.fsync(out.fileno())
        beside.replace(file)
        sync_folder(file.parent)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            problem = f"{file} can't be written: {error.strerror}; free or repair the disk and run again"
            raise DiskError(problem) from error
        raise
    return size


def sync_folder(folder: Path) -> None:
    """Makes the names in ``folder`` durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(folder: Path) -> None:
    """Makes ``folder`` and what is missing above it; its name is durable afterwards, whoever made it.

    Raises:
        DiskError: the disk refuses.
    """
    if not folder.parent.exists():
        make_folder(folder.parent)
    try:
        folder.mkdir(exist_ok=True)
        sync_folder(folder.parent)
    except OSError as error:
        raise DiskError(f"{folder} can't be made: {error.strerror}; give another --out") from error


def read_records(file: Path, kind: type[R]) -> Iterator[R]:
    """The records of a JSONL file, one at a time.

    Raises:
        UsageError: there is no such file.
        CorruptError: a line is not such a record; the message names it.
    """
    if not file.is_file():
        raise UsageError(f"{file} is missing: {file.parent} is not a finished run; `personagen simulate` makes one")
    with file.open("rb", buffering=CHUNK) as lines:
        for number, line in enumerate(lines, 1):
            try:
                yield kind.model_validate_json(line)
            except ValidationError as error:
                what = error.errors()[0]["msg"]
                raise CorruptError(f"{file}:{number} is no {kind.__name__}: {what}; run the command again") from None


def read_state(folder: Path) -> dict[str, Any]:
    """The content of ``folder/run.json``.

    Raises:
        UsageError: the folder is not a run.
        CorruptError: the file is not what was written.
    """
    file = folder / "run.json"
    if not file.is_file():
        raise UsageError(f"{folder} is not a run folder: it has no run.json; `personagen simulate` makes one")
    try:
        state = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise CorruptError(f"{file}:{error.lineno} is damaged; run the same command again to write it anew") from None
    if not isinstance(state, dict):
        raise CorruptError(f"{file} is damaged; run the same command again to write it anew")
    return state
