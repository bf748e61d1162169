"""Nearest-neighbour search by cosine over rows of unit length: exact, in blocks, and through an index past 100,000."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from personagen.personas.filters.approximate import FloatArray, Numbers, Pivots, sketched

__all__ = ["FloatArray", "Nearest", "Rows"]

BLOCK = 8192
# Up to so many rows the search is exact; of more it goes through an index.
EXACT = 100_000
# Room for the rounding of float32 products; what comes this close is computed again in float64.
SLACK = 1e-4
# A query whose sketch leaves more than this share of a block in doubt is compared with the whole block instead.
DOUBT = 1 / 64
# Of the squared length of all rows, beside that of their mean; with hashed texts more costs a little more and 0.55 far
# more.
KEPT = 0.6
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

    Beside each row stands a shorter sketch: its coordinates along the first principal axes, which hold ``KEPT`` of what
    varies among rows, and the length of the rest. By Cauchy-Schwarz the product of two sketches is at least the cosine,
    so where it stays below the threshold the cosine need not be computed. The answer is the one that comparing every
    pair gives. In more than ``EXACT`` rows only those that ``Pivots`` names are compared, which are nearly all that
    reach the threshold: of texts that brute force turns away, less than one in a thousand is missed.
    """

    def __init__(self) -> None:
        self._rows: FloatArray = np.zeros((0, 0), np.float32)
        self._size = 0
        self._axes: FloatArray | None = None
        self._fitted = 0
        self._sketches: FloatArray = np.zeros((0, 0), np.float32)
        self._sketched = 0
        self._pivots: Pivots | None = None

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
            # The system hands out the pages of zeros only as they are written to.
            longer = np.zeros((2 * self._size, len(row)), np.float32)
            longer[: self._size] = self._rows
            self._rows = longer
        self._rows[self._size] = row
        self._size += 1

    def search(self, queries: FloatArray, threshold: float, start: int, stop: int) -> list[Nearest]:
        """For each of ``queries`` (q, d) the nearest of the rows ``start`` to ``stop``, where it reaches ``threshold``.

        Scores are computed in float64; on a tie the oldest row wins.
        """
        found: list[tuple[float, int] | None] = [None] * len(queries)
        for q, r in self._pairs(queries, threshold, start, stop):
            scores = np.einsum("ij,ij->i", queries[q], self._rows[r])
            near = scores >= threshold - SLACK
            q, r = q[near], r[near]  # noqa: PLW2901
            scores = np.einsum("ij,ij->i", queries[q].astype(np.float64), self._rows[r].astype(np.float64))
            order = np.lexsort((r, -scores, q))
            for at in order[np.unique(q[order], return_index=True)[1]]:
                best, score = found[q[at]], float(scores[at])
                if score >= threshold and (best is None or score > best[0]):
                    found[q[at]] = (score, int(r[at]))
        return [Nearest(stop, *hit) if hit else Nearest(stop) for hit in found]

    def _pairs(self, queries: FloatArray, threshold: float, start: int, stop: int) -> Iterator[tuple[Numbers, Numbers]]:
        """The pairs (query, row) that may be the nearest one and reach the threshold, lower rows first."""
        if stop - start > EXACT and len(queries):
            q, r = self._listed().close(queries, threshold)
            inside = np.flatnonzero((r >= start) & (r < stop))
            for low in range(0, len(inside), BLOCK):
                yield q[inside[low : low + BLOCK]], r[inside[low : low + BLOCK]]
            return
        sketches = self._prepared(queries) if stop - start >= WORTH_SKETCHING else None
        for low in range(start, stop, BLOCK):
            q, r = self._close(queries, sketches, threshold, low, min(low + BLOCK, stop))
            if len(q):
                yield q, r + low

    def _listed(self) -> Pivots:
        """The index, with all rows in it."""
        if self._pivots is None or self._size >= 2 * self._pivots.made_for:
            self._pivots = Pivots(self._rows[: self._size])
            self._axes, self._sketches, self._sketched = None, np.zeros((0, 0), np.float32), 0
        self._pivots.add(self._rows[self._pivots.size : self._size])
        return self._pivots

    def _close(
        self, queries: FloatArray, sketches: FloatArray | None, threshold: float, low: int, high: int
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The pairs (query, row - low) that may be the nearest one and reach the threshold."""
        if sketches is None:
            may = _closest(queries, self._rows[low:high], threshold)
        else:
            may = sketches @ self._sketches[low:high].T >= threshold - SLACK
            # Sketches tell little of a text that is unlike most others: then that one is compared as a whole.
            vague = np.flatnonzero(np.count_nonzero(may, axis=1) > DOUBT * (high - low))
            if len(vague):
                may[vague] = _closest(queries[vague], self._rows[low:high], threshold)
        return np.divmod(np.flatnonzero(may), high - low)

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
        self._sketches[self._sketched : self._size] = sketched(self._rows[self._sketched : self._size], self._axes)
        self._sketched = self._size
        return sketched(queries, self._axes)


def _closest(queries: FloatArray, rows: FloatArray, threshold: float) -> npt.NDArray[np.bool_]:
    """Which of ``rows`` (n, d) reach the threshold and may be the closest to which of ``queries`` (q, d): (q, n)."""
    cosines = queries @ rows.T
    near: npt.NDArray[np.bool_] = cosines >= np.maximum(cosines.max(axis=1, keepdims=True), threshold) - SLACK
    return near


def _axes(rows: FloatArray) -> FloatArray | None:
    """The principal axes (d, a) that hold the mean of ``rows`` (n, d) and ``KEPT`` of the rest, if few do."""
    sample = rows[:: math.ceil(len(rows) / 4096)].astype(np.float64)
    values, axes = np.linalg.eigh(sample.T @ sample)
    mean = float(np.square(sample.mean(axis=0)).sum())
    share = (mean + KEPT * (1 - mean)) * values.sum()
    count = int(np.searchsorted(np.cumsum(values[::-1]), share)) + 1
    return np.ascontiguousarray(axes[:, -count:], np.float32) if count + 1 <= SHORTER * len(values) else None
