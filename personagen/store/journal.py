"""The journal of a run: every answer, durable before it is used, in SQLite in WAL mode with one writer thread.

Writes are committed in groups, so that a write waits for the disk but rarely for another write; reads have their own
connection. The journal is the run's source of truth; the result files are derived from it. Every answer, result and
setting has a checksum, verified when the journal is opened.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from personagen.errors import UsageError
from personagen.records import Completion, Usage
from personagen.store.database import crc, damaged, keep_log, open_journal, translated
from personagen.store.writer import Statement, Writer

_CALL = f"INSERT OR IGNORE INTO calls VALUES({','.join('?' * 13)})"


@contextmanager
def stored_answers(file: Path) -> Iterator[Callable[[str], Completion | None]]:
    """The stored answer to the call with a key, or None; the journal ``file`` is only read, also while a run writes.

    Raises:
        UsageError: there is no journal.
    """
    with _reading(file) as connection:

        def answer(key: str) -> Completion | None:
            row = connection.execute("SELECT completion FROM calls WHERE key = ?", (key,)).fetchone()
            try:
                return Completion.model_validate_json(row[0]) if row else None
            except ValidationError as error:
                raise damaged(file, f"the answer {key} is not readable") from error

        yield answer


@contextmanager
def _reading(file: Path) -> Iterator[sqlite3.Connection]:
    if not file.is_file():
        raise UsageError(f"{file} is missing: {file.parent} does not have the answers that were given")
    log = file.with_name(f"{file.name}-wal")
    # Without a log nobody writes. A reader that SQLite lets take part in a log would leave an empty one behind, beside
    # which damage looks like the trace of a crash.
    how = "mode=ro" if log.exists() else "mode=ro&immutable=1"
    with translated(file), closing(sqlite3.connect(f"{file.resolve().as_uri()}?{how}", uri=True)) as connection:
        yield connection


def spending(file: Path) -> dict[tuple[str, str], tuple[int, float | None]]:
    """Tokens, in and out, and USD of the stored calls by the first part of their place and by role.

    USD are None if those of a call are not known. Raises as ``stored_answers``.
    """
    with _reading(file) as connection:
        rows = connection.execute(
            "SELECT substr(place, 1, instr(place || '/', '/') - 1), role, SUM(input_tokens + output_tokens),"
            " CASE WHEN COUNT(cost_usd) = COUNT(*) THEN SUM(cost_usd) END FROM calls GROUP BY 1, 2"
        )
        return {(str(head), str(role)): (int(tokens), cost) for head, role, tokens, cost in rows}


class Journal:
    """An open journal, a context manager. All methods must be called from the event loop's thread.

    Raises, when opened, read or written:
        CorruptError: the file is damaged, or has a newer format.
        DiskError: the file can't be created, read or written; after a failed write, every later one fails.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._reader: sqlite3.Connection = open_journal(file)
        self._writer = Writer(file)

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self._writer.close()
        self._reader.close()
        if self._writer.failed:
            keep_log(self._file)

    def completion(self, key: str) -> Completion | None:
        """The stored answer to the call with this key, or None."""
        rows = self.rows("SELECT completion FROM calls WHERE key = ?", (key,))
        try:
            return Completion.model_validate_json(rows[0][0]) if rows else None
        except ValidationError as error:
            raise damaged(self._file, f"the answer {key} is not readable") from error

    async def store(self, key: str, role: str, model: str, place: str, answer: Completion, seconds: float) -> None:
        """Stores an answer durably."""
        usage = answer.usage
        cost = None if usage.cost_usd is None else usage.cost_usd + 0.0  # SQLite returns 0.0 for -0.0
        what = (key, role, model, place, answer.line(), usage.input_tokens, usage.output_tokens)
        row = (*what, usage.cached_input_tokens, usage.cache_write_input_tokens, cost, time.time(), float(seconds))
        await self.write([(_CALL, (*row, crc(*row)))])

    def usage(self) -> dict[tuple[str, str], tuple[int, Usage]]:
        """Stored calls and their usage by (role, model)."""
        rows = self.rows(
            "SELECT role, model, COUNT(*), SUM(input_tokens), SUM(output_tokens), SUM(cached_input_tokens),"
            " SUM(cache_write_input_tokens),"
            " COALESCE(SUM(json_extract(CAST(completion AS TEXT), '$.usage.reasoning_tokens')), 0),"
            " CASE WHEN COUNT(cost_usd) = COUNT(*) THEN ROUND(SUM(cost_usd), 9) END FROM calls GROUP BY role, model"
        )
        names = (
            *("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_input_tokens"),
            *("reasoning_tokens", "cost_usd"),
        )
        try:
            return {(role, model): (n, Usage(**dict(zip(names, sums, strict=True)))) for role, model, n, *sums in rows}
        except ValidationError as error:
            raise damaged(self._file, "the usage of a call is not a number") from error

    def answers(self) -> dict[str, int]:
        """The number of stored answers by the first part of their place: a conversation, or a pool."""
        rows = self.rows("SELECT substr(place, 1, instr(place || '/', '/') - 1), COUNT(*) FROM calls GROUP BY 1")
        return {str(head): int(count) for head, count in rows}

    async def put(self, slot: int, fingerprint: str, files: dict[str, bytes]) -> None:
        """Replaces the lines that ``slot`` contributes to the result files."""
        rows = [(file, slot, fingerprint, lines) for file, lines in files.items() if lines]
        put = [("INSERT INTO results VALUES(?,?,?,?,?)", (*row, crc(*row))) for row in rows]
        await self.write([("DELETE FROM results WHERE slot = ?", (slot,)), *put])

    def slots(self, file: str, fingerprint: str) -> set[int]:
        """The slots that have lines in ``file`` with this fingerprint."""
        rows = self.rows("SELECT slot FROM results WHERE file = ? AND fingerprint = ?", (file, fingerprint))
        return {slot for (slot,) in rows}

    def outdated(self, file: str, fingerprint: str) -> int:
        """How many slots have lines in ``file`` that were made with other settings."""
        rows = self.rows("SELECT COUNT(*) FROM results WHERE file = ? AND fingerprint != ?", (file, fingerprint))
        return int(rows[0][0])

    def lines(self, file: str, fingerprint: str) -> Iterator[bytes]:
        """The stored lines of ``file`` in slot order, one slot at a time."""
        with translated(self._file):
            rows = self._reader.execute(
                "SELECT lines FROM results WHERE file = ? AND fingerprint = ? ORDER BY slot", (file, fingerprint)
            )
            for (lines,) in rows:
                yield lines

    def setting(self, name: str) -> str | None:
        """A stored setting, or None."""
        rows = self.rows("SELECT value FROM meta WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def put_settings(self, settings: Mapping[str, str]) -> None:
        """Replaces settings durably."""
        with translated(self._file):
            rows = [(name, value, crc(name, value)) for name, value in settings.items()]
            self._reader.executemany("INSERT OR REPLACE INTO meta VALUES(?,?,?)", rows)

    def rows(self, sql: str, values: tuple[object, ...] = ()) -> list[Any]:
        """Executes a query or statement at once and returns its rows; other store modules keep tables here, too."""
        with translated(self._file):
            return self._reader.execute(sql, values).fetchall()

    async def write(self, statements: Iterable[Statement]) -> None:
        """Executes ``statements`` in one durable transaction."""
        await self._writer.write(statements)
