"""Exact nearest-neighbour search by cosine over rows of unit length, in blocks."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float32]

BLOCK = 8192
# Room for the rounding of float32 products; what comes this close is computed again in float64.
SLACK = 1e-4
# A sketch that leaves more than this share of the pairs in doubt is slower than the whole product.
DOUBT = 1 / 64
# Of the squared length of all rows; with hashed texts 0.5, 0.6 and 0.8 were slower.
KEPT = 0.7
# Sketches longer than this part of a row save too little, and so do those of few rows.
SHORTER = 0.6
WORTH_SKETCHING = 1024
LARGEST_FIT = 16_384


@dataclass(frozen=True)
class Nearest:
    """Of the first ``searched`` rows the closest: its ``score`` and ``row``, None where none reached the threshold."""

    searched: int = 0
    score: float | None = None
    row: int | None = None


class Rows:
    """Unit vectors in the order they came, in one matrix that doubles when it is full.

    Beside each row stands a shorter sketch: its coordinates along the first principal axes, which hold ``KEPT`` of all
    squared length, and the length of the rest. By Cauchy-Schwarz the product of two sketches is at least the cosine, so
    where it stays below the threshold the cosine need not be computed. The answer is the one that comparing every pair
    gives.
    """

    def __init__(self) -> None:
        self._rows: FloatArray = np.zeros((0, 0), np.float32)
        self._size = 0
        self._axes: FloatArray | None = None
        self._fitted = 0
        self._sketches: FloatArray = np.zeros((0, 0), np.float32)
        self._sketched = 0

    def __len__(self) -> int:
        return self._size

    def first(self, count: int) -> FloatArray:
        """The first ``count`` rows (count, d), not to be written to."""
        rows = self._rows[:count]
        rows.flags.writeable = False
        return rows

    def add(self, row: FloatArray) -> None:
        """Append ``row`` (d,).

        Raises:
            ValueError: it has another length than the rows before it.
        """
        if self._size == 0:
            self._rows = np.zeros((64, len(row)), np.float32)
        elif self._size == len(self._rows):
            self._rows = np.concatenate([self._rows, np.zeros_like(self._rows)])
        self._rows[self._size] = row
        self._size += 1

    def search(self, queries: FloatArray, threshold: float, start: int, stop: int) -> list[Nearest]:
        """For each of ``queries`` (q, d) the nearest of the rows ``start`` to ``stop``, where it reaches ``threshold``.

        Scores are computed in float64; on a tie the oldest row wins.
        """
        found: list[tuple[float, int] | None] = [None] * len(queries)
        sketches = self._prepared(queries) if stop - start >= WORTH_SKETCHING else None
        for low in range(start, stop, BLOCK):
            high = min(low + BLOCK, stop)
            q, r = self._close(queries, sketches, threshold, low, high)
            if not len(q):
                continue
            scores = np.einsum("ij,ij->i", queries[q].astype(np.float64), self._rows[r + low].astype(np.float64))
            order = np.lexsort((r, -scores, q))
            for at in order[np.unique(q[order], return_index=True)[1]]:
                best, score = found[q[at]], float(scores[at])
                if score >= threshold and (best is None or score > best[0]):
                    found[q[at]] = (score, int(r[at]) + low)
        return [Nearest(stop, *hit) if hit else Nearest(stop) for hit in found]

    def _close(
        self, queries: FloatArray, sketches: FloatArray | None, threshold: float, low: int, high: int
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The pairs (query, row - low) that may be the nearest one and reach the threshold."""
        if sketches is not None:
            may = sketches @ self._sketches[low:high].T >= threshold - SLACK
            if np.count_nonzero(may) <= DOUBT * may.size:
                q, r = np.nonzero(may)
                return q, r
        cosines = queries @ self._rows[low:high].T
        floor = np.maximum(cosines.max(axis=1, keepdims=True), threshold) - SLACK
        q, r = np.nonzero(cosines >= floor)
        return q, r

    def _prepared(self, queries: FloatArray) -> FloatArray | None:
        """The sketches of ``queries``, with those of all rows at hand; None where sketches would be hardly shorter."""
        if self._size >= 2 * self._fitted and self._fitted < LARGEST_FIT:
            self._axes = _axes(self._rows[: self._size])
            self._fitted, self._sketched = self._size, 0
        if self._axes is None:
            return None
        width = self._axes.shape[1] + 1
        if self._sketches.shape != (len(self._rows), width):
            kept = self._sketches[: self._sketched].reshape(-1, width)
            self._sketches = np.concatenate([kept, np.zeros((len(self._rows) - len(kept), width), np.float32)])
        self._sketches[self._sketched : self._size] = _sketch(self._rows[self._sketched : self._size], self._axes)
        self._sketched = self._size
        return _sketch(queries, self._axes)


def _axes(rows: FloatArray) -> FloatArray | None:
    """The principal axes (d, a) that hold ``KEPT`` of the squared length of ``rows`` (n, d), if few do."""
    sample = rows[:: math.ceil(len(rows) / 4096)].astype(np.float64)
    values, axes = np.linalg.eigh(sample.T @ sample)
    count = int(np.searchsorted(np.cumsum(values[::-1]), KEPT * values.sum())) + 1
    return np.ascontiguousarray(axes[:, -count:], np.float32) if count + 1 <= SHORTER * len(values) else None


def _sketch(rows: FloatArray, axes: FloatArray) -> FloatArray:
    """``rows`` (n, d) along ``axes`` (d, a), and the length of what is left: (n, a + 1)."""
    along = rows @ axes
    rest = np.sqrt(np.maximum(0.0, 1.0 - np.einsum("ij,ij->i", along, along)))
    return np.hstack([along, rest[:, None]]).astype(np.float32)
