"""Runs of words, in any script, by which gates compare texts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

from personagen.personas.words import words

Grams: TypeAlias = frozenset[tuple[str, ...]]


def runs(found: Sequence[str], length: int) -> Iterable[tuple[str, ...]]:
    """All runs of ``length`` tokens."""
    return zip(*(found[start:] for start in range(length)), strict=False)


@lru_cache(maxsize=192)
def grams(text: str, length: int) -> Grams:
    """The different runs of ``length`` tokens in ``text``."""
    return frozenset(runs(words(text), length))
