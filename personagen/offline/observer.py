"""The observer of the cast: inferences from a user's words, each with a quote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from random import Random
from typing import Any

import orjson

from personagen.offline.facts import kind_of, spoken, stems
from personagen.offline.hearsay import third
from personagen.offline.style import axes, axes_cued
from personagen.offline.texts import bank, capital
from personagen.offline.topics import located, names_a_point, topics

_UNSUPPORTED = 0.04
_TERSE_WORDS = 12
# The end of a clause about the speaker.
_END = (
    r"(?=[.!?;:—()\n]| and [Ii]\b|, (?:so|which|if|in case|but|and [Ii]|by the way|for what|hence|though|as |because|"
    r"just so|and (?!the )[a-z]+ [a-z']+ (?:is|are|me|my)\b|who|too\b|and that)|$)"
)
_I = re.compile(r"\b[Ii]\b|\b[Yy]ou\b")
_MINE = re.compile(r"[^,:;]*\b(?:my|me)\b.*")
# Lasting facts, noted even if the bank has no kind for them.
_LASTING = re.compile(
    r"I(?:'m| am) (?:\d{2}\b|an? \w+ \w|from \w|named )|I was (?:born|raised)|"
    r"I have (?:an?|two|three|four|five|six|many|\d+) \w+ \w|"
    r"I (?:\w+ly |often |still |once )?(?:live|work|own|run|teach|study|studied|grew|moved|play|volunteer|collect|sell|"
    r"drive|raise|belong|speak|served|trained|wear|keep|sing|paint|build|repair|cook|bake|fish|hunt|sew|draw|weave|"
    r"breed|left school)\b",
    re.I,
)


@cache
def _first_person() -> re.Pattern[str]:
    voice = bank("voice")
    known = {*voice["verbs"].split(), *voice["past"].split()} - set(voice["mental"].split())
    verbs = "|".join(sorted(known, key=len, reverse=True))
    adverbs = "|".join(voice["adverbs"].split())
    verb = rf"[Ii] (?:(?:{adverbs}|[a-z]+ly) )?(?:don't |do not |can't |cannot )?(?:{verbs}|[a-z]+ed)\b"
    mine = r"[Mm]y [a-z-]+(?: [a-z-]+)? (?:is|was|are|has|have|lives?|works?)\b"
    start = rf"\b(?:[Ii](?:'m|'ve| am| was| have)\b|{verb}|{mine})"
    return re.compile(rf"(?:{start})[^.!?;:—()\n]*?{_END}")


@lru_cache(maxsize=4096)
def _facts(text: str) -> tuple[tuple[str, str], ...]:
    """(statement, quote) for every clause in first person that is about a known kind of thing."""
    found: dict[str, str] = {}
    things = [topics()[p.topic].thing for p in located(text)]
    for sentence in spoken(text):
        if (
            sentence.endswith("?")
            or located(sentence)
            or names_a_point(sentence)
            or axes_cued(sentence.replace("!", "."))
        ):
            continue
        quotes = [m.group().strip(" ,") for m in _first_person().finditer(sentence)]
        for quote in quotes or _of_mine(sentence):
            known = kind_of(quote) or _LASTING.match(quote)
            if known and 2 <= len(quote.split()) <= 30 and not any(t in quote for t in things):
                found.setdefault(capital(third(quote)), quote)
    return tuple(found.items())


def _of_mine(sentence: str) -> list[str]:
    """A statement about the speaker's relations or things, without its lead: ``a stray dog followed me home``."""
    match = _MINE.search(sentence.rstrip(" .!?"))
    return [match.group().strip()] if match and not _I.search(match.group()) else []


@lru_cache(maxsize=4096)
def _shown(text: str) -> tuple[tuple[str, str], ...]:
    """(axis, quote) for the axes that a message shows."""
    found: dict[str, str] = {}
    for sentence in spoken(text):
        if located(sentence):
            continue
        for name in axes_cued(sentence):
            found.setdefault(name, sentence)
    return tuple(found.items())


def infer(inputs: Mapping[str, Any], rng: Random) -> str:
    """The inferences from all user turns as JSON; a few per cent have an invented quote."""
    users = [m.content for m in inputs["conversation"] if m.role == "user"]
    facts: dict[str, str] = {}
    shown: dict[str, str] = {}
    for text in users:
        for statement, quote in _facts(text):
            facts.setdefault(statement, quote)
        for name, quote in _shown(text):
            shown.setdefault(name, quote)
    lengths = [len(u.split()) for u in users]
    if len(users) > 1 and sum(lengths) / len(lengths) < _TERSE_WORDS:
        shown.setdefault("terse", min(users, key=len))
    out = [{"fact": f, "quote": q, "kind": "profile"} for f, q in facts.items()]
    out += [{"fact": rng.choice(axes()[a].seems), "quote": q, "kind": "personality"} for a, q in shown.items() if q]
    if users and rng.random() < _UNSUPPORTED:
        out.append(_guess(users, rng))
    return orjson.dumps({"inferences": out}).decode()


def _guess(users: list[str], rng: Random) -> dict[str, str]:
    """A premature inference with an invented quote."""
    words = sorted(stems(users[-1])) or ["this"]
    statement, quote = rng.choice(_GUESSES)
    return {"fact": statement, "quote": f"{quote} ({rng.choice(words)})", "kind": "profile"}


_GUESSES = (
    ("The user lives alone", "since I live by myself"),
    ("The user has more than one job", "between my two jobs"),
    ("The user has moved recently", "ever since I moved here"),
    ("The user is looking after a relative", "with the care for my mother"),
    ("The user works irregular hours", "depending on my shifts"),
    ("The user has children at home", "once the children are in bed"),
)
