"""An index of sets that finds the nearest set by Jaccard index, exactly."""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Numbers: TypeAlias = npt.NDArray[np.intp]

MAX_COUNTED_HOLDERS = 4096


class JaccardIndex:
    """Sets of integers, numbered in the order they are added.

    Only the rarest members of a set are looked up (prefix filter, Chaudhuri et al. 2006): a set with Jaccard index t
    must hold one of any |A| - t|A| + 1 members of A. So common members cost nothing.
    """

    def __init__(self) -> None:
        self._holders: dict[int, array[int]] = {}
        self._sizes = array("I")

    def add(self, members: Iterable[int]) -> None:
        """Appends a set; its number is the count of sets before it."""
        number = len(self._sizes)
        size = 0
        for member in members:
            holder = self._holders.get(member)
            if holder is None:
                holder = self._holders[member] = array("I")
            holder.append(number)
            size += 1
        self._sizes.append(size)

    def nearest(self, members: frozenset[int], threshold: float, among: int) -> tuple[float, int] | None:
        """(Jaccard index, number) of the set nearest to ``members`` among the first ``among``, the oldest on a tie.

        None if none reaches ``threshold`` (more than 0, at most 1).
        """
        if not members:
            return None
        size = len(members)
        holders = sorted(filter(None, map(self._holders.get, members)), key=len)
        # Members in no set are the rarest.
        probes = len(holders) - math.ceil(threshold * size - 1e-9) + 1
        if probes <= 0:
            return None
        # Counting is cheap and saves single look-ups, so short lists are all counted.
        probes = max(probes, bisect_right(list(accumulate(map(len, holders))), MAX_COUNTED_HOLDERS))
        best: tuple[float, int] | None = None
        for number, hits in self._promising(holders[:probes], len(holders) - probes, size, threshold, among):
            both = size + self._sizes[number]
            shared = _shared(number, hits, holders[probes:], both * threshold / (1 + threshold))
            score = shared / (both - shared)
            if score >= threshold and (best is None or score > best[0]):
                best = (score, number)
        return best

    def _promising(
        self, holders: Sequence[array[int]], others: int, size: int, threshold: float, among: int
    ) -> Iterable[tuple[int, int]]:
        """The sets that reach the threshold if all ``others`` hold them, too, and how many of ``holders`` do."""
        # A set that reaches the threshold has at least t|A| members of A, so at least this many holders:
        floor = max(1, math.ceil(threshold * size - 1e-9) - others)
        numbers, hits = _counted(np.sort(np.frombuffer(b"".join(holders), np.uint32)), floor)
        # A Jaccard index of t needs t / (1 + t) of the two sizes in common.
        needed = (np.frombuffer(self._sizes, np.uint32)[numbers] + float(size)) * (threshold / (1 + threshold))
        fit = (hits + others + 1e-9 >= needed) & (numbers < among)
        return zip(numbers[fit].tolist(), hits[fit].tolist(), strict=True)


def _counted(numbers: npt.NDArray[np.uint32], floor: int) -> tuple[Numbers, Numbers]:
    """Each of the ascending ``numbers`` that occurs at least ``floor`` times, and its count."""
    last = np.append(np.flatnonzero(numbers[1:] != numbers[:-1]), len(numbers) - 1)
    counts = np.diff(last, prepend=-1)
    often = np.flatnonzero(counts >= floor)
    return numbers[last[often]].astype(np.intp), counts[often]


def _shared(number: int, shared: int, holders: Sequence[array[int]], needed: float) -> int:
    """``shared`` plus the number of ``holders`` with ``number``; stops early if ``needed`` can't be reached."""
    left = len(holders)
    for holder in holders:
        if shared + left + 1e-9 < needed:
            return shared
        at = bisect_left(holder, number)
        shared += at < len(holder) and holder[at] == number
        left -= 1
    return shared
