"""Files that are whole or absent: written beside their place, synced, then renamed into it.

What is made here is its owner's alone, whatever the umask: files 0600, folders 0700. A file that is replaced keeps the
mode it has, so whoever opens one to others need not do so again.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
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
        beside.unlink(missing_ok=True)  # what a crash left, or somebody's link
        with os.fdopen(_created(beside), "wb", buffering=CHUNK) as out:
            if file.is_file():
                _choose_mode(out.fileno(), stat.S_IMODE(file.stat().st_mode))
            for part in parts:
                size += out.write(part)
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
    return size


def make_folder(folder: Path) -> None:
    """Makes ``folder`` and what is missing above it; its name is durable afterwards, whoever made it.

    Raises:
        DiskError: the disk refuses, or a file stands where a folder is needed.
    """
    try:
        if not folder.parent.exists():
            make_folder(folder.parent)
        if not folder.is_dir():
            _make(folder)
        sync_folder(folder.parent)
    except OSError as error:
        raise DiskError(f"{folder} can't be made: {error.strerror}; give another --out") from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o700)
        _choose_mode(folder, 0o700)
    except FileExistsError:
        if not folder.is_dir():  # or somebody else was faster
            raise


def reserve(file: Path) -> None:
    """Makes ``file``, empty, where there is none, so that whoever opens it need not choose its mode.

    Raises:
        OSError: it can't be made.
    """
    with suppress(FileExistsError):
        os.close(_created(file))


def _created(file: Path) -> int:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    _choose_mode(handle, 0o600)
    return handle


def _choose_mode(what: int | Path, mode: int) -> None:
    # Some mounts know no modes. The one it was made with withholds as much: here the umask's share is given back.
    with suppress(OSError, NotImplementedError):
        os.chmod(what, mode)  # noqa: PTH101 - a handle too


def synced(handle: int) -> None:
    """Returns when what was written to the file or folder ``handle`` is on the disk, where macOS's own fsync does not.

    Raises:
        OSError: the disk refuses.
    """
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
    """Makes the names in ``folder`` durable, where it may be read and its file system can.

    Raises:
        OSError: the disk refuses.
    """
    try:
        handle = os.open(folder, os.O_RDONLY)
    except PermissionError:  # it may be entered and not read, as a home folder of others
        return
    try:
        synced(handle)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):
            raise
    finally:
        os.close(handle)


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
