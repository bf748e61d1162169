"""Which lines of a persona the user has revealed.

Lines and texts are compared by their words, in any language: longer words count more, and words that begin alike count
as equal (``repairs`` and ``repairing``). It knows nothing of meaning, so a paraphrase in other words is missed; only
of traits in English it knows which ones show alike.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

from personagen.personas.traits import akin, traits_of
from personagen.personas.words import UNSPACED, words
from personagen.records import Inference

REVEALED = 0.5  # share of a line in one inference and its quote
_BEGINNING, _MAX_ENDING = 4, 3  # characters that words share at least, and have besides at most


def revealed(line: str, inferences: Iterable[Inference]) -> bool:
    """Whether one of ``inferences`` says what ``line`` says: half of it by words, or the same trait
    or one akin to it."""
    for inference in inferences:
        if coverage(line, f"{inference.fact} {inference.quote}") >= REVEALED:
            return True
        if inference.kind == "personality" and any(akin(line, trait) for trait in _traits(inference.fact)):
            return True
    return False


def coverage(line: str, text: str, besides: Collection[str] = ()) -> float:
    """The share of the words of ``line``, by weight, that ``text`` has and that are not ``besides``."""
    weights = {word: weight(word) for word in words(line)}
    whole = sum(weights.values())
    if not whole:
        return 0.0
    return (
        sum(weight for word, weight in weights.items() if weight and word not in besides and says(text, word)) / whole
    )


def weight(word: str) -> int:
    """How much a word tells, roughly by its length: most short words are those of grammar."""
    if UNSPACED.match(word):
        return 1
    return 4 if any(map(str.isdigit, word)) else max(0, len(word) - 2)


def says(text: str, word: str) -> bool:
    """Whether ``text`` has ``word``, or one that begins alike."""
    whole, beginnings = _index(text)
    return word in whole or any(_alike(word, other) for other in beginnings.get(word[:_BEGINNING], ()))


@lru_cache(maxsize=192)
def _index(text: str) -> tuple[frozenset[str], dict[str, list[str]]]:
    """The words of a text, and the longer ones by how they begin."""
    found = frozenset(words(text))
    beginnings: dict[str, list[str]] = {}
    for word in found:
        if len(word) >= _BEGINNING:
            beginnings.setdefault(word[:_BEGINNING], []).append(word)
    return found, beginnings


def _alike(one: str, other: str) -> bool:
    """Whether two words that begin alike differ in a short ending only."""
    shared = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return max(len(one), len(other)) - shared <= _MAX_ENDING and not one[shared:].isdigit()


@lru_cache(maxsize=192)
def _traits(text: str) -> tuple[str, ...]:
    return traits_of(text)
