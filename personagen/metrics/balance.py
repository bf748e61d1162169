"""Draws a set of pairs in which length says nothing about which reply was chosen."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from random import Random

CALIPER = 0.1  # of a length ratio's logarithm: about 10 %


def balanced(gaps: Sequence[float], seed: int = 0) -> list[int]:
    """The places of the pairs that are kept, in order: those of ``couples``."""
    return sorted(at for couple in couples(gaps, seed) for at in couple)


def couples(gaps: Sequence[float], seed: int = 0) -> list[tuple[int, ...]]:
    """The places of the pairs that are kept, by two that balance each other, or by one that needs no other.

    ``gaps`` are the logarithms of the chosen reply's length over the rejected one's. A pair in which the chosen reply
    is longer is kept with one in which the rejected reply is longer by the same ratio, up to ``CALIPER``: nearest-
    neighbour matching within a caliper (Rosenbaum and Rubin 1985, The American Statistician 39). Pairs of equal length
    stay.
    """
    sides = [[at for at, gap in enumerate(gaps) if gap * sign > 0] for sign in (1, -1)]
    few, many = sorted(sides, key=len)
    Random(f"{seed}/balance").shuffle(few)
    pool = sorted((abs(gaps[at]), at) for at in many)
    # Places in the pool are counted from 1; 0 and the one after the last are its ends.
    left, right = [0, *range(len(pool) + 1)], [*range(1, len(pool) + 3)]
    taken = [False] * (len(pool) + 2)
    kept: list[tuple[int, ...]] = [(at,) for at, gap in enumerate(gaps) if gap == 0]

    def free(place: int, step: list[int]) -> int:
        """The first free place from ``place`` on, along ``step``; skipped places are shortened for the next search."""
        path = []
        while 0 < place <= len(pool) and taken[place]:
            path.append(place)
            place = step[place]
        for one in path:
            step[one] = place
        return place

    for at in few:
        size = abs(gaps[at])
        above = bisect_left(pool, (size, -1)) + 1
        near = [free(above, right), free(above - 1, left)]
        fits = [place for place in near if 0 < place <= len(pool) and abs(pool[place - 1][0] - size) <= CALIPER]
        if fits:
            best = min(fits, key=lambda place: (abs(pool[place - 1][0] - size), place))
            taken[best] = True
            kept.append((at, pool[best - 1][1]))
    return kept
