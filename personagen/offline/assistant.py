"""The assistants of the cast: ``plain`` gives generic answers, ``aware`` fits them to the observer's inferences."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from personagen.offline.facts import advice_for, kind_of, spoken
from personagen.offline.style import axes_shown, wanted_length
from personagen.offline.texts import bank, canon, capital, fill, pick, small
from personagen.offline.thread import Thread, read
from personagen.offline.topics import Point, named
from personagen.offline.voice import brief, clause
from personagen.records import Message

_OVERREACH = 0.13
_DETAILED = {"sceptical", "inventive", "chatty", "methodical"}


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
    if thread.now:
        asked = [p.ask for p in thread.now if p.topic == topic.id and p.ask >= 0]
        points = list(topic.asks[asked[-1] if asked else 0].points)
        rng.shuffle(points)
        return "answer", sorted(points, key=lambda p: p in given)
    asking = " ".join(s for s in spoken(thread.last) if s.rstrip().endswith("?") or _WANTS_MORE.search(s))
    if about := [p for p in named(topic.id, asking) if p in given]:
        same = next(ask.points for ask in topic.asks if about[-1] in ask.points)
        return "explain", [about[-1], *(p for p in same if p not in given)]
    fresh = [p for ask in topic.asks for p in ask.points if p not in given]
    rng.shuffle(fresh)
    chosen = [p for p in named(topic.id, thread.last) if p in given]
    if chosen or "?" not in thread.last:
        return "end", [*(chosen or given or fresh)[:1], *fresh[:1]]
    return "answer", fresh or list(topic.asks[0].points)


class _Writer:
    """Writes one reply: draws from the pools without repeating earlier text."""

    def __init__(self, conversation: Sequence[Message], rng: Random) -> None:
        thread = read(tuple(conversation))
        self.rng = rng
        self.kind, self.points = _task(thread, rng)
        self.domain, thing = (thread.topic.domain, thread.topic.thing) if thread.topic else ("", "this")
        self.said = "".join(map(canon, thread.replies))
        known = canon(thing) in self.said and self.chance(0.6)
        self.slots = {"thing": "this" if known else thing, "name": thing}
        if self.points:
            self.slots["h"] = self.points[0].handle

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def one(self, pool: Sequence[str], **more: str) -> str:
        return pick(pool, self.rng, self.slots | more, self.said)

    def pool(self, name: str, /, **more: str) -> str:
        return self.one(bank("assistant")[name], **more)

    def lead(self) -> str:
        """A general opening of a reply that answers a question."""
        pools = {"answer": "leads", "generic": "generic_leads"}
        return self.pool(pools[self.kind]) if self.kind in pools and self.chance(0.45) else ""

    def advice(self, point: Point, explained: float = 0.0) -> str:
        text = fill(point.advice, self.rng, {})
        return f"{text} {point.more}" if point.more and self.chance(explained) else text

    def parts(self, count: int, explained: float) -> list[str]:
        """The content of the reply, one string per point; ``explained`` is the share of points with a reason."""
        if self.kind == "generic":
            return list(dict.fromkeys(self.pool("generic") for _ in range(count)))
        if self.kind == "explain":
            point = self.points[0]
            new = point.more and canon(point.more) not in self.said
            first = self.pool("elaborations", m=small(point.more)) if new else ""
            others = [self.advice(p) for p in self.points[1 : max(count, 1)]]
            return [first or self.pool("elaborations_bare"), *others]
        if self.kind == "end":
            tip = self.pool("wrapups_tip", p=small(self.advice(self.points[-1])))
            return [self.pool("wrapups"), tip] if count > 1 else [tip or self.pool("wrapups")]
        return [self.advice(p, explained) for p in self.points[:count]]

    def body(self, count: int, explained: float, *, linked: float, numbered: bool = False) -> str:
        """The content as text: a numbered list, or sentences of which a share is ``linked`` to the one before."""
        first, *others = [part for part in self.parts(count, explained) if part] or [""]
        if numbered and others and self.kind == "answer":
            return "\n".join(f"{i}) {part}" for i, part in enumerate((first, *others), 1))
        out = [first]
        for part in others:
            plain = self.kind in {"answer", "generic"} and self.chance(linked)
            link = self.pool("also", p=small(part)) if plain else ""
            self.said += canon(link)
            out.append(link or part)
        return " ".join(out)


def plain(inputs: Mapping[str, Any], rng: Random) -> str:
    """A competent, generic reply to the last message."""
    writer = _Writer(inputs["conversation"], rng)
    lead = writer.lead()
    body = writer.body(rng.choice((2, 2, 3)), 0.4, linked=0.4, numbered=writer.chance(0.1))
    if writer.kind == "end":
        end = writer.pool("wrapups_end")
    elif writer.chance(0.08):
        end = writer.pool("asks")
    else:
        end = writer.pool("generic_closers" if writer.kind == "generic" else "closers") if writer.chance(0.4) else ""
    return _whole(lead, body, end)


def aware(inputs: Mapping[str, Any], rng: Random) -> str:
    """A reply fitted to the observer's inferences; about one in eight overreaches."""
    writer = _Writer(inputs["conversation"], rng)
    shown = {inference: axes_shown(inference) for inference in inputs["inferences"]}
    known = list(dict.fromkeys(name for found in shown.values() for name in found))
    facts = [inference for inference, found in shown.items() if not found]
    if shown and writer.chance(_OVERREACH):
        return _overreaching(writer, known, facts)
    return _fitting(writer, known, facts)


def _fitting(writer: _Writer, known: list[str], facts: list[str]) -> str:
    length = wanted_length(known)
    count = 1 if length < 42 else 2 if length < 92 else 3
    explained = 0.8 if _DETAILED & set(known) else 0.0 if length < 60 else 0.5
    style = [bank("style")[name] for name in known]
    if writer.domain == "feelings":
        style = [axis for axis in style if "loud" not in axis]
    writer.rng.shuffle(style)
    body = writer.body(count, explained, linked=0.25, numbered="methodical" in known)
    lead = writer.lead()
    if style:
        lead = writer.one(style[0]["leads"]) if writer.kind in {"answer", "generic"} and writer.chance(0.9) else ""
    tailored = _tailored(writer, facts) if writer.chance(0.95) else ""
    end = ""
    if style and writer.chance(0.85 if length >= 60 else 0.35):
        end = writer.one(style[-1]["closers"])
    elif writer.kind == "end":
        end = writer.pool("wrapups_end")
    elif not style and writer.chance(0.5):
        end = writer.pool(writer.rng.choice(("asks", "closers", "closers")))
    return _whole(lead, body, tailored, end)


def _tailored(writer: _Writer, facts: list[str]) -> str:
    """A sentence that adapts the advice to one revealed fact, mostly a late one; empty if none is relevant."""
    order = sorted(enumerate(facts), key=lambda row: 6 * writer.rng.random() - row[0])
    for fact in (fact for _, fact in order):
        lines = advice_for(kind_of(fact), writer.domain)
        you = clause(fact, "you")
        if lines and you and canon(brief(you)) not in writer.said and (line := writer.one(lines)):
            said = writer.pool("since", you=brief(you), t=line) + "."
            return re.sub(r"\bthe user(['\u2019]s)?\b", lambda found: "your" if found[1] else "you", said)
    return ""


def _overreaching(writer: _Writer, known: list[str], facts: list[str]) -> str:
    """An overreaching reply: an irrelevant fact, familiarity, excessive length, or the wrong tone."""
    rng = writer.rng
    clauses = [c for f in facts if (c := clause(f, "you"))]
    body = writer.body(2, 0.4, linked=0.3)
    style = bank("style")[rng.choice(known)] if known else None
    end = writer.one(style["closers"]) if style and writer.chance(0.4) else ""
    way = rng.random()
    if clauses and way < 0.5:
        forced = [writer.pool("forced", you=brief(c)) for c in rng.sample(clauses, min(2, len(clauses)))]
        return _whole("", body, *forced, end)
    if way < 0.7:
        return _whole(writer.pool("familiar"), body, end)
    if way < 0.85:
        return _whole("", writer.pool("padding"), writer.body(3, 1.0, linked=0.4), writer.pool("padding"), end)
    off = bank("style")[rng.choice([name for name in bank("style") if name not in known] or known)]
    return _whole(writer.one(off["leads"]), body, writer.one(off["closers"]))


def _whole(lead: str, body: str, *rest: str) -> str:
    """The pieces as one text, with a numbered list on its own lines."""
    mark = "\n" if body.startswith("1) ") else " "
    if lead.endswith(":") and mark == " ":
        body = small(body)
    text = mark.join(p for p in (lead, body, " ".join(filter(None, rest))) if p)
    return capital(re.sub(r"[ \t]+", " ", text).strip()) or "Tell me a little more, and I can be of use."
