"""Spread of a pool: tone of its traits, age and gender."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from personagen.personas.traits import opposed, valence

AGES = (("under 18", 18), ("18-29", 30), ("30-44", 45), ("45-59", 60), ("60-74", 75), ("75 and over", 1000))
GENDERS = ("female", "male", "other")
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Tone:
    """The number of flattering, unflattering, neutral and unknown traits, each use counted."""

    flattering: int
    unflattering: int
    neutral: int
    unknown: int

    @property
    def share(self) -> float:
        """The share of the known traits that are not flattering."""
        known = self.flattering + self.unflattering + self.neutral
        return (self.unflattering + self.neutral) / known if known else 0.0


def tone(traits: Iterable[Iterable[str]]) -> Tone:
    """The tone of ``traits``, one list per personality."""
    sounds = Counter(valence(trait) for listed in traits for trait in listed)
    return Tone(sounds["flattering"], sounds["unflattering"], sounds["neutral"], sounds[None])


def opposed_share(traits: Sequence[Sequence[str]]) -> float:
    """The share of people, 0 to 1, with two traits that rarely go together: warm and blunt, terse and talkative."""
    return sum(bool(opposed(listed)) for listed in traits) / max(1, len(traits))


def ages(attributes: Iterable[Mapping[str, str | int]]) -> dict[str, int]:
    """The number of people by age, keyed by every bucket of ``AGES`` and ``unknown``."""
    given = (person.get("age") for person in attributes)
    buckets = (next(name for name, end in AGES if age < end) if isinstance(age, int) else UNKNOWN for age in given)
    return dict.fromkeys([*dict(AGES), UNKNOWN], 0) | Counter(buckets)


def genders(attributes: Iterable[Mapping[str, str | int]]) -> dict[str, int]:
    """The number of people by gender, keyed by all ``GENDERS`` and ``unknown``."""
    given = (str(person.get("gender")) for person in attributes)
    return dict.fromkeys([*GENDERS, UNKNOWN], 0) | Counter(name if name in GENDERS else UNKNOWN for name in given)
