"""The inputs of a filter: a candidate, and a view of the pool."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from personagen.personas.english.text import normalised
from personagen.personas.filters.jaccard import JaccardIndex
from personagen.personas.filters.nearest import FloatArray, Nearest, Rows
from personagen.personas.filters.threshold import Threshold
from personagen.personas.form import Form, Unit
from personagen.personas.traits import canonical, traits_of
from personagen.records import Description

SHINGLE = 3
# The paper's threshold, for paraphrase-MiniLM (arXiv 2410.03642).
FIXED = Threshold.fixed(0.6)
NOTHING = Nearest()


@dataclass(frozen=True)
class Rules:
    """The bounds of the filters: the least and the most facts or traits, and words; the code of a language, or ``any``.

    ``unit`` is what ``words`` counts, ``scripts`` are those that most letters must be in (empty for any), and
    ``tolerated`` are faults that do not matter (see ``filters.format.faults``), or ``misplaced``.

    ``duplicate`` (Jaccard index of masked word triples), ``traits`` (of trait sets) and ``similarity`` (cosine) are the
    thresholds at which two entries count as one.
    """

    items: tuple[int, int] = (8, 10)
    words: tuple[int, int] = (30, 250)
    language: str = "en"
    unit: Unit = "words"
    scripts: frozenset[str] = frozenset()
    tolerated: frozenset[str] = frozenset()
    duplicate: float = 0.6
    traits: float = 0.75
    similarity: Threshold = FIXED

    @classmethod
    def of(cls, form: Form, similarity: Threshold) -> Rules:
        """The rules for a pool of this form."""
        return cls(
            items=form.accepted_items,
            words=form.accepted_length,
            language=form.language,
            unit=form.unit,
            scripts=frozenset(form.scripts),
            tolerated=frozenset(form.tolerated),
            similarity=similarity,
        )


@dataclass(frozen=True)
class Candidate:
    """A description that may join the pool, with the features that the filters use.

    ``shingles`` are the hashes of the word triples of its normalised text, ``traits`` are canonical and empty for a
    profile, ``vector`` (d,) has unit length, and ``known`` is the nearest entry at the start of the round.
    """

    description: Description
    place: str
    shingles: frozenset[int]
    traits: frozenset[str]
    vector: FloatArray | None = None
    known: Nearest = NOTHING

    @property
    def embedding(self) -> FloatArray:
        """The ``vector``, which it must have."""
        if self.vector is None:
            raise ValueError(f"{self.place or self.description.id} has no vector: embed it before it joins a pool")
        return self.vector


@dataclass(frozen=True)
class Refusal:
    """Why a candidate is rejected; ``score`` and ``nearest`` (an entry's id) if the filter has them."""

    reason: str
    score: float | None = None
    nearest: str | None = None


def candidate(
    description: Description, place: str = "", vector: FloatArray | None = None, language: str = "en"
) -> Candidate:
    """``description``, a text in ``language`` (a code), with its features for the filters."""
    traits: frozenset[str] = frozenset()
    if description.kind == "personality":
        traits = frozenset(map(canonical, description.items)) or frozenset(traits_of(description.text))
    return Candidate(description, place, shingles(normalised(description.text, language)), traits, vector)


def shingles(text: str) -> frozenset[int]:
    """The crc32 of every word triple of ``text``, or of the whole if it is shorter."""
    words = [word.encode() for word in text.split()]
    runs = zip(*(words[at:] for at in range(SHINGLE)), strict=False) if len(words) > SHINGLE else [words][: len(words)]
    return frozenset(map(zlib.crc32, map(b" ".join, runs)))


@dataclass
class _Store:
    """The append-only storage that the views of one pool share.

    Entries are indexed when the first candidate is compared with them: a pool that does not grow needs no index.
    """

    language: str = "en"
    entries: list[Description] = field(default_factory=list)
    rows: Rows = field(default_factory=Rows)
    trait_numbers: dict[str, int] = field(default_factory=dict)
    _shingles: JaccardIndex = field(default_factory=JaccardIndex)
    _traits: JaccardIndex = field(default_factory=JaccardIndex)
    _indexed: int = 0

    def start(self, seeds: Sequence[Description], vectors: FloatArray) -> None:
        self.rows.start(vectors)
        self.entries += seeds

    def add(self, new: Candidate) -> None:
        self.rows.add(new.embedding)
        self.entries.append(new.description)
        if self._indexed == len(self.entries) - 1:
            self._index(new)

    @property
    def shingles(self) -> JaccardIndex:
        self._index_all()
        return self._shingles

    @property
    def traits(self) -> JaccardIndex:
        self._index_all()
        return self._traits

    def _index_all(self) -> None:
        for entry in self.entries[self._indexed :]:
            self._index(candidate(entry, language=self.language))

    def _index(self, new: Candidate) -> None:
        self._shingles.add(new.shingles)
        self._traits.add([self.trait_numbers.setdefault(t, len(self.trait_numbers)) for t in sorted(new.traits)])
        self._indexed += 1


@dataclass(frozen=True)
class PoolView:
    """The first ``size`` entries of a pool, immutable. Views share their storage, so only the largest can grow."""

    rules: Rules = Rules()
    size: int = 0
    _store: _Store = field(default_factory=_Store, repr=False, compare=False)

    @classmethod
    def of(cls, seeds: Sequence[Description], vectors: FloatArray, rules: Rules) -> PoolView:
        """The pool of ``seeds``, which keeps their ``vectors`` (n, d), of unit length."""
        view = cls(rules, len(seeds), _Store(rules.language))
        view._store.start(seeds, vectors)
        return view

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, row: int) -> Description:
        """The entry in ``row``, seeds first, then in the order of admission."""
        return self._store.entries[range(self.size)[row]]

    @property
    def entries(self) -> tuple[Description, ...]:
        """A copy of all entries."""
        return tuple(self._store.entries[: self.size])

    @property
    def vectors(self) -> FloatArray:
        """The entries' embeddings (size, d), rows of unit length, read-only."""
        return self._store.rows.first(self.size)

    @property
    def similarity(self) -> float:
        """The cosine threshold at this size."""
        return self.rules.similarity.at(self.size)

    def nearest_by_wording(self, new: Candidate) -> tuple[float, Description] | None:
        """The entry nearest to ``new`` by word triples, if it reaches ``rules.duplicate``, and its Jaccard index."""
        found = self._store.shingles.nearest(new.shingles, self.rules.duplicate, self.size)
        return None if found is None else (found[0], self[found[1]])

    def nearest_by_traits(self, new: Candidate) -> tuple[float, Description] | None:
        """The entry nearest to ``new`` by traits, if it reaches ``rules.traits``, and its Jaccard index."""
        index, known = self._store.traits, self._store.trait_numbers
        # A trait of no entry must still count in the union, so it gets an unused number.
        numbers = frozenset(known.get(t, -1 - at) for at, t in enumerate(sorted(new.traits)))
        found = index.nearest(numbers, self.rules.traits, self.size)
        return None if found is None else (found[0], self[found[1]])

    def search(self, vectors: FloatArray, start: int = 0) -> list[Nearest]:
        """For each of ``vectors`` (n, d), the nearest entry from row ``start`` on that reaches ``similarity``."""
        return self._store.rows.search(vectors, self.similarity, start, self.size)

    def with_entry(self, new: Candidate) -> PoolView:
        """This view plus ``new``, which has a vector."""
        if len(self._store.entries) != self.size:
            raise ValueError("only the largest view of a pool can grow")
        self._store.add(new)
        return PoolView(self.rules, self.size + 1, self._store)


Filter: TypeAlias = Callable[[Candidate, PoolView], Refusal | None]
