"""An approximate index for very many unit vectors: finds candidates for the close ones, and misses few."""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float32]
Numbers: TypeAlias = npt.NDArray[np.int64]

# The number of nearest pivots under which a vector is listed, and whose lists a query searches.
PIVOTS_PER_ROW, PIVOTS_PER_QUERY = 12, 12
# A query in a dense region needs only the closest of a list.
MAX_HITS_PER_PIVOT = 64
# ApproximateIndex for n vectors, in roots of n.
PIVOTS_PER_ROOT = 1.45
# A sketch has this many coordinates and the length of the rest, each scaled to int8; and an upper bound of the rounding
# error of a product of two sketches.
SKETCH_AXES = 64
SKETCH_SCALE = np.float32(127.0)
MAX_ROUNDING = 0.01
# How much the cosine of the rests of two vectors may exceed the threshold.
REST_MARGIN = 0.07
BATCH = 4096


class ApproximateIndex:
    """Vectors listed under their nearest pivots, each with a short sketch.

    Close vectors have the same nearest pivots (Chavez, Figueroa and Navarro 2008), so a query searches only the lists
    of its nearest pivots. The pivots are a sample of the vectors, about the root of their number, so the cost grows
    with that root. The rests of two vectors, beyond their sketches, are assumed to be about as similar as the vectors.
    """

    def __init__(self, rows: FloatArray) -> None:
        self.made_for = len(rows)
        count = int(PIVOTS_PER_ROOT * math.sqrt(len(rows)))
        sample = rows[:: math.ceil(len(rows) / (4 * BATCH))]
        wide = sample.astype(np.float64)
        self._axes = np.ascontiguousarray(np.linalg.eigh(wide.T @ wide)[1][:, -SKETCH_AXES:], np.float32)
        self._pivots = sample[:: max(1, len(sample) // count)][:count].copy()
        # For each pivot the sketches and row numbers listed there, with spare capacity.
        self._sketches = [np.empty((0, self._axes.shape[1] + 1), np.int8) for _ in self._pivots]
        self._numbers = [np.empty(0, np.uint32) for _ in self._pivots]
        self._sizes = np.zeros(len(self._pivots), np.int64)
        self.size = 0

    def add(self, rows: FloatArray) -> None:
        """Adds ``rows`` (n, d), numbered in order."""
        for low in range(0, len(rows), BATCH):
            part = rows[low : low + BATCH]
            sketches = np.rint(SKETCH_SCALE * sketched(part, self._axes)).astype(np.int8)
            for pivot, own in self._by_pivot(part, PIVOTS_PER_ROW):
                self._append(pivot, sketches[own], own + self.size)
            self.size += len(part)

    def close(self, queries: FloatArray, threshold: float) -> tuple[Numbers, Numbers]:
        """The pairs (query, row) that may have a cosine of ``threshold`` or more, ascending."""
        alike = np.float32(min(1.0, threshold + REST_MARGIN))
        sketches = sketched(queries, self._axes)
        sketches[:, -1] *= alike
        least = np.float32(threshold - MAX_ROUNDING) * SKETCH_SCALE
        pairs = [np.empty(0, np.int64)]
        for pivot, own in self._by_pivot(queries, PIVOTS_PER_QUERY):
            size = self._sizes[pivot]
            products = sketches[own] @ self._sketches[pivot][:size].astype(np.float32).T
            hits = np.flatnonzero(products >= least)
            if len(hits) > MAX_HITS_PER_PIVOT * len(own):
                closest = np.argpartition(products, -MAX_HITS_PER_PIVOT, axis=1)[:, -MAX_HITS_PER_PIVOT:]
                hits = np.intersect1d(hits, closest + size * np.arange(len(own))[:, None])
            if len(hits):
                q, r = np.divmod(hits, size)
                pairs.append(own[q] * self.size + self._numbers[pivot][r])
        return np.divmod(np.unique(np.concatenate(pairs)), self.size)

    def _by_pivot(self, rows: FloatArray, count: int) -> list[tuple[int, Numbers]]:
        """For each pivot among the ``count`` nearest of any of ``rows``, the numbers of those rows."""
        count = min(count, len(self._pivots))
        nearness = rows @ self._pivots.T
        closest = np.argpartition(nearness, -count, axis=1)[:, -count:].ravel()
        order = np.argsort(closest, kind="stable")
        pivots, starts = np.unique(closest[order], return_index=True)
        return list(zip(pivots.tolist(), np.split(order // count, starts[1:]), strict=True))

    def _append(self, pivot: int, sketches: npt.NDArray[np.int8], numbers: Numbers) -> None:
        size = int(self._sizes[pivot])
        end = size + len(numbers)
        if end > len(self._numbers[pivot]):
            room = end + end // 16 + 8
            self._sketches[pivot] = np.pad(self._sketches[pivot][:size], ((0, room - size), (0, 0)))
            self._numbers[pivot] = np.pad(self._numbers[pivot][:size], (0, room - size))
        self._sketches[pivot][size:end] = sketches
        self._numbers[pivot][size:end] = numbers
        self._sizes[pivot] = end


def sketched(rows: FloatArray, axes: FloatArray) -> FloatArray:
    """The coordinates of ``rows`` (n, d) along ``axes`` (d, a), and the length of the rest: (n, a + 1)."""
    along = rows @ axes
    rest = np.sqrt(np.maximum(0.0, 1.0 - np.einsum("ij,ij->i", along, along)))
    return np.hstack([along, rest[:, None]]).astype(np.float32)
