"""A persona as the cast plays it: what it says of itself, how it is, what may trouble it, and its voice."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from personagen.offline.facts import kinds_of, stems
from personagen.offline.style import axes_of
from personagen.offline.topics import topics
from personagen.offline.voice import clause
from personagen.offline.voices import voice_of
from personagen.personas.english.text import facts_of
from personagen.personas.traits import traits_of

_MAX_CLAUSE = 26


@dataclass(frozen=True)
class Character:
    """A persona in first person: facts (``I keep bees``) with their kinds, axes, possible and suitable topics."""

    facts: Mapping[str, str]
    axes: tuple[str, ...]
    near: tuple[str, ...]
    far: tuple[str, ...]
    voice: str


@lru_cache(maxsize=1024)
def character_of(profile: str, personality: str, facts: tuple[str, ...], traits: tuple[str, ...]) -> Character:
    """The person with this description."""
    facts = facts or facts_of(profile)
    clauses = {f: c for f in facts if (c := clause(f)) and len(c.split()) <= _MAX_CLAUSE}
    words = stems(" ".join((profile, *facts))).union(*map(kinds_of, facts))
    far = [t for t in topics().values() if not t.avoid & words and (not t.needs or t.needs & words)]
    near = tuple(t.id for t in far if t.fits & words or t.needs)
    axes = axes_of(traits or traits_of(personality))
    kinds = tuple(dict.fromkeys(k for f in facts for k in kinds_of(f)))
    return Character(clauses, axes, near, tuple(t.id for t in far), voice_of(profile, kinds, axes, profile))
