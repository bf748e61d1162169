"""The journal of a run: every answer, durable before it is used; SQLite in WAL mode with one writing thread.

Writes are queued and committed in groups, so that a write waits for the disk but hardly ever for another write. Reads
go through a connection of their own. The journal is the only truth of a run: the result files are derived from it.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from personagen.errors import CorruptError, DiskError, PersonagenError
from personagen.records import Completion, Usage

FORMAT = 2
GROUP = 256
_TABLES = """
CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS calls(
  key TEXT PRIMARY KEY, role TEXT NOT NULL, model TEXT NOT NULL, place TEXT NOT NULL, completion BLOB NOT NULL,
  input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_input_tokens INTEGER NOT NULL, cost_usd REAL,
  finished REAL NOT NULL, seconds REAL NOT NULL, cache_write_input_tokens INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS results(
  file TEXT NOT NULL, slot INTEGER NOT NULL, made_with TEXT NOT NULL, lines BLOB NOT NULL,
  PRIMARY KEY(file, slot));
CREATE INDEX IF NOT EXISTS results_of_slot ON results(slot);
"""
# Pages of 4 KB; the default of 1,000 moves them to the main file so often that it halves the speed.
CHECKPOINT = 8000
_ROWS = (64, 8)
# What each format added to the one before it.
_UPGRADES = {2: "ALTER TABLE calls ADD COLUMN cache_write_input_tokens INTEGER NOT NULL DEFAULT 0"}

Statement = tuple[str, tuple[object, ...]]


@dataclass(frozen=True)
class _Write:
    statements: tuple[Statement, ...]
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]


class Journal:
    """An open journal; a context manager. All methods belong to one event loop's thread.

    Raises:
        CorruptError: the file is damaged, or was written by a newer format.
        DiskError: it can't be created or written.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._failed: PersonagenError | None = None
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        with _translated(self._file):
            self._reader = self._connect()
            try:
                self._reader.executescript(_TABLES)
                self._check_format()
            except BaseException:
                self._reader.close()
                raise
        self._thread = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._thread.start()

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join()
        self._reader.close()

    # -- calls -----------------------------------------------------------------------------------------------

    def completion(self, key: str) -> Completion | None:
        """The stored answer to the call with this key, or None."""
        rows = self._rows("SELECT completion FROM calls WHERE key = ?", (key,))
        return Completion.model_validate_json(rows[0][0]) if rows else None

    async def store(self, key: str, role: str, model: str, place: str, answer: Completion, seconds: float) -> None:
        """Stores an answer; returns when it is on disk."""
        usage = answer.usage
        row = (key, role, model, place, answer.line(), usage.input_tokens, usage.output_tokens)
        rest = (usage.cached_input_tokens, usage.cost_usd, time.time(), seconds, usage.cache_write_input_tokens)
        await self.write([("INSERT OR IGNORE INTO calls VALUES(?,?,?,?,?,?,?,?,?,?,?,?)", (*row, *rest))])

    def usage(self) -> dict[tuple[str, str], tuple[int, Usage]]:
        """Stored calls and their usage by (role, model)."""
        rows = self._rows(
            "SELECT role, model, COUNT(*), SUM(input_tokens), SUM(output_tokens), SUM(cached_input_tokens),"
            " SUM(cache_write_input_tokens),"
            " CASE WHEN COUNT(cost_usd) = COUNT(*) THEN ROUND(SUM(cost_usd), 9) END FROM calls GROUP BY role, model"
        )
        names = ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_input_tokens", "cost_usd")
        return {(role, model): (n, Usage(**dict(zip(names, sums, strict=True)))) for role, model, n, *sums in rows}

    # -- results ---------------------------------------------------------------------------------------------

    async def put(self, slot: int, made_with: str, files: dict[str, bytes]) -> None:
        """Stores the lines that ``slot`` contributes to each result file, in place of what it had."""
        await self.write(
            [("DELETE FROM results WHERE slot = ?", (slot,))]
            + [("INSERT INTO results VALUES(?,?,?,?)", (f, slot, made_with, b)) for f, b in files.items() if b]
        )

    def slots(self, file: str, made_with: str) -> set[int]:
        """The slots that have lines in ``file`` made with these settings."""
        rows = self._rows("SELECT slot FROM results WHERE file = ? AND made_with = ?", (file, made_with))
        return {slot for (slot,) in rows}

    def lines(self, file: str, made_with: str) -> Iterator[bytes]:
        """The stored lines of ``file`` in slot order, one slot at a time."""
        with _translated(self._file):
            rows = self._reader.execute(
                "SELECT lines FROM results WHERE file = ? AND made_with = ? ORDER BY slot", (file, made_with)
            )
            for (lines,) in rows:
                yield lines

    # -- settings ---------------------------------------------------------------------------------------------

    def setting(self, name: str) -> str | None:
        """A stored setting, or None."""
        rows = self._rows("SELECT value FROM meta WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def put_settings(self, settings: Mapping[str, str]) -> None:
        """Stores settings, in place of what they were; returns when they are on disk."""
        with _translated(self._file):
            self._reader.executemany("INSERT OR REPLACE INTO meta VALUES(?,?)", list(settings.items()))

    # -- tables of others -------------------------------------------------------------------------------------

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        """The rows of a query, or the effect of a statement at once: for tables that other modules keep here."""
        return self._rows(sql, values)

    # -- the one writer ------------------------------------------------------------------------------------------

    async def write(self, statements: Iterable[Statement]) -> None:
        """Executes ``statements`` in one transaction; returns when they are on disk."""
        if self._failed:
            raise self._failed
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._queue.put(_Write(tuple(statements), loop, done))
        await done

    def _write_all(self) -> None:
        connection: sqlite3.Connection | None = None
        more = True
        while more:
            group, more = self._group()
            try:
                with _translated(self._file):
                    connection = connection or self._connect()
                    _commit(connection, group)
            except PersonagenError as error:
                self._failed = error
            except Exception as error:  # whoever waits for this thread must be told, whatever it is
                self._failed = DiskError(f"{self._file}: an answer can't be stored: {error}; it was not used")
            for loop in {w.loop for w in group}:
                mine = [w.done for w in group if w.loop is loop]
                if not loop.is_closed():
                    loop.call_soon_threadsafe(_settle, mine, self._failed)
        if connection is not None:
            connection.close()

    def _group(self) -> tuple[list[_Write], bool]:
        """What is waiting to be written, at least one write; and whether more may come."""
        group: list[_Write] = []
        while not group or (len(group) < GROUP and not self._queue.empty()):
            write = self._queue.get()
            if write is None:
                return group, False
            group.append(write)
        return group, True

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._file, isolation_level=None, check_same_thread=False, timeout=60)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
        except BaseException:
            connection.close()
            raise
        return connection

    def _check_format(self) -> None:
        written = self._reader.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
        if written is None:
            self._reader.execute("INSERT INTO meta VALUES('format', ?)", (str(FORMAT),))
        elif int(written[0]) > FORMAT:
            raise CorruptError(
                f"{self._file} was written by a newer personagen (format {written[0]}); upgrade to go on"
            )
        elif int(written[0]) < FORMAT:
            self._reader.execute("BEGIN IMMEDIATE")
            for number in range(int(written[0]) + 1, FORMAT + 1):
                self._reader.execute(_UPGRADES[number])
            self._reader.execute("UPDATE meta SET value = ? WHERE name = 'format'", (str(FORMAT),))
            self._reader.execute("COMMIT")

    def _rows(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        with _translated(self._file):
            return self._reader.execute(sql, values).fetchall()


def _commit(connection: sqlite3.Connection, group: list[_Write]) -> None:
    if not group:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        statements = (statement for write in group for statement in write.statements)
        for sql, alike in groupby(statements, key=itemgetter(0)):
            _execute(connection, sql, [values for _, values in alike])
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _execute(connection: sqlite3.Connection, sql: str, rows: list[tuple[object, ...]]) -> None:
    """Executes ``sql`` for each of ``rows``, many rows of an INSERT in one statement.

    SQLite lets go of the interpreter's lock in each statement, and has to wait for the busy event loop to get it back:
    at a thousand answers a second, one statement an answer would hold each of them up for a quarter of a second.
    """
    head, values, row = sql.rpartition("VALUES")
    done = 0
    for size in _ROWS if values else ():
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


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise DiskError(f"{file}: {error}; free or repair the disk and run the same command again") from error
    except sqlite3.DatabaseError as error:
        raise CorruptError(f"{file} is damaged ({error}); restore it from a copy or give another --out") from error
