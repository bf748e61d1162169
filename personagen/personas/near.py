"""Finds which descriptions the pool's filters would call repeats of each other, among very many."""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from hashlib import blake2b
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from personagen.personas.english.text import normalised
from personagen.personas.filters.pool_view import Rules, shingles
from personagen.personas.traits import canonical

RULES = Rules()


def wording(text: str, language: str = "en") -> frozenset[int]:
    """What the filter ``duplicates`` compares: the hashed word triples of ``text``, without names and pronouns."""
    return shingles(normalised(text, language))


def trait_list(traits: Iterable[str], personality: str) -> frozenset[str]:
    """The traits in the lexicon's words, or the personality as the only one if there are none."""
    return frozenset(map(canonical, traits)) or frozenset(filter(None, [personality]))


class NearSets:
    """Sets of 32-bit numbers, in the order they are added; two are near with a Jaccard index of ``threshold``."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self._members, self._ends = array("I"), [0]

    def add(self, members: Collection[int]) -> None:
        """Appends a set; its number is the count of sets before it."""
        self._members.extend(members)
        self._ends.append(len(self._members))

    def links(self) -> list[list[int]]:
        """For each set, the numbers of earlier ones that are near; one of those that earlier ones link is enough.

        Exact, by prefix filter (Chaudhuri et al. 2006): of two near sets, the rarest members have one in common.
        """
        rows, frequent = self._ranked()
        holders: defaultdict[int, list[int]] = defaultdict(list)
        top = list(range(len(rows)))
        found: list[list[int]] = []
        for number, own in enumerate(rows):
            prefix = own[: len(own) - math.ceil(self.threshold * len(own) - 1e-9) + 1]
            shared = prefix[frequent[prefix]].tolist()
            near = []
            for other in sorted({other for rank in shared for other in holders[rank]}):
                root = root_of(top, other)
                if root != root_of(top, number) and _index(own, rows[other]) >= self.threshold:
                    top[root_of(top, number)] = root
                    near.append(other)
            for rank in shared:
                holders[rank].append(number)
            found.append(near)
        return found

    def _ranked(self) -> tuple[list[npt.NDArray[np.uint32]], npt.NDArray[np.bool_]]:
        """Each set as ranks of its members, the rarest first, and whether more than one set has a rank."""
        members = np.frombuffer(self._members, np.uint32)
        _, inverse, counts = np.unique(members, return_inverse=True, return_counts=True)
        rarest_first = np.argsort(counts, kind="stable")
        rarity = np.empty(len(counts), np.uint32)
        rarity[rarest_first] = np.arange(len(counts), dtype=np.uint32)
        ranks = rarity[inverse]
        return [np.sort(ranks[low:high]) for low, high in pairwise(self._ends)], counts[rarest_first] > 1


def root_of(top: list[int], number: int) -> int:
    """The root of ``number`` in a forest in which ``top`` has the parent of each, its own number for a root."""
    while top[number] != number:
        top[number] = number = top[top[number]]
    return number


def _index(one: npt.NDArray[np.uint32], other: npt.NDArray[np.uint32]) -> float:
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return shared / (len(one) + len(other) - shared)


class Repeats:
    """Values of one kind, numbered in the order they first appear, and which of them are near each other."""

    def __init__(self, threshold: float, members: Callable[[str], Collection[int]]) -> None:
        self._sets, self._members = NearSets(threshold), members
        self._numbers: dict[bytes, int] = {}

    def number(self, value: str) -> int:
        """The number of ``value``; only a hash of it is kept."""
        digest = blake2b(value.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest not in self._numbers:
            self._numbers[digest] = len(self._numbers)
            self._sets.add(self._members(value))
        return self._numbers[digest]

    def links(self) -> list[list[int]]:
        """See ``NearSets.links``."""
        return self._sets.links()
