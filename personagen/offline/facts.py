"""Facts about a person: their words, their kinds, whether a text states them."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from personagen.offline.texts import bank, canon, word_list

_BREAK = re.compile(r"(?<=[.!?])\s+|\n+")
_ENOUGH = 0.6
_DENIAL = re.compile(
    r"\b(?:no|never had|without|not have|n't have|n't want) (?:any )?(?:kids|children|pets|car)|childless|"
    r"\b(?:wants?|wanted|hopes? for|dreams? of) (?:\w+ )?(?:kids|children|a (?:dog|cat|child|baby))|"
    # Advice is not tailored to a loss.
    r"\b(?:lost|buried|mourns?|grie\w+|miscarr\w+|late)\b.*\b(?:child|children|baby|son|daughter|wife|husband|partner|"
    r"sister|brother|mother|father)\b",
    re.I,
)


@lru_cache(maxsize=16384)
def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    for end in ("ing", "ed", "es", "s"):
        if len(word) - len(end) >= 3 and word.endswith(end):
            word = word[: -len(end)]
            break
    return word[:6].rstrip("e") if len(word) > 3 else word


@lru_cache(maxsize=8192)
def stems(text: str) -> frozenset[str]:
    """The crude stems of the content words of a text, in any language."""
    return frozenset(_stem(w) for w in canon(text).split() if w not in word_list("stop"))


@lru_cache(maxsize=4096)
def spoken(text: str) -> tuple[str, ...]:
    """The sentences of a chat message, roughly; lines of a list count as sentences."""
    return tuple(s for s in _BREAK.split(text) if s)


def is_stated(fact: str, texts: tuple[str, ...]) -> bool:
    """Whether one of ``texts`` says most of what ``fact`` says."""
    want = stems(fact)
    return bool(want) and any(len(want & stems(text)) >= _ENOUGH * len(want) for text in texts)


@cache
def _kinds() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(rf"\b(?:{raw['words']})", re.I)) for kind, raw in bank("facts").items())


@lru_cache(maxsize=8192)
def kinds_of(fact: str) -> tuple[str, ...]:
    """The kinds of a fact (``job_care``, ``kids``, ``pets``, ...), most important first; empty for a denial."""
    if _DENIAL.search(fact):
        return ()
    return tuple(kind for kind, pattern in _kinds() if pattern.search(fact))


def kind_of(fact: str) -> str | None:
    """The most important kind of a fact, or None if unknown."""
    return next(iter(kinds_of(fact)), None)
