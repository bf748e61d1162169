"""An index of sets that finds the set most like another one by Jaccard overlap, exactly."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

_EMPTY = array("I")


class Overlap:
    """Sets of whole numbers, numbered in the order they are added.

    Only the rarest members of a set are looked up (the prefix filter, Chaudhuri et al. 2006): a set that shares a part
    t of the union must hold one of any |A| - t|A| + 1 members of A. So what every text says costs nothing.
    """

    def __init__(self) -> None:
        self._holders: dict[int, array[int]] = {}
        self._sizes = array("I")

    def add(self, members: Iterable[int]) -> None:
        """Append a set; its number is the count of sets before it."""
        number = len(self._sizes)
        size = 0
        for member in members:
            self._holders.setdefault(member, array("I")).append(number)
            size += 1
        self._sizes.append(size)

    def nearest(self, members: frozenset[int], threshold: float, among: int) -> tuple[float, int] | None:
        """(Jaccard overlap, number) of the set most like ``members`` among the first ``among``, the oldest on a tie.

        None where none reaches ``threshold`` (more than 0, at most 1).
        """
        if not members:
            return None
        size = len(members)
        holders = sorted((self._holders.get(member, _EMPTY) for member in members), key=len)
        probes = size - math.ceil(threshold * size - 1e-9) + 1
        common = holders[probes:]
        best: tuple[float, int] | None = None
        for number, hits in self._promising(holders[:probes], size, threshold, among):
            shared = hits + sum(1 for holder in common if _holds(holder, number))
            score = shared / (size + self._sizes[number] - shared)
            if score >= threshold and (best is None or score > best[0]):
                best = (score, number)
        return best

    def _promising(
        self, holders: Sequence[array[int]], size: int, threshold: float, among: int
    ) -> Iterable[tuple[int, int]]:
        """The sets that can reach the threshold if they hold every other member too, with how many they hold here."""
        filled = [np.frombuffer(holder, np.uint32) for holder in holders if holder]
        if not filled:
            return []
        numbers, hits = _counted(np.concatenate(filled))
        sizes = np.frombuffer(self._sizes, np.uint32)[numbers].astype(np.float64)
        possible = hits + max(0, size - len(holders))
        # A Jaccard overlap of t takes t / (1 + t) of the two sizes in common.
        enough = possible + 1e-9 >= (size + sizes) * threshold / (1 + threshold)
        fit = np.nonzero(enough & (numbers < among))[0]
        return zip(numbers[fit].tolist(), hits[fit].tolist(), strict=True)


def _counted(numbers: npt.NDArray[np.uint32]) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Every number once, ascending, and how often it comes."""
    if len(numbers) < 2048:
        once, counts = np.unique(numbers, return_counts=True)
        return once.astype(np.intp), counts
    counts = np.bincount(numbers)
    present = np.nonzero(counts)[0]
    return present, counts[present]


def _holds(holder: Sequence[int], number: int) -> bool:
    at = bisect_left(holder, number)
    return at < len(holder) and holder[at] == number
