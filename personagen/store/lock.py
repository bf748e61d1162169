"""The lock of a run folder: advisory, one process at a time, released by the system when the process dies."""

from __future__ import annotations

import fcntl
import os
import re
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from personagen.errors import DiskError, InUseError
from personagen.store.files import reserve, sync_folder

MAX_NAMING_SECONDS = 2.0  # that a new holder takes to write its name
_NAME = re.compile(rb"process (\d+) on (\S+)\n")


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds ``folder/.lock``, which names the process, or raises ``InUseError``, which names the one that holds it."""
    with ExitStack() as stack:
        try:
            reserve(folder / ".lock")
            handle = os.open(folder / ".lock", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            stack.callback(os.close, handle)
            sync_folder(folder)  # .lock marks a run folder, so it must be durable before the other files
            _hold(folder, handle)
            name = f"process {os.getpid()} on {socket.gethostname()}\n".encode()
            os.pwrite(handle, name, 0)
            os.ftruncate(handle, len(name))
        except OSError as error:
            problem = f"{folder} can't be written: {error.strerror}; free or repair the disk, or give another --out"
            raise DiskError(problem) from error
        yield


def _hold(folder: Path, handle: int) -> None:
    until = time.monotonic() + MAX_NAMING_SECONDS
    while True:
        try:
            return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            name = _NAME.match(os.pread(handle, 200, 0))
            if time.monotonic() > until or (name and _lives(int(name[1]), name[2].decode(errors="replace"))):
                holder = name[0].decode(errors="replace").strip() if name else "another process"
                problem = f"{folder} is in use by {holder}; wait for it to end or give another --out"
                raise InUseError(problem) from None
        # The file names a dead process: the new holder has not written its name yet.
        time.sleep(0.01)


def _lives(process: int, host: str) -> bool:
    """Whether the process may be alive; one on another host counts as alive."""
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return host != socket.gethostname()
    except PermissionError:
        pass
    return True
