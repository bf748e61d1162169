"""Nearest-neighbour search by cosine over unit vectors: exact in blocks, approximate above 100,000 rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from personagen.personas.filters.approximate import ApproximateIndex, FloatArray, Numbers

__all__ = ["FloatArray", "Nearest", "Rows"]

BLOCK = 8192
# Above this number of rows the search uses an approximate index.
MAX_EXACT_ROWS = 100_000
# Of float32 products; pairs this close to the threshold are recomputed in float64.
MAX_ROUNDING = 1e-4


@dataclass(frozen=True)
class Nearest:
    """The nearest of the first ``searched`` rows: its ``score`` and ``row``, None if none reached the threshold."""

    searched: int = 0
    score: float | None = None
    row: int | None = None


class Rows:
    """Unit vectors in order of arrival, in one matrix that doubles when it is full.

    The search is exact. Only above ``MAX_EXACT_ROWS`` rows just the candidates of ``ApproximateIndex`` are compared; it
    misses less than one in a thousand texts that an exact search rejects.
    """

    def __init__(self) -> None:
        self._rows: FloatArray = np.zeros((0, 0), np.float32)
        self._size = 0
        self._index: ApproximateIndex | None = None

    def __len__(self) -> int:
        return self._size

    def first(self, count: int) -> FloatArray:
        """The first ``count`` rows (count, d), read-only."""
        rows = self._rows[:count]
        rows.flags.writeable = False
        return rows

    def add(self, row: FloatArray) -> None:
        """Appends ``row`` (d,).

        Raises:
            ValueError: its length differs from that of the other rows.
        """
        if self._size == 0:
            self._rows = np.zeros((64, len(row)), np.float32)
        elif self._size == len(self._rows):
            # The system allocates zero pages only when they are written to.
            longer = np.zeros((2 * self._size, len(row)), np.float32)
            longer[: self._size] = self._rows
            self._rows = longer
        self._rows[self._size] = row
        self._size += 1

    def search(self, queries: FloatArray, threshold: float, start: int, stop: int) -> list[Nearest]:
        """For each of ``queries`` (q, d), the nearest of the rows ``start`` to ``stop`` that reaches ``threshold``.

        Scores are float64; on a tie the oldest row wins.
        """
        found: list[tuple[float, int] | None] = [None] * len(queries)
        for q, r in self._pairs(queries, threshold, start, stop):
            scores = np.einsum("ij,ij->i", queries[q], self._rows[r])
            near = scores >= threshold - MAX_ROUNDING
            q, r = q[near], r[near]  # noqa: PLW2901
            scores = np.einsum("ij,ij->i", queries[q].astype(np.float64), self._rows[r].astype(np.float64))
            order = np.lexsort((r, -scores, q))
            for at in order[np.unique(q[order], return_index=True)[1]]:
                best, score = found[q[at]], float(scores[at])
                if score >= threshold and (best is None or score > best[0]):
                    found[q[at]] = (score, int(r[at]))
        return [Nearest(stop, *hit) if hit else Nearest(stop) for hit in found]

    def _pairs(self, queries: FloatArray, threshold: float, start: int, stop: int) -> Iterator[tuple[Numbers, Numbers]]:
        """The pairs (query, row) that may be nearest and reach the threshold, lower rows first."""
        if stop - start > MAX_EXACT_ROWS and len(queries):
            q, r = self._current_index().close(queries, threshold)
            inside = np.flatnonzero((r >= start) & (r < stop))
            for low in range(0, len(inside), BLOCK):
                yield q[inside[low : low + BLOCK]], r[inside[low : low + BLOCK]]
            return
        for low in range(start, stop, BLOCK):
            high = min(low + BLOCK, stop)
            cosines = queries @ self._rows[low:high].T
            least = np.maximum(cosines.max(axis=1, keepdims=True), threshold) - MAX_ROUNDING
            q, r = np.divmod(np.flatnonzero(cosines >= least), high - low)
            if len(q):
                yield q, r + low

    def _current_index(self) -> ApproximateIndex:
        """The approximate index, with all rows added."""
        if self._index is None or self._size >= 2 * self._index.made_for:
            self._index = ApproximateIndex(self._rows[: self._size])
        self._index.add(self._rows[self._index.size : self._size])
        return self._index
