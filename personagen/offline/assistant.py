"""The assistants of the cast.

They follow an explicit wish for a length, and no usual length, since people differ. ``plain`` answers in a length and a
voice drawn at random, ``aware`` in those that the observer's inferences call for, with advice that fits the user's
circumstances. ``overclaim`` claims to know what was never said, or flaunts what it knows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any

from personagen.offline.circumstances import Advice, advice_on, circumstances_of, names, you_are
from personagen.offline.facts import spoken
from personagen.offline.style import LONGEST, MAX_LEADING, MIDDLE, axes_shown, pulled, wish_of
from personagen.offline.texts import bank, canon, capital, fill, pick, small
from personagen.offline.thread import Thread, closes, read
from personagen.offline.topics import Point, named

_VOICED, _KNOWN_VOICED = 0.75, 0.95  # shares of replies with a voice, and of those for somebody whose traits showed
_OBEYS = 0.85  # share of explicit wishes for a length that are obeyed
_NUMBERED = 0.12  # share of replies with steps that nothing calls for
_TAILORED, _RECITED = 0.9, 0.06  # shares of replies that could be
_SPREAD, _OWN_SPREAD = 0.5, 0.2  # of the logarithm of a length that nothing, or the inferences, call for
_USUAL, _SHORTEST = 52, 10  # words: what half of the people wish for less than, and the fewest

# What a user says who wants to hear more of a point.
_WANTS_MORE = re.compile(
    r"explain|say more|tell me|spell out|unpack|go into|walk me|convince|puzzles|baffles|understand|thinking behind|"
    r"stuck on|(?:don't|do not) quite see",
    re.I,
)


def _task(thread: Thread, rng: Random) -> tuple[str, list[Point]]:
    """The kind of reply to the last message (``answer``, ``explain``, ``end``, ``generic``), and its points."""
    topic = thread.topic
    if topic is None:
        return "generic", []
    given = thread.given()
    fresh = [p for ask in topic.asks for p in ask.points if p not in given]
    if thread.now:
        asked = [p.ask for p in thread.now if p.topic == topic.id and p.ask >= 0]
        points = list(topic.asks[asked[-1] if asked else 0].points)
        rng.shuffle(points)
        left = [p for p in points if p not in given] or rng.sample(fresh, len(fresh))
        return ("answer", left) if left else ("generic", [])
    asking = " ".join(s for s in spoken(thread.last) if s.rstrip().endswith("?") or _WANTS_MORE.search(s))
    if about := [p for p in named(topic.id, asking) if p in given]:
        same = next(ask.points for ask in topic.asks if about[-1] in ask.points)
        return "explain", [about[-1], *(p for p in same if p not in given)]
    rng.shuffle(fresh)
    chosen = [p for p in named(topic.id, thread.last) if p in given]
    if closes(thread.last):
        return "end", [*(chosen or given or fresh)[:1], *fresh[:1]]
    return "answer", fresh


class _Writer:
    """Writes one reply: draws from the pools without repeating earlier text."""

    def __init__(self, inputs: Mapping[str, Any], rng: Random) -> None:
        thread = read(tuple(inputs["conversation"]))
        self.rng, self.thread = rng, thread
        self.kind, self.points = _task(thread, rng)
        self.domain, thing = (thread.topic.domain, thread.topic.thing) if thread.topic else ("", "this")
        self.said = "".join(map(canon, thread.replies))
        known = canon(thing) in self.said and self.chance(0.6)
        self.slots = {"thing": "this" if known else thing, "name": thing}
        if self.points:
            self.slots["h"] = self.points[0].handle
        self.wish = wish_of(thread.last) if self.chance(_OBEYS) else None

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def one(self, pool: Sequence[str], **more: str) -> str:
        return pick(pool, self.rng, self.slots | more, self.said)

    def pool(self, name: str, /, **more: str) -> str:
        return self.one(bank("assistant")[name], **more)

    def more(self, point: Point) -> str:
        """Why or how a point helps, if it was not said before."""
        text = fill(point.more, self.rng, {})
        return text if canon(text) not in self.said else ""

    def length(self, axes: Sequence[str] = ()) -> float:
        """The words to write: what was asked for, or what ``axes`` call for, or a draw."""
        if self.wish == "brief":
            return self.rng.uniform(_SHORTEST + 2, 30)
        if self.wish == "detail":
            return self.rng.uniform(95, LONGEST)
        pulls = pulled(axes[:MAX_LEADING])
        usual, spread = (MIDDLE, _OWN_SPREAD) if pulls else (_USUAL, _SPREAD)
        return min(1.1 * LONGEST, max(_SHORTEST, usual * math.exp(self.rng.gauss(pulls, spread))))

    def pieces(self) -> Iterator[tuple[str, bool]]:
        """The content, most important first, and whether a piece explains the one before."""
        topic = self.thread.topic
        if self.kind == "generic":
            yield from self._further()
            return
        if self.kind == "explain":
            more = self.more(self.points[0])
            yield self.pool("elaborations", m=small(more)) if more else self.pool("elaborations_bare"), False
        elif self.kind == "end":
            yield self.pool("wrapups"), False
        given = set(self.thread.given())
        others = [p for ask in (topic.asks if topic else ()) for p in ask.points if p not in given]
        for at, point in enumerate(dict.fromkeys((*self.points[self.kind == "explain" :], *others))):
            advice = fill(point.advice, self.rng, {})
            link = ""
            if self.kind == "end":
                link = self.pool("wrapups_tip", p=small(advice))
            elif at and self.chance(0.3):
                link = self.pool("also", p=small(advice))
            self.said += canon(link)
            yield link or advice, False
            if self.chance(0.5) and (more := self.more(point)):
                self.said += canon(more)
                yield more, True
        yield from self._further()

    def _further(self) -> Iterator[tuple[str, bool]]:
        """What else may be said of the topic: why or how its points help, then advice that suits any matter."""
        points = [p for ask in (self.thread.topic.asks if self.thread.topic else ()) for p in ask.points]
        self.rng.shuffle(points)
        for point in points:
            if more := self.more(point):
                self.said += canon(more)
                yield self.pool("elaborations", h=point.handle, m=small(more)), False
        while text := self.pool("generic"):
            self.said += canon(text)
            yield text, False

    def body(self, words: float, *, numbered: bool) -> str:
        """About ``words`` words of content: sentences, or a numbered list."""
        out: list[str] = []
        for piece, explains in self.pieces():
            count = len(piece.split())
            if out and words < count / 2:
                break
            if out and explains:
                out[-1] += f" {piece}"
            elif piece:
                out.append(piece)
            words -= count
        if numbered and self.kind == "answer" and len(out) > 1:
            return "\n".join(f"{i}) {piece}" for i, piece in enumerate(out, 1))
        return " ".join(out)

    def voices(self, axes: Sequence[str]) -> list[str]:
        """The axes whose voice to write in, of ``axes`` if there are any; empty for a neutral voice."""
        fit = [a for a in axes or bank("style") if self.domain != "feelings" or "loud" not in bank("style")[a]]
        return (
            self.rng.sample(fit, min(2 if axes else 1, len(fit)))
            if self.chance(_KNOWN_VOICED if axes else _VOICED)
            else []
        )

    def reply(self, axes: Sequence[str], *extra: str) -> str:
        """The whole reply, with ``extra`` sentences for this person, which leave less room for the rest."""
        words = self.length(axes)
        left = words - sum(len(text.split()) for text in extra)
        voices = self.voices(axes)
        neutral = "generic_leads" if self.kind == "generic" else "leads"
        lead = self.one(bank("style")[voices[0]]["leads"]) if voices else self.pool(neutral)
        ends = {"end": "wrapups_end", "generic": "generic_closers"}.get(self.kind, "closers")
        if not voices and self.chance(0.2):
            ends = "asks"
        end = self.one(bank("style")[voices[-1]]["closers"]) if voices else self.pool(ends)
        lead = lead if self.kind in {"answer", "generic"} and len(lead.split()) < left / 4 else ""
        end = end if self.chance(0.8) and len(end.split()) < left / 4 else ""
        left -= len(f"{lead} {end}".split())
        numbered = self.wish == "steps" or self.chance(0.9 if "methodical" in axes else _NUMBERED)
        body = self.body(left, numbered=numbered)
        return _whole(lead, body, *extra, end)


def plain(inputs: Mapping[str, Any], rng: Random) -> str:
    """A competent reply to the last message, in a length and a voice drawn at random."""
    return _Writer(inputs, rng).reply(())


def aware(inputs: Mapping[str, Any], rng: Random) -> str:
    """A reply in the length and voice that the inferences call for, with advice for one of the user's circumstances."""
    writer = _Writer(inputs, rng)
    axes = _axes(inputs["inferences"])
    fitting = _fitting(writer, _circumstances(inputs["inferences"]))
    if not fitting or not writer.chance(_TAILORED):
        return writer.reply(axes)
    advice = fitting[0]
    if writer.chance(_RECITED):
        return writer.reply(axes, writer.pool("recites", you=you_are(advice.circumstance), t=small(advice.text)))
    return writer.reply(axes, advice.text)


def overclaim(inputs: Mapping[str, Any], rng: Random) -> str:
    """A reply that claims to know what was never said, or flaunts what is known, or is too familiar."""
    writer = _Writer(inputs, rng)
    known = _circumstances(inputs["inferences"])
    unknown = _fitting(writer, [name for name in names() if name not in known])
    way = rng.random()
    if known and way < 0.35:
        extra = [writer.pool("forced", you=you_are(name)) for name in rng.sample(known, min(2, len(known)))]
    elif unknown and way < 0.8:
        extra = [writer.pool("claims", you=you_are(unknown[0].circumstance), t=small(unknown[0].text))]
    else:
        extra = [writer.pool("familiar"), *([writer.pool("padding")] if writer.chance(0.5) else [])]
    return writer.reply(_axes(inputs["inferences"]), *filter(None, extra))


def _axes(inferences: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(name for inference in inferences for name in axes_shown(inference)))


def _circumstances(inferences: Sequence[str]) -> list[str]:
    """The circumstances that the inferences name, the latest first."""
    return list(dict.fromkeys(name for inference in reversed(inferences) for name in circumstances_of(inference)))


def _fitting(writer: _Writer, circumstances: Sequence[str]) -> list[Advice]:
    """Advice on the topic for these circumstances that was not given before, mostly for the first ones first."""
    topic, ask = writer.thread.topic, max(writer.thread.ask, 0)
    told = {name for said in spoken(writer.thread.last) for name in circumstances_of(said)}
    if topic is None or writer.kind == "explain" or not (writer.thread.now or told & set(circumstances)):
        return []
    fitting = [a for name in circumstances for a in advice_on(name, topic.id, ask)]
    fresh = [a for a in fitting if a.key not in writer.said]
    order = {a: at + 3 * writer.rng.random() for at, a in enumerate(fresh)}
    return sorted(fresh, key=lambda a: order[a])


def _whole(lead: str, body: str, *rest: str) -> str:
    """The pieces as one text, with a numbered list on its own lines."""
    mark = "\n" if body.startswith("1) ") else " "
    if lead.endswith(":") and mark == " ":
        body = small(body)
    text = mark.join(p for p in (lead, body, " ".join(filter(None, rest))) if p)
    return capital(re.sub(r"[ \t]+", " ", text).strip()) or "Tell me a little more, and I can be of use."
