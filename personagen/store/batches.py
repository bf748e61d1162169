"""Batches under way at a provider: which calls they hold, so that none is sent again, however a process ended."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from personagen.store.journal import Journal

_TABLES = (
    "CREATE TABLE IF NOT EXISTS batches(wave TEXT PRIMARY KEY, model TEXT NOT NULL, url TEXT NOT NULL,"
    " refused TEXT NOT NULL, made REAL NOT NULL, batch TEXT) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS batch_calls(key TEXT PRIMARY KEY, wave TEXT NOT NULL, most REAL NOT NULL)",
    "CREATE INDEX IF NOT EXISTS batch_calls_wave ON batch_calls(wave)",
)
_PRUNE = (
    "DELETE FROM batch_calls WHERE key IN (SELECT key FROM calls)",
    "DELETE FROM batches WHERE wave NOT IN (SELECT wave FROM batch_calls)",
)


@dataclass(frozen=True)
class Wave:
    """Calls that go to a provider as one batch: ``keys`` in order, each with the most it can cost in USD.

    ``batch`` is the provider's id, None while nobody knows whether the batch arrived. ``refused`` are the parts of a
    request that this server had refused by then; ``made`` is the time it was to be sent, in seconds since 1970.
    """

    id: str
    model: str
    url: str
    refused: frozenset[str]
    made: float
    keys: Mapping[str, float]
    batch: str | None = None


class Batches:
    """The batches of a run folder that may still bring answers. A call is in one of them at most.

    A call is forgotten here once its answer is among the stored calls or it is known to have none; a batch, once it
    holds no call.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        for sql in _TABLES:
            journal.rows(sql)

    def pending(self) -> list[Wave]:
        """What is under way, the oldest first."""
        for sql in _PRUNE:
            self._journal.rows(sql)
        rows = self._journal.rows("SELECT wave, model, url, refused, made, batch FROM batches ORDER BY made, wave")
        calls: dict[str, dict[str, float]] = {}
        for wave, key, most in self._journal.rows("SELECT wave, key, most FROM batch_calls ORDER BY rowid"):
            calls.setdefault(wave, {})[key] = most
        return [
            Wave(wave, model, url, frozenset(refused.split()), made, calls[wave], batch)
            for wave, model, url, refused, made, batch in rows
        ]

    async def intend(self, wave: Wave) -> None:
        """Stores that ``wave`` is about to be sent; returns when that is on disk."""
        head = (wave.id, wave.model, wave.url, " ".join(sorted(wave.refused)), wave.made, wave.batch)
        calls = [("INSERT OR REPLACE INTO batch_calls VALUES(?,?,?)", (k, wave.id, m)) for k, m in wave.keys.items()]
        await self._journal.write([("INSERT INTO batches VALUES(?,?,?,?,?,?)", head), *calls])

    async def submitted(self, wave: str, batch: str) -> None:
        """Stores the provider's id of a wave that has arrived."""
        await self._journal.write([("UPDATE batches SET batch = ? WHERE wave = ?", (batch, wave))])

    async def settle(self, wave: str, keys: Iterable[str]) -> None:
        """Forgets calls of a wave that have no answer in it: they failed, or were never sent."""
        statement = "DELETE FROM batch_calls WHERE key = ? AND wave = ?"
        await self._journal.write([(statement, (key, wave)) for key in keys])
