"""Which pairs of a run an export takes, and why each of the others is left out."""

from __future__ import annotations

import math
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import chain
from pathlib import Path

from personagen.errors import UsageError
from personagen.flows.conversations import conversations
from personagen.flows.flags import marker
from personagen.flows.profile import Profile
from personagen.metrics.balance import couples
from personagen.options import checked_texts
from personagen.options.export import SelectionOptions
from personagen.records import Persona, PreferencePair
from personagen.store.files import read_records
from personagen.where import ATTRIBUTE, Condition, has, parsed

KEPT = "kept"
MAX_REASONS = 256  # each is a byte


@dataclass(frozen=True)
class Choices:
    """What is asked of pairs: ``conditions``, each with the reason of a pair that misses it, then what is drawn."""

    conditions: tuple[tuple[str, Condition], ...]
    profile: Profile
    balance: bool = False
    limit: int | None = None
    seed: int = 0

    @property
    def asked(self) -> bool:
        """Whether any pair could be left out."""
        return bool(self.conditions or self.profile.strata or self.balance or self.limit)

    @property
    def names(self) -> frozenset[str]:
        """The attributes and scores that are asked about."""
        asked = [*(one for _, one in self.conditions), *self.profile.soft]
        counted = (name for name, _ in self.profile.strata if name.startswith(ATTRIBUTE))
        return frozenset(counted).union(*(one.names for one in asked))


@dataclass(frozen=True)
class Selection:
    """The reason of each pair in file order, as a place in ``names``, of which the first is ``KEPT``."""

    names: tuple[str, ...]
    reasons: bytes
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[str, int]:
        """How many pairs have each reason, the kept ones first."""
        found = Counter(self.reasons)
        return {name: found[code] for code, name in enumerate(self.names) if found[code]}


def choices(options: SelectionOptions, profile: Profile, seed: int) -> Choices:
    """The choices of these options; a condition that is none is a ``UsageError``."""
    asked = [(f"where: {one.text}", one) for one in map(parsed, checked_texts(options.where))]
    asked += [("keep: personal", parsed("personal"))] * (options.keep == "personal")
    asked += [(f"hard: {one.text}", one) for one in profile.hard]
    return Choices(tuple(asked), profile, options.balance is not None, options.limit, seed)


def select(run: Path, wanted: Choices) -> Selection:
    """Reads the pairs of ``run`` once and decides each. Memory is some 60 bytes a pair.

    In this order: conditions; strata, where pairs that meet more soft conditions, then those of a lower draw, come
    first; balance; limit, in the same order as strata. A draw is a hash of the seed and the pair, so a pair keeps its
    own when others are added.

    Raises:
        UsageError: ``balance`` leaves no pair.
    """
    names = [KEPT, *(reason for reason, _ in wanted.conditions), "balance: length", f"limit: {wanted.limit}"]
    names += [f"strata: {most} of one {name}" for name, most in wanted.profile.strata]
    if len(names) > MAX_REASONS:
        raise UsageError(f"{len(names)} conditions and strata are more than {MAX_REASONS}; join some of them with and")
    balance, limit, strata = (len(wanted.conditions) + n for n in (1, 2, 3))
    seen, lacking = _Seen(), wanted.names
    for pair, persona in _pairs(run, wanted):
        lacking = frozenset(name for name in lacking if not has(pair, name))
        reason = next((n for n, (_, test) in enumerate(wanted.conditions, 1) if not test(pair, persona)), 0)
        seen.reasons.append(reason)
        if not reason:
            seen.add(pair, persona, wanted)
    kept = seen.order() if wanted.profile.strata else range(len(seen.places))
    if wanted.profile.strata:
        kept = seen.stratified(kept, wanted.profile.strata, strata)
    notes: tuple[str, ...] = ()
    if lacking:
        notes = (f"no pair has {', '.join(sorted(lacking))}: look at the spelling",)
    units: Sequence[tuple[int, ...]] = [(at,) for at in kept] if wanted.limit else ()
    if wanted.balance:
        kept = sorted(kept)
        units, more = seen.balanced(kept, wanted.seed, balance, run)
        notes += more
    if wanted.limit:
        seen.limited(units, wanted.limit, limit)
    return Selection(tuple(names), bytes(seen.reasons), notes)


def _pairs(run: Path, wanted: Choices) -> Iterator[tuple[PreferencePair, Persona | None]]:
    conditions = [*(test for _, test in wanted.conditions), *wanted.profile.soft]
    marked = marker(run, any(test.flagged for test in conditions))
    if any(test.persona for test in conditions) or "trait" in dict(wanted.profile.strata):
        for tree, pairs in conversations(run):
            yield from ((pair, tree.persona) for pair in marked(pairs))
    else:
        yield from ((pair, None) for pair in marked(read_records(run / "pairs.jsonl", PreferencePair)))


@dataclass
class _Seen:
    """The pairs that meet all conditions, by number: what drawing needs to know of them, in compact arrays."""

    reasons: bytearray = field(default_factory=bytearray)  # of all pairs
    places: array[int] = field(default_factory=lambda: array("L"))  # in ``reasons``
    soft: array[int] = field(default_factory=lambda: array("H"))  # how many soft conditions it does not meet
    draws: array[int] = field(default_factory=lambda: array("Q"))
    gaps: array[float] = field(default_factory=lambda: array("d"))
    keys: array[int] = field(default_factory=lambda: array("L"))  # of its strata, one pair after the other
    ends: array[int] = field(default_factory=lambda: array("L"))
    known: dict[tuple[int, object], int] = field(default_factory=dict)  # the number of a stratum
    strata: array[int] = field(default_factory=lambda: array("H"))  # which field each stratum is of

    def add(self, pair: PreferencePair, persona: Persona | None, wanted: Choices) -> None:
        self.places.append(len(self.reasons) - 1)
        self.soft.append(sum(not test(pair, persona) for test in wanted.profile.soft))
        name = f"{wanted.seed}/{pair.tree}/{pair.node}/{pair.chosen_node}/{pair.rejected_node}"
        self.draws.append(int.from_bytes(blake2b(name.encode(), digest_size=8).digest()))
        if wanted.balance:
            chosen, rejected = (sum(len(one.content) for one in side) for side in (pair.chosen, pair.rejected))
            self.gaps.append(math.log((1 + chosen) / (1 + rejected)))
        for at, (name, _) in enumerate(wanted.profile.strata):
            for value in _values(name, pair, persona):
                number = self.known.setdefault((at, value), len(self.known))
                if number == len(self.strata):
                    self.strata.append(at)
                self.keys.append(number)
        self.ends.append(len(self.keys))

    def order(self, units: Sequence[tuple[int, ...]] | None = None) -> list[int]:
        """The numbers of all pairs, or the places of ``units`` of them, in the order in which they are taken."""
        if units is None:
            return sorted(range(len(self.places)), key=lambda at: (self.soft[at], self.draws[at]))
        return sorted(
            range(len(units)),
            key=lambda n: (max(self.soft[at] for at in units[n]), min(self.draws[at] for at in units[n])),
        )

    def stratified(self, order: Iterable[int], strata: Sequence[tuple[str, int]], first: int) -> list[int]:
        """Those of ``order`` that find room in all their strata; ``first`` is the reason of the first stratum."""
        taken, kept = Counter[int](), []
        for at in order:
            own = self.keys[self.ends[at - 1] if at else 0 : self.ends[at]]
            full = next((self.strata[key] for key in own if taken[key] >= strata[self.strata[key]][1]), None)
            if full is None:
                taken.update(own)
                kept.append(at)
            else:
                self.reasons[self.places[at]] = first + full
        return kept

    def balanced(
        self, kept: Sequence[int], seed: int, reason: int, run: Path
    ) -> tuple[list[tuple[int, ...]], tuple[str, ...]]:
        """Those of ``kept`` that balance each other, by two; the others get ``reason``."""
        units = [tuple(kept[at] for at in unit) for unit in couples([self.gaps[at] for at in kept], seed)]
        if kept and not units:
            raise UsageError(
                f"--balance length leaves none of the {len(kept):,} pairs of {run}: no longer reply was rejected by"
                " about as much as another was chosen"
            )
        stay = set(chain.from_iterable(units))
        for at in kept:
            if at not in stay:
                self.reasons[self.places[at]] = reason
        longer = sum(self.gaps[at] > 0 for at in kept) / max(1, len(kept))
        share = f"the longer reply was chosen in {longer:.0%} of them, in those kept in half"
        return units, (f"--balance length kept {len(stay):,} of {len(kept):,} pairs: {share}",)

    def limited(self, units: Sequence[tuple[int, ...]], limit: int, reason: int) -> None:
        """Takes whole ``units`` until ``limit`` pairs are there; the others get ``reason``."""
        room = limit
        for n in self.order(units):
            if len(units[n]) > room:
                room = 0  # else a larger limit would not keep the pairs of a smaller one
                for at in units[n]:
                    self.reasons[self.places[at]] = reason
            else:
                room -= len(units[n])


def _values(name: str, pair: PreferencePair, persona: Persona | None) -> Iterable[object]:
    """The strata of ``pair`` by the field ``name``; one that is not known has none."""
    if name == "trait":
        return dict.fromkeys(persona.traits if persona else ())
    value = pair.attributes.get(name.removeprefix(ATTRIBUTE)) if name.startswith(ATTRIBUTE) else getattr(pair, name)
    return () if value is None else (value,)
