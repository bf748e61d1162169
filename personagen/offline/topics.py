"""The topics of the cast, and how to find them in a text.

A topic is an everyday situation: openings, and questions ("asks") with the points of advice that answer each. A
point has a handle, a short name that both sides can use. No state is kept between calls: the state of a
conversation is read from its messages, through caches keyed by text.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeVar

from personagen.offline.facts import stems
from personagen.offline.texts import bank, canon, skeleton, wordings

BANKS = ("home", "work", "body", "people", "pastimes", "life")
# Rare stems in common: 60 for one that no other topic uses.
_NEAR = 90
T = TypeVar("T")


@dataclass(frozen=True)
class Point:
    """One piece of advice, its handle, why or how (may be empty), and the text that shows it was given."""

    handle: str
    advice: str
    more: str
    key: str


@dataclass(frozen=True)
class Ask:
    """One question in several wordings (the last is the shortest) and the points that answer it."""

    questions: tuple[str, ...]
    points: tuple[Point, ...]


@dataclass(frozen=True)
class Topic:
    """One situation. ``fits``, ``needs`` and ``avoid`` name kinds of facts, or stems of words in facts."""

    id: str
    domain: str
    thing: str
    openings: tuple[str, ...]
    asks: tuple[Ask, ...]
    fits: frozenset[str]
    needs: frozenset[str]
    avoid: frozenset[str]


@dataclass(frozen=True)
class Place:
    """A topic and one of its asks (-1: only the opening) found in a text."""

    topic: str
    ask: int


def _topic(raw: dict[str, Any]) -> Topic:
    asks = tuple(Ask((*ask["q"], ask["s"]), tuple(_point(*point) for point in ask["p"])) for ask in raw["asks"])
    fits, needs, avoid = (stems(" ".join(raw[name])) | frozenset(raw[name]) for name in ("fits", "needs", "avoid"))
    return Topic(raw["id"], raw["domain"], raw["thing"], tuple(raw["open"]), asks, fits, needs, avoid)


def _point(handle: str, advice: str, more: str = "") -> Point:
    return Point(handle, advice, more, canon(skeleton(advice)).strip())


@cache
def topics() -> dict[str, Topic]:
    """Every topic by id, in the order of the banks."""
    return {t.id: t for name in BANKS for t in map(_topic, bank(f"topics_{name}"))}


_TO = re.compile(r"(How|What|Where|When) do I ((?!not\b|need\b|get\b)\w.{13,})\?")
_WHETHER = re.compile(r"(?:Should (I)|Can (I)|Do (I need)|Do (I have to)) (.{14,})\?")


def framed_parts(question: str) -> tuple[str, dict[str, str]] | None:
    """The pool of indirect wordings for a question, and its slots; None if it has none."""
    if match := _TO.fullmatch(question):
        return "frames_to", {"w": match[1].lower(), "r": match[2]}
    if match := _WHETHER.fullmatch(question):
        modal = " should" if match[1] else " can" if match[2] else ""
        return "frames_whether", {"r": f"{next(filter(None, match.groups()))}{modal} {match[5]}"}
    return None


def _by_rarest(rows: Iterable[tuple[str, T]]) -> dict[str, list[tuple[str, T]]]:
    """Rarest word -> the (text, value) rows whose text contains it."""
    rows = list(rows)
    counts = Counter(word for text, _ in rows for word in text.split())
    index: dict[str, list[tuple[str, T]]] = {}
    for text, value in rows:
        index.setdefault(min(text.split(), key=lambda w: (counts[w], w)), []).append((text, value))
    return index


def _findable(wording: str) -> list[str]:
    """The strings to search for in a message with this wording: itself, and its core if it can be framed."""
    parts = framed_parts(wording)
    return [canon(wording), canon(parts[1]["r"])] if parts else [canon(wording)]


@cache
def _wordings() -> dict[str, list[tuple[str, Place]]]:
    """The questions and openings in every wording."""
    return _by_rarest(
        (key, Place(topic.id, number))
        for topic in topics().values()
        for number, texts in ((-1, topic.openings), *((i, a.questions) for i, a in enumerate(topic.asks)))
        for text in texts
        for wording in wordings(text)
        for key in _findable(wording)
    )


@cache
def _handles() -> dict[str, list[tuple[str, str]]]:
    """The handles of all points, with their topics."""
    return _by_rarest((canon(p.handle), t.id) for t in topics().values() for a in t.asks for p in a.points)


@cache
def _vocabulary() -> tuple[dict[str, frozenset[str]], Counter[str]]:
    """The stems of each topic's questions, and the number of topics that use each stem."""
    found = {
        t.id: stems(" ".join([t.thing, *t.openings, *(q for a in t.asks for q in a.questions)]))
        for t in topics().values()
    }
    return found, Counter(stem for known in found.values() for stem in known)


@lru_cache(maxsize=4096)
def located(text: str) -> tuple[Place, ...]:
    """The bank's openings and questions that occur in ``text``, in order of appearance."""
    plain = canon(text)
    found: dict[Place, int] = {}
    for word in dict.fromkeys(plain.split()):
        for wording, place in _wordings().get(word, ()):
            if (at := plain.find(wording)) >= 0:
                found[place] = min(at, found.get(place, at))
    return tuple(sorted(found, key=lambda place: (found[place], place.ask, place.topic)))


@lru_cache(maxsize=4096)
def nearest(text: str) -> Place | None:
    """The topic and ask nearest by rare words to a text that is not from the bank, or None."""
    found = stems(text)
    vocabulary, counts = _vocabulary()
    scores = {
        t: sum(60 // counts[stem] for stem in found & known if counts[stem] <= 6) for t, known in vocabulary.items()
    }
    best = max(scores, key=lambda topic: scores[topic])
    if scores[best] < _NEAR:
        return None
    asks = topics()[best].asks
    shared = [len(found & stems(" ".join((*a.questions, *(p.advice for p in a.points))))) for a in asks]
    return Place(best, shared.index(max(shared)))


@lru_cache(maxsize=4096)
def given(topic: str, text: str) -> tuple[Point, ...]:
    """The points of ``topic`` that an assistant's text gives."""
    plain = canon(text)
    return tuple(p for a in topics()[topic].asks for p in a.points if p.key in plain)


def names_a_point(text: str) -> bool:
    """Whether a text names a point of advice by its handle."""
    plain = canon(text)
    return any(handle in plain for word in plain.split() for handle, _ in _handles().get(word, ()))


@lru_cache(maxsize=4096)
def named(topic: str, text: str) -> tuple[Point, ...]:
    """The points of ``topic`` whose handle occurs in ``text``, in order of appearance."""
    plain = canon(text)
    points = [(plain.find(canon(p.handle)), p) for a in topics()[topic].asks for p in a.points]
    return tuple(p for at, p in sorted(points, key=lambda row: row[0]) if at >= 0)
