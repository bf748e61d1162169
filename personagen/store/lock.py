"""One process per run folder: an advisory lock that the system frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from personagen.errors import DiskError, InUseError
from personagen.store.files import sync_folder


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Holds ``folder/.lock``, which names its holder.

    Raises:
        InUseError: another process holds it; the message names that process.
    """
    try:
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        sync_folder(folder)  # by its name a folder is known as a run's, so it must outlive what is made after it
    except OSError as error:
        raise DiskError(f"{folder} can't be written: {error.strerror}; give another --out") from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 200).decode(errors="replace").strip() or "another process"
            raise InUseError(f"{folder} is in use by {holder}; wait for it to end or give another --out") from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
