"""Atomic files: written to a temporary file, synced, then renamed.

New files have mode 0600 and folders 0700, whatever the umask. A replaced file keeps its mode.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import orjson
from pydantic import ValidationError

from personagen.errors import CorruptError, DiskError, UsageError
from personagen.records import Record

R = TypeVar("R", bound=Record)
BUFFER_BYTES = 1 << 18  # a line of trees.jsonl is longer than the default of 8 kB


def dump(value: Any) -> bytes:
    """``value`` as indented JSON with a final newline."""
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def write(file: Path, parts: Iterable[bytes]) -> int:
    """Replaces ``file`` by ``parts`` in one step and returns the bytes; after a ``DiskError`` it is unchanged."""
    with replaced(file) as out:
        return sum(map(out.write, parts))


@contextmanager
def replaced(file: Path) -> Iterator[BinaryIO]:
    """A file to write to, which replaces ``file`` at the end; after an error, such as ``DiskError``, it is unchanged.

    Several that are open in one ``ExitStack`` replace their files only once all of them are written.
    """
    beside = file.with_name(f".{file.name}.new")
    try:
        beside.unlink(missing_ok=True)  # left by a crash, or a planted link
        with os.fdopen(_created(beside), "wb", buffering=BUFFER_BYTES) as out:
            if file.is_file():
                _choose_mode(out.fileno(), stat.S_IMODE(file.stat().st_mode))
            yield out
            out.flush()
            synced(out.fileno())
        beside.replace(file)
        sync_folder(file.parent)
    except BaseException as error:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            problem = f"{file} can't be written: {error.strerror}; free or repair the disk and run again"
            raise DiskError(problem) from error
        raise


def make_folder(folder: Path) -> None:
    """Creates ``folder`` and missing parents and makes its name durable, or raises ``DiskError``."""
    try:
        if not folder.parent.exists():
            make_folder(folder.parent)
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)  # another process may have created it
            _choose_mode(folder, 0o700)
        sync_folder(folder.parent)
    except OSError as error:
        raise DiskError(f"{folder} can't be created: {error.strerror}; give another --out") from error


def reserve(file: Path) -> None:
    """Creates ``file`` empty, with mode 0600, unless it exists."""
    with suppress(FileExistsError):
        os.close(_created(file))


def _created(file: Path) -> int:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    _choose_mode(handle, 0o600)
    return handle


def _choose_mode(what: int | Path, mode: int) -> None:
    # Undoes the umask; some mounts do not support modes.
    with suppress(OSError, NotImplementedError):
        os.chmod(what, mode)  # noqa: PTH101 - what may be a handle


def synced(handle: int) -> None:
    """Flushes the file or folder ``handle`` to the disk, on macOS also out of the drive's memory."""
    fully = getattr(fcntl, "F_FULLFSYNC", None)
    if fully is not None:
        try:
            fcntl.fcntl(handle, fully)
            return
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.ENOTTY):
                raise
    os.fsync(handle)


def sync_folder(folder: Path) -> None:
    """Makes the names in ``folder`` durable, if it is readable and its file system supports that."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # may be entered but not read, like other users' home folders
        return
    try:
        synced(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


def read_records(file: Path, kind: type[R]) -> Iterator[R]:
    """The records of a JSONL file, one at a time; ``CorruptError`` has the number of a damaged line."""
    for number, line in numbered_lines(file):
        try:
            yield kind.model_validate_json(line)
        except ValidationError as error:
            what = error.errors()[0]["msg"]
            raise CorruptError(f"{file}:{number} is not a {kind.__name__}: {what}; run the command again") from None


def numbered_lines(file: Path) -> Iterator[tuple[int, bytes]]:
    """The lines of a result file with their numbers, from 1; ``UsageError`` if there is no such file."""
    if not file.is_file():
        raise UsageError(f"{file} is missing: {file.parent} is not a finished run; `personagen simulate` makes one")
    with file.open("rb", buffering=BUFFER_BYTES) as lines:
        yield from enumerate(lines, 1)


def refuse_evaluation(folder: Path, state: Mapping[str, Any]) -> None:
    """Raises ``UsageError`` if ``state`` is that of a run of ``evaluate``, where pairs are needed."""
    if state.get("command") == "evaluate":
        raise UsageError(
            f"{folder} is a run of `personagen evaluate`, whose conversations have one reply a turn, so it has no"
            " pairs: name a run of `personagen simulate`"
        )


def read_state(folder: Path) -> dict[str, Any]:
    """The content of ``folder/run.json``; ``UsageError`` if there is none, ``CorruptError`` if it is damaged."""
    file = folder / "run.json"
    if not file.is_file():
        raise UsageError(f"{folder} is not a run folder: it has no run.json; `personagen simulate` makes one")
    try:
        state = orjson.loads(file.read_bytes())
    except orjson.JSONDecodeError as error:
        raise CorruptError(f"{file}:{error.lineno} is damaged; run the same command again to rewrite it") from None
    if not isinstance(state, dict):
        raise CorruptError(f"{file} is damaged; run the same command again to rewrite it")
    return state
