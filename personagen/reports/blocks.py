"""The data of a page: JSON, compressed, in base64, so that no text in it can be read as a part of the page."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, cast

import orjson

from personagen.errors import DiskError

BLOCK_BYTES = 300_000  # of JSON; unpacked within a few milliseconds
LEVEL = 5  # of compression


def block(name: str, value: Any) -> bytes:
    """The element that holds ``value`` under ``name``; the page's ``unpack`` reads it."""
    packed = b64encode(gzip.compress(orjson.dumps(value), LEVEL, mtime=0))
    return b'<script type="application/x-personagen" id="%b">%b</script>\n' % (name.encode(), packed)


@dataclass
class Blocks:
    """Writes rows to ``file`` in blocks ``name-0``, ``name-1``...; ``starts`` are the numbers of their first rows.

    ``written`` are the bytes so far. Rows may hold numbers of ``lines`` instead of texts, which their block then has
    once.
    """

    name: str
    file: BinaryIO
    starts: list[int] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    written: int = 0
    _rows: list[orjson.Fragment] = field(default_factory=list)
    _bytes: int = 0
    _count: int = 0

    def add(self, row: Any) -> None:
        """Adds a row; a block that is large enough is written."""
        text = orjson.dumps(row)
        if not self._rows:
            self.starts.append(self._count)
        self._rows.append(orjson.Fragment(text))
        self._bytes += len(text)
        self._count += 1
        if self._bytes >= BLOCK_BYTES:
            self.close()

    def close(self) -> None:
        """Writes the rows that are left."""
        if self._rows:
            rows = {"lines": list(self.lines), "rows": self._rows} if self.lines else self._rows
            self.written += written(self.file, block(f"{self.name}-{len(self.starts) - 1}", rows))
            self._rows, self._bytes = [], 0
            self.lines.clear()


@contextmanager
def spool(page: Path) -> Iterator[BinaryIO]:
    """A file without a name beside ``page``, for what is known before the page can begin.

    Raises:
        DiskError: there can be none.
    """
    try:
        # Without a buffer, so that nothing is left to be written when it is closed.
        file = TemporaryFile(dir=page.parent, buffering=0)  # noqa: SIM115
    except OSError as error:
        raise DiskError(f"{page} can't be written: {error.strerror}; free or repair the disk and run again") from error
    with file:
        yield cast(BinaryIO, file)


def written(file: BinaryIO, data: bytes) -> int:
    """Writes ``data`` to ``file``; the number of its bytes. Raises ``DiskError`` if the disk is full."""
    rest = memoryview(data)
    try:
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        problem = f"the report can't be written: {error.strerror}; free or repair the disk and run again"
        raise DiskError(problem) from error
    return len(data)


def chunks(file: BinaryIO, size: int = 1 << 20) -> Iterator[bytes]:
    """What is in ``file``, from its beginning."""
    file.seek(0)
    while part := file.read(size):
        yield part
