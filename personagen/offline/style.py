"""Style axes, to which traits are reduced: how such a person writes and what they like to read.

An axis is an entry of ``bank/style.json``: ``length`` is the reply length in words that such a person likes, ``seems``
what an observer writes about them, ``markers`` what reveals them, ``leads`` and ``closers`` how a suitable reply opens
and ends, and ``loud`` marks a style unfit for talk about feelings.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache, lru_cache
from typing import Literal

from personagen.offline.texts import bank, canon
from personagen.personas.traits import canonical, traits_of

PLAIN_LENGTH = 80
_WHOLE = 4
_LETTERS = 3
_MARKS = ("!", "2)", "5)")
Sort = Literal["cues", "likes", "dislikes"]


@cache
def _phrases(sort: Sort) -> dict[str, list[tuple[str, str]]]:
    """First letters -> the phrases that start with them, with their axes; short ones must be whole words."""
    index: dict[str, list[tuple[str, str]]] = {}
    for name, raw in bank("style").items():
        for phrase in raw[sort]:
            plain = phrase if phrase in _MARKS else canon(phrase).strip()
            row = (f" {plain} " if len(plain) <= _WHOLE else f" {plain}", name)
            index.setdefault(plain.split()[0][:_LETTERS], []).append(row)
    return index


@lru_cache(maxsize=8192)
def axes_in(text: str, sort: Sort) -> frozenset[str]:
    """The axes whose ``cues``, ``likes`` or ``dislikes`` occur in a text."""
    words = canon(text) + "".join(f"{mark} " for mark in _MARKS if mark in text)
    index = _phrases(sort)
    starts = {word[:_LETTERS] for word in words.split()}
    return frozenset(name for start in starts for phrase, name in index.get(start, ()) if phrase in words)


def axes_cued(sentence: str) -> tuple[str, ...]:
    """The axes that a speaker's sentence reveals, in the order of the bank."""
    found = axes_in(sentence, "cues")
    return tuple(name for name in bank("style") if name in found) if found else ()


@cache
def _by_trait() -> dict[str, str]:
    return {word: name for name, raw in bank("style").items() for word in raw["words"]}


def axes_of(traits: Iterable[str]) -> tuple[str, ...]:
    """The distinct axes of a list of traits, in order."""
    found = (_by_trait().get(canonical(trait)) for trait in traits)
    return tuple(dict.fromkeys(name for name in found if name))


@lru_cache(maxsize=4096)
def axes_shown(inference: str) -> tuple[str, ...]:
    """The axes an observer's statement names (``the user seems anxious ...``)."""
    return axes_of(traits_of(inference))


def wanted_length(names: Iterable[str]) -> float:
    """The reply length in words for these axes: the geometric mean."""
    lengths = [bank("style")[n]["length"] for n in names]
    return math.exp(sum(map(math.log, lengths)) / len(lengths)) if lengths else float(PLAIN_LENGTH)
