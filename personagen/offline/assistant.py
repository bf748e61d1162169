"""The assistants of the cast: ``plain`` gives generic answers, ``aware`` fits them to the observer's inferences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from personagen.offline.facts import advice_for, kind_of, spoken
from personagen.offline.hearsay import brief
from personagen.offline.style import Axis, axes, axes_shown, wanted_length
from personagen.offline.texts import bank, canon, capital, fill, pick, small
from personagen.offline.thread import Thread, read_messages
from personagen.offline.topics import Point, named
from personagen.offline.voice import clause

_OVERREACH = 0.13
_SOFT = {"feelings"}
_LOUD = {
    "playful", "chatty", "impatient", "driven", "sunny", "impulsive", "blunt", "inventive", "proud", "thrifty",
    "traditional", "cautious",
}  # fmt: skip
_DETAILED = {"sceptical", "inventive", "chatty", "methodical"}


@dataclass(frozen=True)
class _Task:
    """The kind of reply to the last message (``answer``, ``explain``, ``end``, ``generic``) and its points."""

    kind: str
    thing: str
    domain: str
    points: tuple[Point, ...]


_WANTS_MORE = re.compile(
    r"explain|say more|tell me|spell out|unpack|go into|walk me|convince|puzzles|baffles|understand|thinking behind|"
    r"stuck on|(?:don't|do not) quite see",
    re.I,
)


def _asked_about(text: str, points: Sequence[Point], topic: str) -> list[Point]:
    """The points that ``text`` asks about or wants to hear more of."""
    asking = " ".join(s for s in spoken(text) if s.rstrip().endswith("?") or _WANTS_MORE.search(s))
    return [p for p in named(topic, asking) if p in points]


def _task(thread: Thread, rng: Random) -> _Task:
    topic = thread.topic
    if topic is None:
        return _Task("generic", "this", "", ())
    here = [p for p in thread.now if p.topic == topic.id and p.ask >= 0]
    given = thread.given()
    fresh = [p for a in topic.asks for p in a.points if p not in given]
    if here or thread.now:
        points = list(topic.asks[here[-1].ask if here else 0].points)
        rng.shuffle(points)
        points.sort(key=lambda p: p in given)
        return _Task("answer", topic.thing, topic.domain, tuple(points))
    rng.shuffle(fresh)
    about = _asked_about(thread.last, [*given], topic.id)
    if about:
        same = [p for a in topic.asks if about[-1] in a.points for p in a.points if p not in given]
        return _Task("explain", topic.thing, topic.domain, (about[-1], *same))
    chosen = [p for p in named(topic.id, thread.last) if p in given]
    if chosen or "?" not in thread.last:
        return _Task("end", topic.thing, topic.domain, tuple((chosen or [*given] or fresh)[:1] + fresh[:1]))
    return _Task("answer", topic.thing, topic.domain, tuple(fresh or topic.asks[0].points))


class _Writer:
    """Writes one reply: draws from the pools without repeating earlier text."""

    def __init__(self, thread: Thread, rng: Random) -> None:
        self.rng = rng
        self.task = _task(thread, rng)
        self.said = "".join(map(canon, thread.replies))
        known = canon(self.task.thing) in self.said and rng.random() < 0.6
        self.slots = {"thing": "this" if known else self.task.thing, "name": self.task.thing}
        if self.task.points:
            self.slots["h"] = self.task.points[0].handle

    def one(self, pool: Sequence[str], **more: str) -> str:
        return pick(pool, self.rng, {**self.slots, **more}, self.said)

    def pool(self, name: str, **more: str) -> str:
        return self.one(bank("assistant")[name], **more)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def advice(self, point: Point, *, explained: bool) -> str:
        text = fill(point.advice, self.rng, {})
        return f"{text} {point.more}" if explained and point.more else text

    def body(self, count: int, explained: float) -> list[str]:
        """The content of the reply, one string per point, without a lead."""
        task = self.task
        if task.kind == "generic":
            texts = [self.pool("generic") for _ in range(count)]
            return [t for t in dict.fromkeys(texts) if t]
        if task.kind == "explain":
            point = task.points[0]
            elaborates = point.more and canon(point.more) not in self.said
            more = self.pool("elaborations", m=small(point.more), h=point.handle) if elaborates else ""
            first = more or self.pool("elaborations_bare", h=point.handle)
            return [first, *(self.advice(p, explained=False) for p in task.points[1 : max(count, 1)])]
        if task.kind == "end":
            tip = self.pool("wrapups_tip", p=small(self.advice(task.points[-1], explained=False)))
            return [self.pool("wrapups"), tip] if count > 1 else [tip or self.pool("wrapups")]
        return [self.advice(p, explained=self.chance(explained)) for p in task.points[:count]]

    def joined(self, parts: list[str], *, linked: float, numbered: bool = False) -> str:
        parts = [p for p in parts if p]
        if numbered and len(parts) > 1:
            return "\n".join(f"{i}) {p}" for i, p in enumerate(parts, 1))
        out = parts[:1]
        for part in parts[1:]:
            plain = self.task.kind in {"answer", "generic"} and self.chance(linked)
            link = self.pool("also", p=small(part)) if plain else ""
            self.said += canon(link)
            out.append(link or part)
        return " ".join(out)


def plain(inputs: Mapping[str, Any], rng: Random) -> str:
    """A competent, generic reply to the last message."""
    writer = _Writer(read_messages(inputs["conversation"]), rng)
    generic = writer.task.kind == "generic"
    lead = writer.pool("generic_leads" if generic else "leads") if writer.chance(0.45) else ""
    if writer.task.kind in {"explain", "end"}:
        lead = ""
    body = writer.joined(
        writer.body(rng.choice((2, 2, 3)), 0.4),
        linked=0.4,
        numbered=writer.task.kind == "answer" and writer.chance(0.1),
    )
    if writer.task.kind == "end":
        end = writer.pool("wrapups_end")
    else:
        end = writer.pool("generic_closers" if generic else "closers") if writer.chance(0.45) else ""
        if writer.chance(0.1):
            end = writer.pool("asks")
    return _whole(lead, body, [], end)


def aware(inputs: Mapping[str, Any], rng: Random) -> str:
    """A reply fitted to the observer's inferences; about one in eight overreaches."""
    writer = _Writer(read_messages(inputs["conversation"]), rng)
    shown: list[str] = []
    facts: list[str] = []
    for inference in inputs["inferences"]:
        found = axes_shown(inference)
        shown += found
        if not found:
            facts.append(inference)
    known = list(dict.fromkeys(shown))
    if (known or facts) and writer.chance(_OVERREACH):
        return _overreaching(writer, known, facts)
    return _fitting(writer, known, facts)


def _fitting(writer: _Writer, known: list[str], facts: list[str]) -> str:
    length = wanted_length(known)
    count = 1 if length < 42 else 2 if length < 92 else 3
    explained = 0.8 if _DETAILED & set(known) else 0.0 if length < 60 else 0.5
    style = [axes()[name] for name in known if writer.task.domain not in _SOFT or name not in _LOUD]
    writer.rng.shuffle(style)
    body = writer.joined(
        writer.body(count, explained),
        linked=0.25,
        numbered="methodical" in known and writer.task.kind == "answer",
    )
    lead = _lead(writer, style)
    tailored = [_to_them(_tailored(writer, facts))] if facts and writer.chance(0.95) else []
    end = _closer(writer, style, length)
    return _whole(lead, body, tailored, end)


def _to_them(said: str) -> str:
    """``said`` with "the user" replaced by "you"."""
    return re.sub(r"\bthe user(['\u2019]s)?\b", lambda found: "your" if found[1] else "you", said)


def _lead(writer: _Writer, style: list[Axis]) -> str:
    if writer.task.kind not in {"answer", "generic"}:
        return ""
    if style:
        return writer.one(style[0].leads) if writer.chance(0.9) else ""
    return writer.pool("comfort" if writer.task.kind == "generic" else "leads") if writer.chance(0.4) else ""


def _closer(writer: _Writer, style: list[Axis], length: float) -> str:
    if style and (length >= 60 or writer.chance(0.4)) and writer.chance(0.85):
        return writer.one(style[-1].closers)
    if writer.task.kind == "end":
        return writer.pool("wrapups_end")
    if not style:
        return writer.pool("asks" if writer.chance(0.5) else "closers") if writer.chance(0.5) else ""
    return ""


def _tailored(writer: _Writer, facts: list[str]) -> str:
    """A sentence that adapts the advice to one revealed fact; empty if none is relevant."""
    rng = writer.rng
    order = list(enumerate(facts))
    order.sort(key=lambda row: -row[0] + 6 * rng.random())
    for _, fact in order:
        lines = advice_for(kind_of(fact), writer.task.domain)
        you = clause(fact, "you")
        if not lines or not you or canon(brief(you)) in writer.said:
            continue
        line = writer.one(lines)
        if line:
            return writer.pool("since", you=brief(you), t=line) + "."
    return ""


def _overreaching(writer: _Writer, known: list[str], facts: list[str]) -> str:
    """An overreaching reply: an irrelevant fact, familiarity, excessive length, or the wrong tone."""
    rng = writer.rng
    style = [axes()[name] for name in known]
    wrong = [a for name, a in axes().items() if name not in known]
    clauses = [c for f in facts if (c := clause(f, "you"))]
    body = writer.joined(writer.body(2, 0.4), linked=0.3)
    lead = end = ""
    extra: list[str] = []
    way = rng.random()
    if clauses and way < 0.5:
        extra = [writer.pool("forced", you=brief(c)) for c in rng.sample(clauses, min(2, len(clauses)))]
    elif way < 0.7:
        lead = writer.pool("familiar")
    elif way < 0.85:
        body = writer.joined([writer.pool("padding"), *writer.body(3, 1.0), writer.pool("padding")], linked=0.4)
    else:
        off = rng.choice(wrong or list(axes().values()))
        lead, end = writer.one(off.leads), writer.one(off.closers)
    if not end and style and rng.random() < 0.4:
        end = writer.one(rng.choice(style).closers)
    return _whole(lead, body, extra, end)


_BLANK = re.compile(r"[ \t]+")


def _whole(lead: str, body: str, extra: list[str], end: str) -> str:
    """The pieces as one text, with a numbered list on its own lines."""
    tail = " ".join(p for p in (*extra, end) if p)
    mark = "\n" if body.startswith("1) ") else " "
    if lead.endswith(":") and mark == " ":
        body = small(body)
    text = mark.join(p for p in (lead, body, tail) if p)
    return capital(_BLANK.sub(" ", text).strip()) or "Tell me a little more, and I can be of use."
