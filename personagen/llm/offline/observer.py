"""The observer of the cast: what a user's words tell about them, each with the words that tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from random import Random
from typing import Any

import orjson

from personagen.llm.offline.facts import kind_of, stems
from personagen.llm.offline.style import axes, flat
from personagen.llm.offline.texts import bank, capital
from personagen.llm.offline.topics import located, topics
from personagen.llm.offline.voice import third

_UNSUPPORTED = 0.04
_TERSE_WORDS = 12
_END = r"(?=[.!?;:—()\n]|, (?:so|which|if|in case|but|and I|by the way|for what|hence|though|as |because|just so|and (?!the )[a-z]+ [a-z']+ (?:is|are|me|my)\b|who|too\b|and that)|$)"
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")


@cache
def _first_person() -> re.Pattern[str]:
    voice = bank("voice")
    known = {*voice["verbs"].split(), *voice["past"].split()} - set(voice["mental"].split())
    verbs = "|".join(sorted(known, key=len, reverse=True))
    adverbs = "|".join(voice["adverbs"].split())
    start = rf"\b(?:I(?:'m|'ve| am| was)|I (?:(?:{adverbs}|[a-z]+ly) )?(?:don't |can't )?(?:{verbs})\b|[Mm]y [a-z-]+(?: [a-z-]+)? (?:is|was|are|has|have|lives?|works?)\b)"
    return re.compile(rf"(?:{start})[^.!?;:—()\n]*?{_END}")


@lru_cache(maxsize=4096)
def _facts(text: str) -> tuple[tuple[str, str], ...]:
    """(statement, quote) for every clause in first person that is about a known kind of thing."""
    found: dict[str, str] = {}
    things = [topics()[p.topic].thing for p in located(text)]
    for match in _first_person().finditer(text):
        quote = match.group().strip(" ,")
        if any(t in quote for t in things) or any(p.ask < 0 for p in located(quote)):
            continue
        if kind_of(quote) is None and not re.search(r"\bI'm \d{2}\b", quote):
            continue
        if 2 <= len(quote.split()) <= 30 and text[match.end() : match.end() + 1] != "?":
            found.setdefault(capital(third(quote)), quote)
    return tuple(found.items())


@lru_cache(maxsize=4096)
def _shown(text: str) -> tuple[tuple[str, str], ...]:
    """(axis, quote) for the ways of talking that a message shows."""
    found: dict[str, str] = {}
    for sentence in _SENTENCE.findall(text):
        if located(sentence):
            continue
        words = flat(sentence)
        for name, axis in axes().items():
            if name not in found and axis.cues.found(words):
                found[name] = sentence.strip()
    return tuple(found.items())


def infer(inputs: Mapping[str, Any], rng: Random) -> str:
    """The inferences from all user turns so far, as JSON; a few in a hundred come with a quote nobody said."""
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
    """An inference that runs ahead of what was said: its quote is made up."""
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
