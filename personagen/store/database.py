"""The journal's SQLite file: created in one step, and rejected if it is not what was written."""

from __future__ import annotations

import errno
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from zlib import crc32

from personagen.errors import CorruptError, DiskError
from personagen.store.files import reserve, sync_folder, synced
from personagen.store.wal import is_damaged

FORMAT = 1
MAX_REASON_CHARS = 200
# Pages of 4 KB in the write-ahead log; SQLite's default of 1,000 checkpoints so often that it halves the speed.
CHECKPOINT = 8000
_TABLES = """
CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL, crc INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE calls(
  key TEXT PRIMARY KEY, role TEXT NOT NULL, model TEXT NOT NULL, place TEXT NOT NULL, completion BLOB NOT NULL,
  input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL, cached_input_tokens INTEGER NOT NULL,
  cache_write_input_tokens INTEGER NOT NULL, cost_usd REAL, finished REAL NOT NULL, seconds REAL NOT NULL,
  crc INTEGER NOT NULL);
CREATE TABLE results(
  file TEXT NOT NULL, slot INTEGER NOT NULL, fingerprint TEXT NOT NULL, lines BLOB NOT NULL, crc INTEGER NOT NULL,
  PRIMARY KEY(file, slot));
CREATE INDEX results_of_slot ON results(slot);
"""
# For reading with sqlite3 or Datasette: text in place of blobs, one record a row. (``->>`` needs SQLite 3.38.)
_RECORDS = """(SELECT slot, fingerprint, line.value AS json FROM results, json_each(
    '[' || replace(rtrim(CAST(lines AS TEXT), char(10)), char(10), ',') || ']') AS line WHERE file = '{}')"""
_FIELDS = {
    "trees": {"id": "$.id", "persona": "$.persona.id", "profile": "$.persona.profile"},
    "pairs": {name: f"$.{name}" for name in ("tree", "node", "turn", "persona", "chosen_agent", "rejected_agent")}
    | {"chosen": "$.chosen[0].content", "rejected": "$.rejected[0].content"},
    "rejections": {name: f"$.{name}" for name in ("place", "gate", "reason", "text")},
}


def _view(name: str, fields: dict[str, str]) -> str:
    columns = ", ".join(f"json_extract(json, '{path}') AS {field}" for field, path in fields.items())
    return f"SELECT {columns}, json, slot, fingerprint FROM {_RECORDS.format(f'{name}.jsonl')}"  # noqa: S608


VIEWS = {
    "answers": """SELECT key, role, model, place, substr(place, 1, instr(place || '/', '/') - 1) AS tree,
        json_extract(CAST(completion AS TEXT), '$.text') AS text,
        json_extract(CAST(completion AS TEXT), '$.finish_reason') AS finish_reason,
        input_tokens, output_tokens, cached_input_tokens, cost_usd, seconds,
        datetime(finished, 'unixepoch') AS finished, CAST(completion AS TEXT) AS json FROM calls""",
    **{name: _view(name, fields) for name, fields in _FIELDS.items()},
}
_KINDS = {"meta": "a setting", "calls": "an answer", "results": "a result"}
_REFUSED_BY_DISK = {
    *(sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM),
    *(sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_PROTOCOL),
}


def open_journal(file: Path) -> sqlite3.Connection:
    """A connection to the journal ``file``, which is created if it does not exist; raises as ``Journal``."""
    with translated(file):
        log = file.with_name(f"{file.name}-wal")
        if not file.exists():
            _create(file)
        elif not file.stat().st_size:
            raise CorruptError(f"{file} is empty, and its answers are lost; {_WAYS_OUT}")
        has_log = log.exists()
        if has_log and is_damaged(file):
            raise damaged(log, "answers were stored after the part that can't be read")
        connection = connect(file)
        try:
            _check(file, connection, has_log)
            if not has_log and _logged_more(connection):
                raise CorruptError(
                    f"{log} is missing, and answers with it; restore it, or create an empty file of that name to go on"
                    " without them"
                )
            for name, query in VIEWS.items():  # an older journal has none
                connection.execute(f"CREATE VIEW IF NOT EXISTS {name} AS {query}")
            checkpoint(connection)
        except BaseException as error:
            connection.close()
            if not isinstance(error, CorruptError):
                keep_log(file)
            raise
    return connection


def keep_log(file: Path) -> None:
    """Creates the log of the closed journal ``file`` after a failed write, if SQLite removed it."""
    with suppress(OSError):
        file.with_name(f"{file.name}-wal").touch(0o600)


def connect(file: Path) -> sqlite3.Connection:
    """Another connection to an existing journal."""
    connection = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=60)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = 1")  # on macOS, fsync leaves data in the drive's memory
        connection.execute("PRAGMA checkpoint_fullfsync = 1")
        connection.execute("PRAGMA wal_autocheckpoint = 0")
    except BaseException:
        connection.close()
        raise
    return connection


def checkpoint(connection: sqlite3.Connection) -> bool:
    """Moves the write-ahead log to the main file, which then says whether a log follows; False if busy.

    So the next process notices a deleted log, but not one that SQLite itself moved and removed.
    """
    _set(connection, "log", "more")
    connection.execute("PRAGMA busy_timeout = 100")
    busy = connection.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0]
    connection.execute("PRAGMA busy_timeout = 60000")
    _set(connection, "log", "all")
    return not busy


def crc(*row: object) -> int:
    """The checksum in the last column of a row, over the other columns in table order, as SQLite returns them."""
    # repr would depend on this Python's Unicode tables.
    total = crc32(ascii([value for value in row if not isinstance(value, bytes)]).encode())
    for value in row:
        if isinstance(value, bytes):
            total = crc32(value, total)
    return total


@contextmanager
def translated(file: Path) -> Iterator[None]:
    """Translates errors of SQLite and of the system to ours."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        if getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF in _REFUSED_BY_DISK:
            raise _refused(file, error, _too_many_files()) from error
        raise damaged(file, error) from error
    except UnicodeDecodeError as error:  # also within SQLite's message
        raise damaged(file, "text in it is not UTF-8") from error
    except OSError as error:
        raise _refused(file, error.strerror, error.errno in (errno.EMFILE, errno.ENFILE)) from error


def _refused(file: Path, reason: object, too_many_files: bool) -> DiskError:
    cure = "free or repair the disk"
    if too_many_files:
        cure = "too many files are open: raise the limit (ulimit -n 4096) or lower --concurrency"
    return DiskError(f"{file}: {reason}; {cure} and run the same command again")


def _too_many_files() -> bool:
    """Whether no file can be opened, which SQLite does not tell."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in (errno.EMFILE, errno.ENFILE)
    return False


def damaged(file: Path, how: object) -> CorruptError:
    """The error for a damaged journal."""
    reason = " ".join(str(how).split())  # SQLite's message may quote stored bytes
    reason = reason if len(reason) <= MAX_REASON_CHARS else f"{reason[:MAX_REASON_CHARS]}..."
    return CorruptError(f"{file} is damaged ({reason}); {_WAYS_OUT}")


_WAYS_OUT = "restore it from a copy, or give another --out"


def _create(file: Path) -> None:
    beside = file.with_name(f".{file.name}.new")
    for rest in file.parent.glob(f"{beside.name}*"):
        rest.unlink()
    reserve(beside)  # SQLite gives its other files the same mode
    # In memory mode, since SQLite does not report a failed checkpoint on close.
    with closing(sqlite3.connect(beside, isolation_level=None)) as connection:
        connection.executescript(f"PRAGMA journal_mode = MEMORY; BEGIN; {_TABLES}")
        _set(connection, "format", str(FORMAT))
        connection.execute("COMMIT")
    with beside.open("rb+") as written:
        synced(written.fileno())
    beside.replace(file)
    sync_folder(file.parent)


def _check(file: Path, connection: sqlite3.Connection, has_log: bool) -> None:
    pages, size = (int(connection.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size"))
    if file.stat().st_size < pages * size and not has_log:  # a log may hold the rest
        raise damaged(file, "its end is missing")
    found = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if found != "ok":
        raise damaged(file, found)
    row = connection.execute("SELECT value FROM meta WHERE name = 'format'").fetchone()
    if row is None or not str(row[0]).isdecimal():
        raise damaged(file, "its format is missing")
    if int(row[0]) > FORMAT:
        raise CorruptError(f"{file} was written by a newer personagen (format {row[0]}); upgrade to go on")
    for table, what in _KINDS.items():
        for *row, stored in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - table is a constant
            if crc(*row) != stored:
                raise damaged(file, f"{what} in it is not what was stored")


def _set(connection: sqlite3.Connection, name: str, value: str) -> None:
    connection.execute("INSERT OR REPLACE INTO meta VALUES(?,?,?)", (name, value, crc(name, value)))


def _logged_more(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT 1 FROM meta WHERE name = 'log' AND value = 'more'").fetchall())
