"""Nearest-neighbour search by cosine over unit vectors: exact in blocks, approximate above 100,000 rows."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from personagen.personas.filters.approximate import ApproximateIndex, FloatArray, Numbers, sketched

__all__ = ["FloatArray", "Nearest", "Rows"]

BLOCK = 8192
# Above this number of rows the search uses an approximate index.
MAX_EXACT_ROWS = 100_000
# Of float32 products; pairs this close to the threshold are recomputed in float64.
MAX_ROUNDING = 1e-4
# A query whose sketch leaves a larger share of a block in doubt is compared with the whole block.
MAX_DOUBTFUL_SHARE = 1 / 64
# Of the variance of the rows; for hashed texts, more costs a little more, and 0.55 far more.
KEPT_VARIANCE = 0.6
# Longer sketches save too little, and so do sketches of few rows.
MAX_SKETCH_SHARE = 0.6
MIN_ROWS_TO_SKETCH = 1024
MAX_ROWS_TO_FIT = 16_384


@dataclass(frozen=True)
class Nearest:
    """The nearest of the first ``searched`` rows: its ``score`` and ``row``, None if none reached the threshold."""

    searched: int = 0
    score: float | None = None
    row: int | None = None


class Rows:
    """Unit vectors in order of arrival, in one matrix that doubles when it is full.

    Each row has a shorter sketch: its coordinates along the first principal axes, and the length of the rest. By
    Cauchy-Schwarz the product of two sketches is at least the cosine, so the search is exact where it skips those below
    the threshold. Above ``MAX_EXACT_ROWS`` rows only the candidates of ``ApproximateIndex`` are compared; it misses
    less than one in a thousand texts that an exact search rejects.
    """

    def __init__(self) -> None:
        self._rows: FloatArray = np.zeros((0, 0), np.float32)
        self._size = 0
        self._axes: FloatArray | None = None
        self._fitted = 0
        self._sketches: FloatArray = np.zeros((0, 0), np.float32)
        self._sketched = 0
        self._index: ApproximateIndex | None = None

    def __len__(self) -> int:
        return self._size

    def first(self, count: int) -> FloatArray:
        """The first ``count`` rows (count, d), read-only."""
        rows = self._rows[:count]
        rows.flags.writeable = False
        return rows

    def add(self, row: FloatArray) -> None:
        """Appends ``row`` (d,), as long as the other rows."""
        if len(self._rows) == 0:
            self._rows = np.zeros((64, len(row)), np.float32)
        elif self._size == len(self._rows):
            # The system allocates zero pages only when they are written to.
            longer = np.zeros((2 * self._size, len(row)), np.float32)
            longer[: self._size] = self._rows
            self._rows = longer
        self._rows[self._size] = row
        self._size += 1

    def start(self, rows: FloatArray) -> None:
        """Takes ``rows`` (n, d) as the first ones, without a copy."""
        if self._size:
            raise ValueError("only an empty matrix can start with rows")
        self._rows, self._size = rows, len(rows)

    def search(self, queries: FloatArray, threshold: float, start: int, stop: int) -> list[Nearest]:
        """For each of ``queries`` (q, d), the nearest row of a range that reaches ``threshold``; ties: the oldest."""
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
        sketches = self._prepared(queries) if stop - start >= MIN_ROWS_TO_SKETCH else None
        for low in range(start, stop, BLOCK):
            q, r = self._close(queries, sketches, threshold, low, min(low + BLOCK, stop))
            if len(q):
                yield q, r + low

    def _current_index(self) -> ApproximateIndex:
        """The approximate index, with all rows added."""
        if self._index is None or self._size >= 2 * self._index.made_for:
            self._index = ApproximateIndex(self._rows[: self._size])
            self._axes, self._sketches, self._sketched = None, np.zeros((0, 0), np.float32), 0
        self._index.add(self._rows[self._index.size : self._size])
        return self._index

    def _close(
        self, queries: FloatArray, sketches: FloatArray | None, threshold: float, low: int, high: int
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The pairs (query, row - low) that may be nearest and reach the threshold."""
        if sketches is None:
            may = _closest(queries, self._rows[low:high], threshold)
        else:
            may = sketches @ self._sketches[low:high].T >= threshold - MAX_ROUNDING
            # A sketch is not selective for a text unlike most others, which is then compared as a whole.
            vague = np.flatnonzero(np.count_nonzero(may, axis=1) > MAX_DOUBTFUL_SHARE * (high - low))
            if len(vague):
                may[vague] = _closest(queries[vague], self._rows[low:high], threshold)
        return np.divmod(np.flatnonzero(may), high - low)

    def _prepared(self, queries: FloatArray) -> FloatArray | None:
        """The sketches of ``queries``, after updating those of all rows; None if sketches would hardly be shorter."""
        if self._size >= 2 * self._fitted and self._fitted < MAX_ROWS_TO_FIT:
            self._axes = _axes(self._rows[: self._size])
            self._fitted, self._sketched = self._size, 0
        if self._axes is None:
            return None
        width = self._axes.shape[1] + 1
        if self._sketches.shape != (len(self._rows), width):
            kept = self._sketches[: self._sketched].reshape(-1, width)
            self._sketches = np.concatenate([kept, np.zeros((len(self._rows) - len(kept), width), np.float32)])
        self._sketches[self._sketched : self._size] = sketched(self._rows[self._sketched : self._size], self._axes)
        self._sketched = self._size
        return sketched(queries, self._axes)


def _closest(queries: FloatArray, rows: FloatArray, threshold: float) -> npt.NDArray[np.bool_]:
    """Which of ``rows`` (n, d) reach the threshold and may be nearest to each of ``queries`` (q, d): (q, n)."""
    cosines = queries @ rows.T
    near: npt.NDArray[np.bool_] = cosines >= np.maximum(cosines.max(axis=1, keepdims=True), threshold) - MAX_ROUNDING
    return near


def _axes(rows: FloatArray) -> FloatArray | None:
    """The principal axes (d, a) that keep the mean of ``rows`` (n, d) and ``KEPT_VARIANCE``, or None if too many."""
    sample = rows[:: math.ceil(len(rows) / 4096)].astype(np.float64)
    values, axes = np.linalg.eigh(sample.T @ sample)
    mean = float(np.square(sample.mean(axis=0)).sum())
    share = (mean + KEPT_VARIANCE * (1 - mean)) * values.sum()
    count = int(np.searchsorted(np.cumsum(values[::-1]), share)) + 1
    return np.ascontiguousarray(axes[:, -count:], np.float32) if count + 1 <= MAX_SKETCH_SHARE * len(values) else None
