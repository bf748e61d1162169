"""Circumstances of a life that change advice: which of them a fact names, and what each means for a question.

A circumstance is an entry of ``bank/circumstances.json``. ``words`` and ``unless`` are patterns for facts, ``you`` says
it to the user, and ``tailor`` holds sentences of advice by shape of question. ``shapes`` lists the questions of a shape
as topics with the numbers of their asks (``boiler1``), so a sentence fits both the fact and the question. Facts that
change no advice have no circumstance.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import pairwise

from personagen.offline.texts import bank, canon

_MY = r"(?:his|her|their|my|your|the user's)"
_IS = r"(?:is|are|am|'m|'re|was|were)"
_AS = (
    rf"\b(?:{_IS}|works? as|worked as|(?:have|has|had) (?:a|the) (?:job|work|trade) (?:as|of)|"
    r"earns? (?:a living|bread) as)(?: an?| the)? (?:[\w-]+ ){0,3}?"
)


@dataclass(frozen=True)
class Advice:
    """One sentence of advice for a circumstance in a shape of question."""

    circumstance: str
    shape: str
    text: str
    key: str


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str], re.Pattern[str] | None], ...]:
    """Name, pattern and exception of each circumstance."""

    def compiled(text: str) -> re.Pattern[str]:
        text = text.replace("<my>", _MY).replace("<as>", _AS).replace("<is>", _IS)
        return re.compile(text, re.I)

    entries = bank("circumstances")["circumstances"].items()
    return tuple((name, compiled(r["words"]), compiled(r["unless"]) if r["unless"] else None) for name, r in entries)


def names() -> tuple[str, ...]:
    """The name of every circumstance."""
    return tuple(name for name, *_ in _patterns())


@lru_cache(maxsize=16384)
def circumstances_of(text: str) -> tuple[str, ...]:
    """The circumstances that a statement about a person names (``She works nights``, ``The user has two cats``)."""
    return tuple(
        name for name, words, unless in _patterns() if words.search(text) and not (unless and unless.search(text))
    )


@cache
def _shapes() -> dict[str, dict[str, frozenset[int]]]:
    """Topic -> shape -> the questions of the topic that have this shape."""
    found: dict[str, dict[str, frozenset[int]]] = {}
    for shape, questions in bank("circumstances")["shapes"].items():
        for topic in questions:
            name = topic.rstrip("0123456789")
            found.setdefault(name, {})[shape] = frozenset(map(int, topic[len(name) :]))
    return found


def fits(advice: Advice, topic: str, ask: int) -> bool:
    """Whether a sentence of advice bears on this question of a topic."""
    return ask in _shapes().get(topic, {}).get(advice.shape, ())


def advice_on(circumstance: str, topic: str, ask: int) -> tuple[Advice, ...]:
    """What ``circumstance`` means for this question of a topic; empty if nothing."""
    return tuple(one for one in _all() if one.circumstance == circumstance and fits(one, topic, ask))


@cache
def _all() -> tuple[Advice, ...]:
    return tuple(
        Advice(name, shape, text, canon(text).strip())
        for name, raw in bank("circumstances")["circumstances"].items()
        for shape, texts in raw["tailor"].items()
        for text in texts
    )


@cache
def _by_start() -> dict[str, list[Advice]]:
    """The advice by its first two words."""
    index: dict[str, list[Advice]] = {}
    for one in _all():
        index.setdefault(" ".join(one.key.split()[:2]), []).append(one)
    return index


@lru_cache(maxsize=4096)
def advice_in(text: str) -> tuple[Advice, ...]:
    """The advice for a circumstance that an assistant's text gives, one for each circumstance."""
    plain = canon(text)
    words = plain.split()
    starts = dict.fromkeys(map(" ".join, pairwise(words)))
    found = {a.circumstance: a for start in starts for a in _by_start().get(start, ()) if a.key in plain}
    return tuple(found.values())


def you_are(circumstance: str) -> str:
    """The circumstance said to the user: ``you work nights``."""
    return str(bank("circumstances")["circumstances"][circumstance]["you"])


def bears_on(fact: str, topic: str) -> bool:
    """Whether a fact about a person changes the advice on some question of a topic."""
    shapes = _shapes().get(topic, {})
    return any(one.shape in shapes for name in circumstances_of(fact) for one in _all() if one.circumstance == name)
