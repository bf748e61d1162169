"""What the cast can talk about, and finding out from a text alone what it is about.

A topic is an everyday situation: openings, and questions ("asks") with the points of advice that answer each. A
point has a handle, a short name both sides can refer to it by. Nothing is remembered between calls: where a
conversation stands is read off its messages, through caches keyed by text.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cache, lru_cache

from personagen.llm.offline.facts import stems
from personagen.llm.offline.texts import bank, skeleton, wordings

BANKS = ("home", "work", "body", "people", "pastimes")
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
            tuple(Point(p[0], p[1], p[2] if len(p) > 2 else "", skeleton(p[1])[1:]) for p in ask["p"]),
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


@cache
def _wordings() -> dict[str, list[tuple[str, Place]]]:
    """Rarest word -> the questions and openings that contain it, in every wording."""
    rows = [
        (wording.rstrip("?.!").lower(), Place(topic.id, number))
        for topic in topics().values()
        for number, texts in ((-1, topic.openings), *((i, a.questions) for i, a in enumerate(topic.asks)))
        for text in texts
        for wording in wordings(text)
    ]
    counts = Counter(word for text, _ in rows for word in text.split())
    index: dict[str, list[tuple[str, Place]]] = {}
    for text, place in rows:
        words = text.split()
        inner = words[1:-1] if len(words) > 3 else words
        rarest = min(inner, key=lambda w: (counts[w], w))
        index.setdefault(rarest.strip(".,;:!?"), []).append((text, place))
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
    """The bank's own openings and questions that stand in ``text``, in order of appearance."""
    lower = text.lower()
    found: dict[Place, int] = {}
    for word in set(lower.replace("?", " ").replace(".", " ").replace(",", " ").replace(":", " ").split()):
        for wording, place in _wordings().get(word.strip(";!()"), ()):
            if (at := lower.find(wording)) >= 0:
                found[place] = min(at, found.get(place, at))
    return tuple(sorted(found, key=lambda place: (found[place], place.ask)))


@lru_cache(maxsize=4096)
def nearest(text: str) -> Place | None:
    """The topic and ask a text that isn't from the bank comes closest to by rare words, or None."""
    scores: Counter[str] = Counter()
    found = stems(text)
    for stem in found:
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
    lower = text.lower()
    return tuple(p for a in topics()[topic].asks for p in a.points if p.key in lower)


@lru_cache(maxsize=4096)
def named(topic: str, text: str) -> tuple[Point, ...]:
    """The points of ``topic`` whose handle stands in ``text``, in order of appearance."""
    lower = text.lower()
    points = [(lower.find(p.handle.lower()), p) for a in topics()[topic].asks for p in a.points]
    return tuple(p for at, p in sorted(points, key=lambda row: row[0]) if at >= 0)
