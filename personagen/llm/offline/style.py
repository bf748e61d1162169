"""The ways of talking ("axes") that traits come down to: how such a person writes and what they want to read."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from personagen.llm.offline.texts import bank
from personagen.traits import canonical, traits_of

PLAIN_LENGTH = 80


_BREAKS = str.maketrans(dict.fromkeys(".,;:?\n\"(\u2014", " ") | {"!": " ! "})
_WHOLE = 4


@dataclass(frozen=True)
class Phrases:
    """Some phrases to look for at the beginning of words; short ones must be whole words."""

    phrases: tuple[str, ...]

    def found(self, flat: str) -> bool:
        """Whether a text put through ``flat`` holds one of them."""
        return any(phrase in flat for phrase in self.phrases)


@lru_cache(maxsize=4096)
def flat(text: str) -> str:
    """A text in lower case with spaces for punctuation, so that phrases can be looked for."""
    return f" {text.lower().translate(_BREAKS)} "


def _phrases(raw: list[str]) -> Phrases:
    flattened = (flat(p).rstrip() for p in raw)
    return Phrases(tuple(f"{p} " if len(p) <= _WHOLE + 1 else p for p in flattened))


@dataclass(frozen=True)
class Axis:
    """One way of talking.

    ``length`` is the reply length in words such a person likes, ``likes``/``dislikes`` what they notice in a reply,
    ``cues`` how their own words give them away, ``seems`` what an observer writes then.
    """

    name: str
    length: int
    likes: Phrases
    dislikes: Phrases
    cues: Phrases
    seems: tuple[str, ...]
    markers: tuple[str, ...]
    leads: tuple[str, ...]
    closers: tuple[str, ...]


@cache
def axes() -> dict[str, Axis]:
    """Every axis by name."""
    return {
        name: Axis(
            name,
            raw["length"],
            *(_phrases(raw[key]) for key in ("likes", "dislikes", "cues")),
            *(tuple(raw[key]) for key in ("seems", "markers", "leads", "closers")),
        )
        for name, raw in bank("style").items()
    }


@cache
def _by_trait() -> dict[str, str]:
    return {word: name for name, raw in bank("style").items() for word in raw["words"]}


@lru_cache(maxsize=2048)
def axes_of(traits: tuple[str, ...], personality: str = "") -> tuple[str, ...]:
    """The axes of a list of traits, or of a personality text where the list is empty, in order, without repeats."""
    words = [canonical(t) for t in traits] or list(traits_of(personality))
    found = (_by_trait().get(word) for word in words)
    return tuple(dict.fromkeys(name for name in found if name))


@lru_cache(maxsize=4096)
def axes_shown(inference: str) -> tuple[str, ...]:
    """The axes an observer's statement names (``the user seems anxious ...``)."""
    return axes_of(traits_of(inference)) if traits_of(inference) else ()


def wanted_length(names: Iterable[str]) -> float:
    """The reply length in words that people with these axes like: the geometric mean."""
    lengths = [axes()[n].length for n in names]
    return math.exp(sum(map(math.log, lengths)) / len(lengths)) if lengths else float(PLAIN_LENGTH)
