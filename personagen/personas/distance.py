"""How unlike two personas are, by their own words; in any language, and more finely where the lexicon knows traits."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from personagen.personas.lexicon import OPPOSITE
from personagen.personas.lines import lines, trait_lines
from personagen.personas.traits import canonical
from personagen.personas.words import UNSPACED, words
from personagen.records import Persona

_SHORT = 3  # letters; shorter words are mostly those of grammar
_OPPOSED = 2.0  # of a whole list of opposite traits


def farthest(persona: Persona, others: Sequence[Persona]) -> Persona:
    """The one of ``others`` (at least one) that is most unlike ``persona``; of equal ones the first."""
    return max(others, key=lambda other: distance(persona, other))


def distance(one: Persona, other: Persona) -> float:
    """How unlike two personas are, from 0 (the same) to 4.

    It adds the share of words that they do not have in common, the difference of the attributes that both have, and
    twice the share of traits whose opposite the other has, which only English names.
    """
    mine, theirs = _words(one), _words(other)
    common = len(mine & theirs) / (min(len(mine), len(theirs)) or 1)
    traits, others = _traits(one), _traits(other)
    opposed = sum(OPPOSITE.get(trait) in others for trait in traits) / (min(len(traits), len(others)) or 1)
    return 1 - common + _attributes(one, other) + _OPPOSED * opposed


def _attributes(one: Persona, other: Persona) -> float:
    """The mean difference of the attributes that both have, 0 to 1."""
    shared = [
        (one.attributes[name], other.attributes[name]) for name in one.attributes.keys() & other.attributes.keys()
    ]
    differences = [
        abs(a - b) / (max(abs(a), abs(b)) or 1) if isinstance(a, int) and isinstance(b, int) else float(a != b)
        for a, b in shared
    ]
    return min(1.0, sum(differences) / len(shared)) if shared else 0.0


def _words(persona: Persona) -> frozenset[str]:
    return _long_words(" ".join(lines(persona)))


@lru_cache(maxsize=512)
def _long_words(text: str) -> frozenset[str]:
    return frozenset(word for word in words(text) if len(word) > _SHORT or UNSPACED.match(word))


def _traits(persona: Persona) -> frozenset[str]:
    return frozenset(map(canonical, trait_lines(persona)))
