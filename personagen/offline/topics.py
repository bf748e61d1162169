"""The topics of the cast, and how to find them in a text.

A topic is an everyday situation: openings, and questions ("asks") with the points of advice that answer each. A
point has a handle, a short name that both sides can use. No state is kept between calls: the state of a
conversation is read from its messages, through caches keyed by text.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache

from personagen.offline.facts import stems
from personagen.offline.texts import bank, canon, skeleton, wordings

BANKS = ("home", "work", "body", "people", "pastimes", "life")
_NEAR = 9.0


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


def _topic(raw: dict[str, object]) -> Topic:
    def stemmed(name: str) -> frozenset[str]:
        names: list[str] = raw[name]  # type: ignore[assignment]
        return stems(" ".join(names)) | frozenset(names)

    asks = tuple(
        Ask(
            (*ask["q"], ask["s"]),
            tuple(Point(p[0], p[1], p[2] if len(p) > 2 else "", canon(skeleton(p[1])).strip()) for p in ask["p"]),
        )
        for ask in raw["asks"]  # type: ignore[attr-defined]
    )
    return Topic(
        id=str(raw["id"]),
        domain=str(raw["domain"]),
        thing=str(raw["thing"]),
        openings=tuple(raw["open"]),  # type: ignore[arg-type]
        asks=asks,
        fits=stemmed("fits"),
        needs=stemmed("needs"),
        avoid=stemmed("avoid"),
    )


@cache
def topics() -> dict[str, Topic]:
    """Every topic by id, in the order of the banks."""
    return {t.id: t for name in BANKS for t in map(_topic, bank(f"topics_{name}"))}


_FRAMES = re.compile(
    r"(How|What|Where|When) do I ((?!not\b|need\b|get\b)\w.*)\?|(Should I|Can I|Do I need|Do I have to) (.*)\?"
)
_WHETHER = {"Should I": "I should", "Can I": "I can", "Do I need": "I need", "Do I have to": "I have to"}
_LONG_ENOUGH = 14


def framed_parts(question: str) -> tuple[str, dict[str, str]] | None:
    """The pool of indirect wordings for a question, and its slots; None if it has none."""
    match = _FRAMES.fullmatch(question)
    if match is None:
        return None
    word, to, modal, whether = match.groups()
    if word and len(to) >= _LONG_ENOUGH:
        return "frames_to", {"w": word.lower(), "r": to}
    if modal and len(whether) >= _LONG_ENOUGH:
        return "frames_whether", {"r": f"{_WHETHER[modal]} {whether}"}
    return None


def _findable(wording: str) -> list[str]:
    """The strings to search for in a message with this wording: itself, and its core if it can be framed."""
    parts = framed_parts(wording)
    return [canon(wording), canon(parts[1]["r"])] if parts else [canon(wording)]


@cache
def _wordings() -> dict[str, list[tuple[str, Place]]]:
    """Rarest word -> the questions and openings that contain it, in every wording."""
    rows = [
        (key, Place(topic.id, number))
        for topic in topics().values()
        for number, texts in ((-1, topic.openings), *((i, a.questions) for i, a in enumerate(topic.asks)))
        for text in texts
        for wording in wordings(text)
        for key in _findable(wording)
    ]
    counts = Counter(word for text, _ in rows for word in text.split())
    index: dict[str, list[tuple[str, Place]]] = {}
    for text, place in rows:
        index.setdefault(min(text.split(), key=lambda w: (counts[w], w)), []).append((text, place))
    return index


@cache
def _vocabulary() -> dict[str, dict[str, float]]:
    """Stem -> topics whose questions and advice use it, weighted by how rare the stem is."""
    per_topic = {
        t.id: stems(" ".join([t.thing, *t.openings, *(q for a in t.asks for q in a.questions)]))
        for t in topics().values()
    }
    counts = Counter(stem for found in per_topic.values() for stem in found)
    index: dict[str, dict[str, float]] = {}
    for topic, found in per_topic.items():
        for stem in found:
            if counts[stem] <= 6:
                index.setdefault(stem, {})[topic] = 6.0 / counts[stem]
    return index


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
    scores: Counter[str] = Counter()
    found = stems(text)
    for stem in sorted(found):
        for topic, weight in _vocabulary().get(stem, {}).items():
            scores[topic] += weight  # type: ignore[assignment]
    if not scores:
        return None
    best = min(scores, key=lambda t: (-scores[t], t))
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


@cache
def _handles() -> dict[str, list[str]]:
    """Rarest word -> the handles of all topics that contain it."""
    handles = [canon(p.handle) for t in topics().values() for a in t.asks for p in a.points]
    counts = Counter(word for handle in handles for word in handle.split())
    index: dict[str, list[str]] = {}
    for handle in handles:
        index.setdefault(min(handle.split(), key=lambda w: (counts[w], w)), []).append(handle)
    return index


def names_a_point(text: str) -> bool:
    """Whether a text names a point of advice by its handle."""
    plain = canon(text)
    return any(handle in plain for word in plain.split() for handle in _handles().get(word, ()))


@lru_cache(maxsize=4096)
def named(topic: str, text: str) -> tuple[Point, ...]:
    """The points of ``topic`` whose handle occurs in ``text``, in order of appearance."""
    plain = canon(text)
    points = [(plain.find(canon(p.handle)), p) for a in topics()[topic].asks for p in a.points]
    return tuple(p for at, p in sorted(points, key=lambda row: row[0]) if at >= 0)
