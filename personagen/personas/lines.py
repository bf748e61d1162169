"""The numbered lines of a persona, by which a judge says what decided its verdict."""

from __future__ import annotations

from personagen.personas.english.text import sentences
from personagen.records import Persona


def lines(persona: Persona) -> tuple[str, ...]:
    """The persona's lines in order, each once: its facts, then its traits.

    Without facts, the sentences of its profile take their place; without traits, those of its personality.
    """
    return tuple(dict.fromkeys((*fact_lines(persona), *trait_lines(persona))))


def fact_lines(persona: Persona) -> tuple[str, ...]:
    """The lines about the persona's life: its facts, or else the sentences of its profile."""
    return tuple(filter(None, map(str.strip, persona.facts))) or tuple(sentences(persona.profile))


def trait_lines(persona: Persona) -> tuple[str, ...]:
    """The lines about how the persona is: its traits, or else the sentences of its personality."""
    return tuple(filter(None, map(str.strip, persona.traits))) or tuple(sentences(persona.personality))
