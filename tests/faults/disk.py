"""The failing disk: ``disk.c``, compiled and switched on for a process by its environment."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.trial import ROOT

SOURCE = Path(__file__).with_name("disk.c")
BUILT = ROOT / "outputs" / "faults"
VARIABLES = ("DISK_FOLDER", "DISK_LOG", "DISK_KILL", "DISK_TORN", "DISK_ROOM", "DISK_SYNC")
HEAD = struct.Struct("<cIqI")


class NoCompiler(Exception):
    """There is no C compiler, so no disk can fail."""


@dataclass(frozen=True)
class Operation:
    """What a process did to a file below the watched folder.

    ``kind``: C creates ``path``, W writes ``data`` at ``at``, T cuts or extends it to ``at`` bytes, S syncs a file and
    D a folder, R renames ``path`` to ``data``, U unlinks, M makes a folder. A was written by the process itself, when
    it used the answer to the call with the key ``path``; ``data`` is the answer's hash.
    """

    kind: str
    path: str
    at: int = 0
    data: bytes = b""

    def line(self) -> bytes:
        """The operation as it stands in a log."""
        path = self.path.encode()
        return HEAD.pack(self.kind.encode(), len(path), self.at, len(self.data)) + path + self.data


def library(folder: Path = BUILT) -> Path:
    """The compiled library, in ``folder``.

    Raises:
        NoCompiler: there is no C compiler, or it refuses.
    """
    source = SOURCE.read_bytes()
    built = folder.absolute() / f"disk-{hashlib.sha256(source).hexdigest()[:12]}.so"
    if built.is_file():
        return built
    compiler = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        raise NoCompiler("the trials with a failing disk need a C compiler, and there is no cc; install gcc or clang")
    folder.mkdir(parents=True, exist_ok=True)
    beside = built.with_suffix(f".{os.getpid()}")
    command = [compiler, "-shared", "-fPIC", "-O1", "-o", str(beside), str(SOURCE), "-ldl", "-pthread"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoCompiler(f"{compiler} can't compile {SOURCE.name}: {done.stderr.strip()}")
    return beside.replace(built)


def failing(
    folder: Path,
    *,
    log: Path | None = None,
    kill: int | None = None,
    torn: bool = False,
    room: int | None = None,
    sync: int | None = None,
) -> dict[str, str]:
    """The environment in which a process has a failing disk below ``folder``, which must exist.

    ``log`` gets every operation; whatever changes a file, a name or syncs is one, and they count from 1. ``kill`` ends
    the process (SIGKILL) before the operation of that number; ``torn``: after half of it, where it is a write. Once the
    files have grown by ``room`` bytes the disk is full, until something is cut or unlinked: half of the write gets
    through, then ENOSPC. The sync number ``sync`` and all later ones fail (EIO). With ``log`` or ``kill`` a sync only
    counts as one, since the machine lives on.
    """
    values = {"LOG": log, "KILL": kill, "TORN": int(torn) or None, "ROOM": room, "SYNC": sync, "FOLDER": folder}
    mine = {f"DISK_{name}": "" if value is None else str(value) for name, value in values.items()}
    return mine | {"LD_PRELOAD": str(library())}


def begin(environment: dict[str, str]) -> None:
    """Begins anew in this process, which was forked from one that has the library loaded."""
    for name in VARIABLES:
        os.environ[name] = environment.get(name, "")
    ctypes.CDLL(environment["LD_PRELOAD"]).disk_begin()


def operations(log: Path) -> Iterator[Operation]:
    """The operations in a log, in the order in which they were done."""
    content, at = log.read_bytes(), 0
    while at < len(content):
        kind, size, place, length = HEAD.unpack_from(content, at)
        at += HEAD.size
        path, data = content[at : at + size], content[at + size : at + size + length]
        yield Operation(kind.decode(), path.decode(), place, data)
        at += size + length
