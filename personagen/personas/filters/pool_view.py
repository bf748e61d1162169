"""What a filter is given: a candidate, and a view of the pool it wants to join."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from personagen.personas.english.text import normalised
from personagen.personas.filters.jaccard import Overlap
from personagen.personas.filters.nearest import FloatArray, Nearest, Rows
from personagen.personas.filters.threshold import Threshold
from personagen.personas.traits import canonical, traits_of
from personagen.records import Description

SHINGLE = 3
# The paper's threshold, for paraphrase-MiniLM (arXiv 2410.03642).
FIXED = Threshold.fixed(0.6)
NOTHING = Nearest()


@dataclass(frozen=True)
class Rules:
    """The bounds that the filters hold to.

    ``items`` and ``words`` are how many facts or traits, and how many words, an entry has: least and most.
    ``language`` is one of ``LANGUAGES``. ``duplicate`` is the Jaccard overlap of masked word triples, ``traits``
    that of trait sets, and ``similarity`` the cosine, from which on two entries are one.
    """

    items: tuple[int, int] = (8, 10)
    words: tuple[int, int] = (30, 250)
    language: str = "en"
    duplicate: float = 0.6
    traits: float = 0.75
    similarity: Threshold = FIXED


@dataclass(frozen=True)
class Candidate:
    """A description that asks to join, and what the filters need of it, computed once.

    ``place`` is the round and slot it comes from; ``shingles`` the hashes of the word triples of its text, names and
    pronouns masked; ``traits`` its canonical traits (none in a profile); ``vector`` its embedding (d,), of unit
    length; ``known`` its nearest entry among those that were searched for a whole round in one go.
    """

    description: Description
    place: str
    shingles: frozenset[int]
    traits: frozenset[str]
    vector: FloatArray | None = None
    known: Nearest = NOTHING


@dataclass(frozen=True)
class Refusal:
    """Why a candidate is turned away; ``score`` and ``nearest`` (an entry's id) where the filter has them."""

    reason: str
    score: float | None = None
    nearest: str | None = None


def candidate(description: Description, place: str = "", vector: FloatArray | None = None) -> Candidate:
    """``description``, ready for the filters."""
    traits: frozenset[str] = frozenset()
    if description.kind == "personality":
        traits = frozenset(map(canonical, description.items)) or frozenset(traits_of(description.text))
    return Candidate(description, place, shingles(normalised(description.text)), traits, vector)


def shingles(text: str) -> frozenset[int]:
    """The crc32 of every run of three words of ``text``, or of the whole where it is shorter."""
    words = [word.encode() for word in text.split()]
    runs = zip(*(words[at:] for at in range(SHINGLE)), strict=False) if len(words) > SHINGLE else [words][: len(words)]
    return frozenset(map(zlib.crc32, map(b" ".join, runs)))


@dataclass
class _Store:
    """What the views of one pool share: it only ever grows at its end."""

    entries: list[Description] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)
    shingles: Overlap = field(default_factory=Overlap)
    traits: Overlap = field(default_factory=Overlap)
    trait_numbers: dict[str, int] = field(default_factory=dict)

    def add(self, new: Candidate) -> None:
        if new.vector is None:
            raise ValueError(f"{new.description.id} has no vector: embed it before it joins a pool")
        self.rows.add(new.vector)
        self.entries.append(new.description)
        self.shingles.add(new.shingles)
        self.traits.add([self.trait_numbers.setdefault(t, len(self.trait_numbers)) for t in sorted(new.traits)])


@dataclass(frozen=True)
class PoolView:
    """The first ``size`` entries of a pool. A view never changes: ``grown`` gives a larger one, and this one stays.

    Views of one pool share their storage, as slices of one array do, so growing costs the same at any size. Only the
    largest view can grow.
    """

    rules: Rules = Rules()
    size: int = 0
    _store: _Store = field(default_factory=_Store, repr=False, compare=False)

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, row: int) -> Description:
        """The entry in ``row``, seeds first, then in the order of admission."""
        return self._store.entries[range(self.size)[row]]

    @property
    def entries(self) -> tuple[Description, ...]:
        """All entries, copied: for the end of a run, not for every candidate."""
        return tuple(self._store.entries[: self.size])

    @property
    def vectors(self) -> FloatArray:
        """The entries' embeddings (size, d), rows of unit length, not to be written to."""
        return self._store.rows.first(self.size)

    @property
    def similarity(self) -> float:
        """The cosine from which on a text repeats one of this many."""
        return self.rules.similarity.at(self.size)

    def most_overlapping(self, new: Candidate) -> tuple[float, Description] | None:
        """The entry whose word triples overlap most with those of ``new``, from ``rules.duplicate`` on."""
        found = self._store.shingles.nearest(new.shingles, self.rules.duplicate, self.size)
        return None if found is None else (found[0], self[found[1]])

    def most_shared_traits(self, new: Candidate) -> tuple[float, Description] | None:
        """The entry whose traits overlap most with those of ``new``, from ``rules.traits`` on."""
        known = self._store.trait_numbers
        # A trait no entry has must still count in the union: it gets a number nothing holds.
        numbers = frozenset(known.get(t, -1 - at) for at, t in enumerate(sorted(new.traits)))
        found = self._store.traits.nearest(numbers, self.rules.traits, self.size)
        return None if found is None else (found[0], self[found[1]])

    def search(self, vectors: FloatArray, start: int = 0) -> list[Nearest]:
        """For each of ``vectors`` (n, d) the nearest entry, from row ``start`` on, that reaches ``similarity``."""
        return self._store.rows.search(vectors, self.similarity, start, self.size)

    def with_entry(self, new: Candidate) -> PoolView:
        """This view and ``new`` behind it.

        Raises:
            ValueError: ``new`` has no vector, or another view of this pool has grown already.
        """
        if len(self._store.entries) != self.size:
            raise ValueError("only the largest view of a pool can grow")
        self._store.add(new)
        return PoolView(self.rules, self.size + 1, self._store)


Filter: TypeAlias = Callable[[Candidate, PoolView], Refusal | None]
