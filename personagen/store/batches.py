"""The batches in flight at a provider, stored with their calls so that a resumed run sends none of them again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from personagen.store.journal import Journal

_TABLES = (
    "CREATE TABLE IF NOT EXISTS batches(id TEXT PRIMARY KEY, model TEXT NOT NULL, url TEXT NOT NULL,"
    " refused TEXT NOT NULL, sent_at REAL NOT NULL, provider_id TEXT) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS batch_calls(key TEXT PRIMARY KEY, batch TEXT NOT NULL, max_cost REAL NOT NULL)",
    "CREATE INDEX IF NOT EXISTS batch_calls_batch ON batch_calls(batch)",
)
_PRUNE = (
    "DELETE FROM batch_calls WHERE key IN (SELECT key FROM calls)",
    "DELETE FROM batches WHERE id NOT IN (SELECT batch FROM batch_calls)",
)


@dataclass(frozen=True)
class Batch:
    """Calls sent to a provider as one batch: ``keys`` in order, each with its maximum cost in USD.

    ``provider_id`` is None until the provider confirms the batch. ``refused`` are the request parts that this server
    had refused by then; ``sent_at`` is in seconds since 1970.
    """

    id: str
    model: str
    url: str
    refused: frozenset[str]
    sent_at: float
    keys: Mapping[str, float]
    provider_id: str | None = None


class Batches:
    """The batches of a run folder that may still bring answers. Each call is in at most one of them.

    A call is removed once its answer is stored or it failed; a batch, with its last call.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        for sql in _TABLES:
            journal.rows(sql)

    def pending(self) -> list[Batch]:
        """The batches in flight, oldest first."""
        for sql in _PRUNE:
            self._journal.rows(sql)
        rows = self._journal.rows(
            "SELECT id, model, url, refused, sent_at, provider_id FROM batches ORDER BY sent_at, id"
        )
        calls: dict[str, dict[str, float]] = {}
        for batch_id, key, cost in self._journal.rows("SELECT batch, key, max_cost FROM batch_calls ORDER BY rowid"):
            calls.setdefault(batch_id, {})[key] = cost
        return [
            Batch(batch_id, model, url, frozenset(refused.split()), sent_at, calls[batch_id], provider_id)
            for batch_id, model, url, refused, sent_at, provider_id in rows
        ]

    async def intend(self, batch: Batch) -> None:
        """Stores durably that ``batch`` is about to be sent."""
        refused = " ".join(sorted(batch.refused))
        head = (batch.id, batch.model, batch.url, refused, batch.sent_at, batch.provider_id)
        calls = [("INSERT OR REPLACE INTO batch_calls VALUES(?,?,?)", (k, batch.id, m)) for k, m in batch.keys.items()]
        await self._journal.write([("INSERT INTO batches VALUES(?,?,?,?,?,?)", head), *calls])

    async def submitted(self, batch_id: str, provider_id: str) -> None:
        """Stores the provider's id of a batch that arrived."""
        await self._journal.write([("UPDATE batches SET provider_id = ? WHERE id = ?", (provider_id, batch_id))])

    async def settle(self, batch_id: str, keys: Iterable[str]) -> None:
        """Removes calls of a batch that have no answer in it: they failed, or were never sent."""
        statement = "DELETE FROM batch_calls WHERE key = ? AND batch = ?"
        await self._journal.write([(statement, (key, batch_id)) for key in keys])
