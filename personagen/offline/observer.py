"""The observer of the cast: inferences from a user's words, each with a quote."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from random import Random
from typing import Any

import orjson

from personagen.offline.facts import kind_of, spoken, stems
from personagen.offline.style import axes_cued
from personagen.offline.texts import bank, canon, capital, pattern
from personagen.offline.topics import located, names_a_point, topics
from personagen.offline.voice import third

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


@cache
def _about_the_talk() -> re.Pattern[str]:
    """What users say about the conversation or the moment: it holds "I" and "my", and no fact about them."""
    user = bank("user")
    names = [
        name for name in user if name.startswith(("reactions", "probes", "doubts", "shifts", "closings", "scenes"))
    ]
    return re.compile("|".join(f"(?:{pattern(template)})" for name in names for template in user[name]))


@lru_cache(maxsize=4096)
def _facts(text: str) -> tuple[tuple[str, str], ...]:
    """(statement, quote) for every clause in first person that is about a known kind of thing."""
    found: dict[str, str] = {}
    things = [topics()[p.topic].thing for p in located(text)]
    for sentence in spoken(text):
        about_topic = located(sentence) or names_a_point(sentence)
        if sentence.endswith("?") or about_topic or axes_cued(sentence.replace("!", ".")):
            continue
        quotes = [m.group().strip(" ,") for m in _first_person().finditer(sentence)]
        for quote in quotes or _of_mine(sentence):
            known = kind_of(quote) or _LASTING.match(quote)
            if known and 2 <= len(quote.split()) <= 30 and not any(t in quote for t in things):
                if _about_the_talk().fullmatch(canon(sentence).strip()):
                    break
                found.setdefault(capital(third(quote)), quote)
    return tuple(found.items())


def _of_mine(sentence: str) -> list[str]:
    """A statement about the speaker's relations or things, without its lead: ``a stray dog followed me home``."""
    match = _MINE.search(sentence.rstrip(" .!?"))
    return [match.group().strip()] if match and not _I.search(match.group()) else []


@lru_cache(maxsize=4096)
def _shown(text: str) -> tuple[tuple[str, str], ...]:
    """(axis, quote) for the axes that a message shows."""
    return tuple((name, said) for said in spoken(text) if not located(said) for name in axes_cued(said))


def infer(inputs: Mapping[str, Any], rng: Random) -> str:
    """The inferences from all user turns as JSON; a few per cent have an invented quote."""
    users = [m.content for m in inputs["conversation"] if m.role == "user"]
    # The first quote of each counts.
    facts = dict(row for text in reversed(users) for row in reversed(_facts(text)))
    shown = dict(row for text in reversed(users) for row in reversed(_shown(text)))
    if len(users) > 1 and sum(len(text.split()) for text in users) < _TERSE_WORDS * len(users):
        shown.setdefault("terse", min(users, key=len))
    out = [{"fact": f, "quote": q, "kind": "profile"} for f, q in reversed(facts.items())]
    seems = {axis: bank("style")[axis]["seems"] for axis in shown}
    out += [{"fact": rng.choice(seems[a]), "quote": q, "kind": "personality"} for a, q in shown.items() if q]
    if users and rng.random() < _UNSUPPORTED:
        fact, quote = rng.choice(bank("observer")["guesses"])
        word = rng.choice(sorted(stems(users[-1])) or ["this"])
        out.append({"fact": fact, "quote": f"{quote} ({word})", "kind": "profile"})
    return orjson.dumps({"inferences": out}).decode()
