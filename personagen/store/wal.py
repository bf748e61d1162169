"""SQLite's write-ahead log, as its file format describes it: whether more was cut from it than a crash can cut.

SQLite reads the log up to the first frame whose check sum is wrong and forgets what follows, as a crash may have torn
the last transaction. An earlier one it can't have torn: each was synced before the next began.
https://www.sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Literal

_HEADER, _FRAME = 32, 24
_FRAMES_SEEN = slice(16, 20)  # in the index beside the log, the number of frames that SQLite takes for valid


def is_damaged(file: Path) -> bool:
    """Whether the log of the journal ``file`` holds transactions after one that can't be read."""
    log = file.with_name(f"{file.name}-wal")
    try:
        with closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone()
            seen = file.with_name(f"{file.name}-shm").read_bytes()[_FRAMES_SEEN]
    except (sqlite3.Error, OSError):
        return False  # whoever opens it next is told why
    return len(seen) == 4 and _commits(log, int.from_bytes(seen, sys.byteorder)) > 1


def _commits(log: Path, first: int) -> int:
    """How many transactions end in a frame from number ``first`` on that belongs to this log."""
    commits = 0
    with log.open("rb") as frames:
        header = frames.read(_HEADER)
        size, salts = int.from_bytes(header[8:12], "big") + _FRAME, header[16:24]
        if size <= _FRAME or not _is_whole(header):
            return 0  # a crash while the log began anew, when all of it stood in the main file
        frames.seek(_HEADER + first * size)
        while len(frame := frames.read(size)) == size:
            # Frames of an earlier round, which this one has not overwritten yet, have other salts.
            commits += frame[8:16] == salts and frame[4:8] != bytes(4)
    return commits


def _is_whole(header: bytes) -> bool:
    """Whether the check sum of the log's header is right."""
    order: Literal["big", "little"] = "big" if header[3:4] == b"\x83" else "little"
    words = [int.from_bytes(header[at : at + 4], order) for at in range(0, 24, 4)]
    first = second = 0
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) % 2**32
        second = (second + odd + first) % 2**32
    return header[24:] == first.to_bytes(4, "big") + second.to_bytes(4, "big")
