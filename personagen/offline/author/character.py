"""Invented characters: compatible sets of traits, and prose that shows them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from random import Random

from personagen.offline.author.grammar import Who, inflected, pick, with_article
from personagen.offline.texts import bank, capital, fill
from personagen.personas.traits import canonical, is_flattering

COUNTS = (8, 8, 9, 9, 10)
# The minimum and maximum number of traits per set that are not flattering.
LEAST, MOST = 0.4, 0.7
_WHO: tuple[Who, ...] = ("she", "she", "she", "he", "he", "he", "they")
# A text beyond these lengths is written again, a few times.
LEAST_WORDS, MOST_WORDS = 50, 120
_TRIES = 4
_LETTERS = ("t", "u", "v")
_WAYS = ("p", "q")
# Sizes of the groups of traits in a sentence, repeated by frequency.
_SIZES = (1, 1, 1, 1, 2, 2, 2, 3)


@cache
def known() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The author's traits: the flattering ones, and the others."""
    words = bank("author_traits")["traits"]
    kind = [word for word in words if is_flattering(word)]
    return tuple(kind), tuple(word for word in words if not is_flattering(word))


@cache
def _apart() -> dict[str, frozenset[str]]:
    """The incompatible traits of each trait: its opposites and synonyms."""
    words = bank("author_traits")["traits"]
    apart: dict[str, set[str]] = {word: set() for word in words}
    for first, *others in bank("author_traits")["opposites"]:
        for other in others:
            apart[first].add(other)
            apart[other].add(first)
    same: dict[str, list[str]] = {}
    for word in words:
        same.setdefault(canonical(word), []).append(word)
    return {word: frozenset(apart[word] | set(same[canonical(word)])) for word in words}


def traits(rng: Random) -> list[str]:
    """8 to 10 traits without opposites and synonyms."""
    count = pick(COUNTS, rng)
    unkind = round(count * rng.uniform(LEAST, MOST))
    flattering, others = known()
    chosen: list[str] = []
    shut: set[str] = set()
    while len(chosen) < count:
        word = pick(others if len(chosen) < unkind else flattering, rng)
        if word not in shut:
            chosen.append(word)
            shut |= _apart()[word]
    rng.shuffle(chosen)
    return chosen


def synonym(word: str, rng: Random) -> str:
    """Another word of the bank for the trait, if it has one."""
    same = [other for other in _apart().get(word, ()) if canonical(other) == canonical(word) and other != word]
    return pick(same, rng) if same else word


def personality(words: Sequence[str], rng: Random) -> str:
    """Prose with each of ``words``, most of them illustrated by behaviour."""
    for _ in range(_TRIES):
        text = _prose(words, rng)
        if LEAST_WORDS <= text.count(" ") < MOST_WORDS:
            break
    return text


def _prose(words: Sequence[str], rng: Random) -> str:
    who = pick(_WHO, rng)
    ways, frames = bank("author_traits")["traits"], bank("author_traits")["frames"]
    out: list[str] = []
    used: set[str] = set()
    at = 0
    while at < len(words):
        size = min(pick(_SIZES, rng), len(words) - at)
        kind = ("one", "two", "three")[size - 1]
        frame = pick(frames[kind], rng)
        if frame in used:
            continue
        used.add(frame)
        group = words[at : at + size]
        at += size
        slots: dict[str, str] = dict(zip(_LETTERS, group, strict=False))
        for letter, word in zip(_WAYS, group, strict=False):
            slots[letter] = fill(inflected(pick(ways[word], rng), who), rng, {})
        slots["at"] = with_article(group[0])
        out.append(f"{capital(fill(inflected(frame, who), rng, slots))}.")
    return " ".join(out)
