"""The writer thread of a journal: commits waiting writes in groups, and nothing after a failure."""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path

from personagen.errors import DiskError, PersonagenError
from personagen.store.database import CHECKPOINT, checkpoint, connect, translated

MAX_GROUP = 256
_PAGE_BYTES = 4096
_ROWS_PER_INSERT = (64, 8)

Statement = tuple[str, tuple[object, ...]]


@dataclass(frozen=True)
class _Write:
    statements: tuple[Statement, ...]
    done: asyncio.Future[None]


class Writer:
    """Writes to the journal ``file`` until it is closed.

    It stops at the first failure: after a failed sync the system may report data as stored that is not.
    """

    def __init__(self, file: Path) -> None:
        self.failed: PersonagenError | None = None
        self._file = file
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._logged = 0.0
        self._thread = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._thread.start()

    async def write(self, statements: Iterable[Statement]) -> None:
        """Executes ``statements`` in one durable transaction; fails if an earlier one did."""
        if self.failed:
            raise self.failed
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.put(_Write(tuple(statements), done))
        await done

    def close(self) -> None:
        """Commits the waiting writes and ends the thread."""
        self._queue.put(None)
        self._thread.join()

    def _write_all(self) -> None:
        connection: sqlite3.Connection | None = None
        more = True
        while more:
            group, more = self._group()
            try:
                if group and not self.failed:
                    with translated(self._file):
                        connection = connection or connect(self._file)
                        self._commit(connection, group)
            except PersonagenError as error:
                self.failed = error
            except Exception as error:  # any error must reach the waiting futures
                self.failed = DiskError(f"{self._file}: an answer can't be stored: {error}; it was not used")
            for loop in {w.done.get_loop() for w in group}:
                mine = [w.done for w in group if w.done.get_loop() is loop]
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_settle, mine, self.failed)
        if connection is not None:
            connection.close()

    def _group(self) -> tuple[list[_Write], bool]:
        """The waiting writes, at least one, and whether more may come."""
        group: list[_Write] = []
        while not group or (len(group) < MAX_GROUP and not self._queue.empty()):
            write = self._queue.get()
            if write is None:
                return group, False
            group.append(write)
        return group, True

    def _commit(self, connection: sqlite3.Connection, group: list[_Write]) -> None:
        if self._logged > CHECKPOINT and checkpoint(connection):
            self._logged = 0.0
        connection.execute("BEGIN IMMEDIATE")
        try:
            statements = [statement for write in group for statement in write.statements]
            for sql, alike in groupby(statements, key=itemgetter(0)):
                _execute(connection, sql, [values for _, values in alike])
            connection.execute("COMMIT")
        except sqlite3.Error:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        size = sum(len(value) for _, values in statements for value in values if isinstance(value, bytes))
        self._logged += 2 * len(statements) + size / _PAGE_BYTES


def _execute(connection: sqlite3.Connection, sql: str, rows: list[tuple[object, ...]]) -> None:
    """Executes ``sql`` for each of ``rows``, many rows of an INSERT in one statement.

    SQLite releases the GIL in each statement and must wait for the busy event loop to get it back: at a thousand
    answers a second, one statement per answer would delay each by a quarter of a second.
    """
    head, values, row = sql.rpartition("VALUES")
    done = 0
    for size in _ROWS_PER_INSERT if values else ():
        many = f"{head}VALUES{','.join([row] * size)}"
        while len(rows) - done >= size:
            connection.execute(many, tuple(chain.from_iterable(rows[done : done + size])))
            done += size
    connection.executemany(sql, rows[done:])


def _settle(waiting: list[asyncio.Future[None]], failed: PersonagenError | None) -> None:
    for future in waiting:
        if future.done():
            continue
        if failed:
            future.set_exception(failed)
        else:
            future.set_result(None)
