"""An index of sets that finds the nearest set by Jaccard index, exactly."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable

import numpy as np


class JaccardIndex:
    """Sets of integers, numbered in the order they are added.

    Only the rarest members of a set are looked up (prefix filter, Chaudhuri et al. 2006): a set with Jaccard index t
    must hold one of any |A| - t|A| + 1 members of A. So common members cost nothing.
    """

    def __init__(self) -> None:
        self._holders: defaultdict[int, array[int]] = defaultdict(lambda: array("I"))
        self._sizes = array("I")

    def add(self, members: Iterable[int]) -> None:
        """Appends a set; its number is the count of sets before it."""
        number = len(self._sizes)
        size = 0
        for member in members:
            self._holders[member].append(number)
            size += 1
        self._sizes.append(size)

    def nearest(self, members: frozenset[int], threshold: float, among: int) -> tuple[float, int] | None:
        """The Jaccard index and the number of the nearest of the first ``among`` sets, if it reaches ``threshold``."""
        size = len(members)
        holders = sorted(filter(None, map(self._holders.get, members)), key=len)
        # Members in no set are the rarest.
        probes = len(holders) - math.ceil(threshold * size - 1e-9) + 1
        if probes <= 0 or not holders:
            return None
        others = holders[probes:]
        numbers, hits = np.unique(np.frombuffer(b"".join(holders[:probes]), np.uint32), return_counts=True)
        # A Jaccard index of t needs t / (1 + t) of the two sizes in common, at most all of the others among them.
        needed = (np.frombuffer(self._sizes, np.uint32)[numbers] + float(size)) * (threshold / (1 + threshold))
        fit = (hits + len(others) + 1e-9 >= needed) & (numbers < among)
        best: tuple[float, int] | None = None
        for number, hit in zip(numbers[fit].tolist(), hits[fit].tolist(), strict=True):
            shared = hit + sum(_holds(holder, number) for holder in others)
            score = shared / (size + self._sizes[number] - shared)
            if score >= threshold and (best is None or score > best[0]):
                best = (score, number)
        return best


def _holds(holder: array[int], number: int) -> bool:
    at = bisect_left(holder, number)
    return at < len(holder) and holder[at] == number
