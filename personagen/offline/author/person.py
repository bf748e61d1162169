"""An invented person: the slots and marks that the templates of the banks use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from personagen.offline.author.grammar import Entry, entry, inflected
from personagen.offline.texts import fill
from personagen.personas.english.facts import Pronoun

OLDEST = 85  # whom the tags of the banks know


@dataclass(frozen=True)
class Life:
    """A person: the slots of their templates, their marks, and the marks they can't have.

    ``sex`` is f, m or n; ``details`` and ``food`` are the entries about their job and the food of their origin.
    """

    who: Pronoun
    sex: str
    age: int
    has: set[str]
    barred: set[str] = field(default_factory=set)
    slots: dict[str, str] = field(default_factory=dict)
    details: list[str] = field(default_factory=list)
    food: list[str] = field(default_factory=list)

    def fits(self, one: Entry) -> bool:
        """Whether the person can have ``one``."""
        return one.fits(min(self.age, OLDEST), self.has, self.barred)

    def take(self, one: Entry) -> None:
        """Applies the marks that ``one`` adds and bars."""
        self.has.update(one.adds)
        self.barred.update(one.bars)

    def drawn(self, lines: Sequence[str], rng: Random) -> Entry | None:
        """A random entry of ``lines`` that fits, or None."""
        fitting = [one for one in map(entry, lines) if self.fits(one)]
        return rng.choice(fitting) if fitting else None

    def told(self, template: str, rng: Random, *, named: bool = False, **more: str) -> str:
        """``template`` inflected and filled for this person."""
        return fill(inflected(template, self.who, named), rng, self.slots | more if more else self.slots)


def name_of(one: Life, region: Mapping[str, Any], sex: str, rng: Random) -> str:
    """A name of the region that nobody of the family has."""
    return str(rng.choice([name for name in region[sex] if name not in one.slots.values()]))
