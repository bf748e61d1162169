"""The ways of talking ("axes") that traits come down to: how such a person writes and what they want to read."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache

from personagen.llm.offline.texts import bank, canon
from personagen.traits import canonical, traits_of

PLAIN_LENGTH = 80


_WHOLE = 4
_MARKS = ("!", "2)", "5)")


@dataclass(frozen=True)
class Phrases:
    """Some phrases to look for at the beginning of words; short ones must be whole words."""

    phrases: tuple[str, ...]

    def found(self, flat: str) -> bool:
        """Whether a text put through ``flat`` holds one of them."""
        return any(phrase in flat for phrase in self.phrases)


@lru_cache(maxsize=4096)
def flat(text: str) -> str:
    """A text as phrases are looked for in it: in canonical words, with the marks that matter at the end."""
    return canon(text) + "".join(f"{mark} " for mark in _MARKS if mark in text)


def _phrases(raw: list[str]) -> Phrases:
    plain = [p if p.strip() in _MARKS else canon(p).strip() for p in raw]
    return Phrases(tuple(dict.fromkeys(f" {p} " if len(p) <= _WHOLE else f" {p}" for p in plain if p)))


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
            name=name,
            length=raw["length"],
            likes=_phrases(raw["likes"]),
            dislikes=_phrases(raw["dislikes"]),
            cues=_phrases(raw["cues"]),
            seems=tuple(raw["seems"]),
            markers=tuple(raw["markers"]),
            leads=tuple(raw["leads"]),
            closers=tuple(raw["closers"]),
        )
        for name, raw in bank("style").items()
    }


@cache
def _cues() -> dict[str, list[tuple[str, str]]]:
    """First letters -> the cue phrases that begin with them, each with its axis."""
    index: dict[str, list[tuple[str, str]]] = {}
    for name, axis in axes().items():
        for phrase in axis.cues.phrases:
            index.setdefault(phrase.split()[0][:3], []).append((phrase, name))
    return index


@lru_cache(maxsize=4096)
def axes_cued(sentence: str) -> tuple[str, ...]:
    """The axes that somebody's sentence shows by its words."""
    words = flat(sentence)
    index = _cues()
    starts = dict.fromkeys(w[:3] for w in words.split())
    return tuple(dict.fromkeys(name for s in starts for phrase, name in index.get(s, ()) if phrase in words))


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
    named = traits_of(inference)
    return axes_of(named) if named else ()


def wanted_length(names: Iterable[str]) -> float:
    """The reply length in words that people with these axes like: the geometric mean."""
    lengths = [axes()[n].length for n in names]
    return math.exp(sum(map(math.log, lengths)) / len(lengths)) if lengths else float(PLAIN_LENGTH)
