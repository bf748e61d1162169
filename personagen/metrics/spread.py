"""Whom a pool describes: the tone of its traits, and the spread of age and gender."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from personagen.personas.traits import valence

AGES = (("under 18", 18), ("18-29", 30), ("30-44", 45), ("45-59", 60), ("60-74", 75), ("75 and over", 1000))
GENDERS = ("female", "male", "other")
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Tone:
    """How many uses of traits sound flattering, unflattering or neutral, and how many the lexicon does not know."""

    flattering: int
    unflattering: int
    neutral: int
    unknown: int

    @property
    def share(self) -> float:
        """The share of the known uses that are not flattering."""
        known = self.flattering + self.unflattering + self.neutral
        return (self.unflattering + self.neutral) / known if known else 0.0


def tone(traits: Iterable[Iterable[str]]) -> Tone:
    """The tone of all uses in ``traits``, which holds one list a personality."""
    sounds = Counter(valence(trait) for listed in traits for trait in listed)
    return Tone(sounds["flattering"], sounds["unflattering"], sounds["neutral"], sounds[None])


def ages(attributes: Iterable[Mapping[str, str | int]]) -> dict[str, int]:
    """How many are of which age, every bucket of ``AGES`` and ``unknown`` among the keys."""
    found = dict.fromkeys([*(name for name, _ in AGES), UNKNOWN], 0)
    for person in attributes:
        age = person.get("age")
        found[next(name for name, end in AGES if age < end) if isinstance(age, int) else UNKNOWN] += 1
    return found


def genders(attributes: Iterable[Mapping[str, str | int]]) -> dict[str, int]:
    """How many are of which gender, every one of ``GENDERS`` and ``unknown`` among the keys."""
    found = dict.fromkeys([*GENDERS, UNKNOWN], 0)
    for person in attributes:
        gender = person.get("gender")
        found[gender if isinstance(gender, str) and gender in GENDERS else UNKNOWN] += 1
    return found
