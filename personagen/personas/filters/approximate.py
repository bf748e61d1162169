"""An index for very many unit vectors: it names those that may be close to a query, and leaves out few that are."""

from __future__ import annotations

import math
from typing import TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

FloatArray: TypeAlias = npt.NDArray[np.float32]
Numbers: TypeAlias = npt.NDArray[np.int64]
Number = TypeVar("Number", np.int8, np.uint32)

# Each vector is listed under this many pivots, and a query looks into the lists of so many.
LISTED, ASKED = 12, 12
# No query takes more from a list: where a crowd is close to it, the closest of them will do to turn it away.
MOST = 64
# Pivots for n vectors, in roots of n.
DENSE = 1.45
# The numbers that a sketch has beside the length of the rest, each a whole number of parts of 1; and more than the
# rounding takes from a product of two.
WIDTH = 64
PARTS = np.float32(127.0)
ROUNDED = 0.01
# How much more alike the rests of two vectors may be than a pair at the threshold is as a whole.
MARGIN = 0.07
BATCH = 4096


class Pivots:
    """Vectors listed under those pivots that are closest to them, each with a short sketch.

    Vectors that are close are close to the same pivots (Chavez, Figueroa and Navarro 2008), so a query is compared with
    the lists of its own closest pivots alone. The pivots are some of the vectors, about as many as the root of their
    number, so that the cost grows with that root. The sketch of a vector holds its coordinates along the first
    principal axes and the length of the rest, in a byte each; of the rests of two vectors it is taken that they are
    about as much alike as the whole.
    """

    def __init__(self, rows: FloatArray) -> None:
        self.made_for = len(rows)
        count = int(DENSE * math.sqrt(len(rows)))
        sample = rows[:: math.ceil(len(rows) / (4 * BATCH))]
        wide = sample.astype(np.float64)
        self._axes = np.ascontiguousarray(np.linalg.eigh(wide.T @ wide)[1][:, -WIDTH:], np.float32)
        self._pivots = sample[:: max(1, len(sample) // count)][:count].copy()
        # For each pivot the sketches and the row numbers listed there, with room at the end.
        self._sketches = [np.empty((0, self._axes.shape[1] + 1), np.int8) for _ in self._pivots]
        self._numbers = [np.empty(0, np.uint32) for _ in self._pivots]
        self._sizes = np.zeros(len(self._pivots), np.int64)
        self.size = 0

    def add(self, rows: FloatArray) -> None:
        """List ``rows`` (n, d); they are numbered in the order they come."""
        for low in range(0, len(rows), BATCH):
            part = rows[low : low + BATCH]
            sketches = np.rint(PARTS * sketched(part, self._axes)).astype(np.int8)
            for pivot, own in self._by_pivot(part, LISTED):
                self._append(pivot, sketches[own], own + self.size)
            self.size += len(part)

    def close(self, queries: FloatArray, threshold: float) -> tuple[Numbers, Numbers]:
        """(query, row) of each pair that may have a cosine of ``threshold`` or more, ascending."""
        alike = np.float32(min(1.0, threshold + MARGIN))
        sketches = sketched(queries, self._axes)
        sketches[:, -1] *= alike
        least = np.float32(threshold - ROUNDED) * PARTS
        pairs = [np.empty(0, np.int64)]
        for pivot, own in self._by_pivot(queries, ASKED):
            size = self._sizes[pivot]
            products = sketches[own] @ self._sketches[pivot][:size].astype(np.float32).T
            hits = np.flatnonzero(products >= least)
            if len(hits) > MOST * len(own):
                closest = np.argpartition(products, -MOST, axis=1)[:, -MOST:] + size * np.arange(len(own))[:, None]
                hits = np.intersect1d(hits, closest)
            if len(hits):
                q, r = np.divmod(hits, size)
                pairs.append(own[q] * self.size + self._numbers[pivot][r])
        return np.divmod(np.unique(np.concatenate(pairs)), self.size)

    def _by_pivot(self, rows: FloatArray, count: int) -> list[tuple[int, Numbers]]:
        """For each pivot that is among the ``count`` closest of some of ``rows``, the numbers of these."""
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
            self._sketches[pivot] = _longer(self._sketches[pivot], size, room)
            self._numbers[pivot] = _longer(self._numbers[pivot], size, room)
        self._sketches[pivot][size:end] = sketches
        self._numbers[pivot][size:end] = numbers
        self._sizes[pivot] = end


def sketched(rows: FloatArray, axes: FloatArray) -> FloatArray:
    """``rows`` (n, d) along ``axes`` (d, a), and the length of what is left: (n, a + 1)."""
    along = rows @ axes
    rest = np.sqrt(np.maximum(0.0, 1.0 - np.einsum("ij,ij->i", along, along)))
    return np.hstack([along, rest[:, None]]).astype(np.float32)


def _longer(array: npt.NDArray[Number], size: int, room: int) -> npt.NDArray[Number]:
    longer = np.empty((room, *array.shape[1:]), array.dtype)
    longer[:size] = array[:size]
    return longer
