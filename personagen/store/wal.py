"""SQLite's write-ahead log: detects damage before its last transaction, which a crash can't cause.

SQLite reads the log up to the first frame with a wrong checksum and drops the rest, since a crash may have torn the
last transaction. It can't have torn an earlier one: each was synced before the next began.
https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Literal

_HEADER, _FRAME = 32, 24
_VALID_FRAMES = slice(16, 20)  # in the -shm file: the number of frames that SQLite accepts


def is_damaged(file: Path) -> bool:
    """Whether the log of the journal ``file`` has transactions after an unreadable one."""
    log = file.with_name(f"{file.name}-wal")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            seen = file.with_name(f"{file.name}-shm").read_bytes()[_VALID_FRAMES]
    except (sqlite3.Error, OSError):
        return False  # the caller opens the journal next and gets the error
    return len(seen) == 4 and _commits(log, int.from_bytes(seen, sys.byteorder)) > 1


def _commits(log: Path, first: int) -> int:
    """The number of transactions of this log that end in frame ``first`` or later."""
    commits = 0
    with log.open("rb") as frames:
        header = frames.read(_HEADER)
        size, salts = int.from_bytes(header[8:12], "big") + _FRAME, header[16:24]
        if size <= _FRAME or not _is_whole(header):
            return 0  # a crash while the log was restarted; the main file has all of it
        frames.seek(_HEADER + first * size)
        while len(frame := frames.read(size)) == size:
            # Frames left from before the last restart have other salts.
            commits += frame[8:16] == salts and frame[4:8] != bytes(4)
    return commits


def _is_whole(header: bytes) -> bool:
    """Whether the checksum of the log's header is right."""
    order: Literal["big", "little"] = "big" if header[3:4] == b"\x83" else "little"
    words = [int.from_bytes(header[at : at + 4], order) for at in range(0, 24, 4)]
    first = second = 0
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) % 2**32
        second = (second + odd + first) % 2**32
    return header[24:] == first.to_bytes(4, "big") + second.to_bytes(4, "big")
