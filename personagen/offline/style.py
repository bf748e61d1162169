"""Style axes, to which traits are reduced: how such a person writes and what they like to read.

An axis is a group of akin traits of the lexicon and an entry of ``bank/style.json``: ``length`` is the reply length in
words that a person of this axis alone likes, ``opposite`` are the axes that contradict it, ``seems`` what an observer
writes about them, ``markers`` what reveals them, ``leads`` and ``closers`` how a suitable reply opens and ends, and
``loud`` marks a style unfit for talk about feelings.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from functools import cache, lru_cache
from typing import Literal, get_args

from personagen.offline.texts import bank, canon
from personagen.personas.lexicon import AKIN
from personagen.personas.traits import canonical, traits_of

MIDDLE, SHORTEST, LONGEST = 60, 20, 150  # words
MAX_LEADING = 3
_WHOLE = 4
_LETTERS = 3
_MARKS = ("!", "2)", "5)")
Sort = Literal["cues", "likes", "dislikes"]
Wish = Literal["brief", "detail", "steps"]
WISHES: tuple[Wish, ...] = get_args(Wish)


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


def axes_of(traits: Iterable[str]) -> tuple[str, ...]:
    """The distinct axes of a list of traits, in order."""
    found = (AKIN.get(canonical(trait)) for trait in traits)
    return tuple(dict.fromkeys(name for name in found if name))


@lru_cache(maxsize=4096)
def axes_shown(inference: str) -> tuple[str, ...]:
    """The axes an observer's statement names (``the user seems anxious ...``)."""
    return axes_of(traits_of(inference))


def _opposites(name: str) -> frozenset[str]:
    return frozenset(bank("style")[name].get("opposite", ()))


def leading(traits: Iterable[str], shown: Collection[str] = ()) -> tuple[str, ...]:
    """The axes that rule how a person reads and writes: their first ones, none that opposes one before it.

    Where axes were ``shown`` in a conversation, only those of the person's axes count that are or oppose one of them.
    """
    own = axes_of(traits)
    touched = [name for name in own if name in shown] + [name for name in own if _opposites(name) & set(shown)]
    out: list[str] = []
    for name in touched or own:
        if name not in out and not _opposites(name) & set(out):
            out.append(name)
    return tuple(out[:MAX_LEADING])


def pull(name: str) -> float:
    """How far an axis pulls the wished length from the middle, as a logarithm."""
    return math.log(bank("style")[name]["length"] / MIDDLE)


def pulled(names: Collection[str]) -> float:
    """How far these axes together pull it: their pulls add up, and the fewer they are, the more each counts."""
    return math.sqrt(MAX_LEADING / max(1, len(names))) * sum(map(pull, names))


def wished_length(names: Collection[str]) -> float:
    """The reply length in words that these axes wish for, within ``SHORTEST`` and ``LONGEST``."""
    return min(LONGEST, max(SHORTEST, MIDDLE * math.exp(pulled(names))))


@lru_cache(maxsize=4096)
def wish_of(message: str) -> Wish | None:
    """The explicit wish in a user's message: a ``brief`` answer, one in ``detail``, or ``steps``."""
    plain = canon(message)
    return next((wish for wish in WISHES if any(phrase in plain for phrase in _wishes(wish))), None)


@cache
def _wishes(wish: Wish) -> tuple[str, ...]:
    return tuple(map(canon, bank("wishes")[wish]))
