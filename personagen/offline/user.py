"""The user of the cast: a persona that opens with an everyday topic and reveals itself turn by turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from random import Random
from typing import Any

from personagen.offline.facts import advice_for, is_stated, kind_of, kinds_of, stems
from personagen.offline.idiolect import idiolect_of, voiced, worded
from personagen.offline.style import axes_of
from personagen.offline.texts import bank, canon, capital, fill, pick
from personagen.offline.thread import Thread, read
from personagen.offline.topics import Place, Topic, framed_parts, topics
from personagen.offline.voice import clause
from personagen.personas.english.text import facts_of
from personagen.personas.traits import traits_of

_CURT = {"terse", "impatient", "blunt"}
_MAX_CLAUSE = 26


@dataclass(frozen=True)
class _Self:
    """A persona in first person: facts (``I keep bees``) with their kinds, axes, possible and suitable topics."""

    facts: tuple[tuple[str, str | None], ...]
    axes: tuple[str, ...]
    near: tuple[str, ...]
    far: tuple[str, ...]


@lru_cache(maxsize=1024)
def _self(profile: str, personality: str, facts: tuple[str, ...], traits: tuple[str, ...]) -> _Self:
    facts = facts or facts_of(profile)
    clauses = {c: kind_of(f) for f in facts if (c := clause(f)) and len(c.split()) <= _MAX_CLAUSE}
    words = stems(" ".join((profile, *facts))).union(*map(kinds_of, facts))
    far = [t for t in topics().values() if not t.avoid & words and (not t.needs or t.needs & words)]
    near = tuple(t.id for t in far if t.fits & words or t.needs)
    return _Self(tuple(clauses.items()), axes_of(traits or traits_of(personality)), near, tuple(t.id for t in far))


def speak(inputs: Mapping[str, Any], rng: Random) -> str:
    """The user's next message, a pure function of the inputs and ``rng``."""
    me = _self(inputs["profile"], inputs["personality"], tuple(inputs["facts"]), tuple(inputs["traits"]))
    thread = read(tuple(inputs["conversation"]))
    speaker = _Speaker(me, thread, rng, "".join(map(canon, thread.users)), bool(_CURT & set(me.axes[:4])))
    if not thread.users:
        parts = speaker.opening()
    elif inputs["turn"] >= inputs["turns"] > 1:
        parts = speaker.closing()
    else:
        parts = speaker.middle()
    habit = idiolect_of(f"{inputs['profile']}/{inputs['personality']}", me.axes)
    return worded(voiced([part for part in parts if part], speaker.loose, habit, rng, speaker.said), habit)


@dataclass(frozen=True)
class _Speaker:
    """Writes one message. ``said`` (``canon``) is what the user said before; ``loose`` parts may get a tag."""

    me: _Self
    thread: Thread
    rng: Random
    said: str
    curt: bool
    loose: set[str] = field(default_factory=set)

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def pick(self, pool: Sequence[str], **slots: str) -> str:
        return pick(pool, self.rng, slots, self.said)

    def pool(self, name: str, /, **slots: str) -> str:
        """A line of one of the user's pools, of its terse form for a curt user if there is one."""
        pools = bank("user")
        return self.pick(pools.get(f"{name}_terse", pools[name]) if self.curt else pools[name], **slots)

    def opening(self) -> list[str]:
        topic = self._topic(frozenset())
        parts = self._matter(topic)
        if not self.curt and self.chance(0.4):
            parts.insert(0, self.pick(bank("idiolect")["greetings"]))
        if not self.curt and self.chance(0.25):
            parts.insert(self.rng.choice((1, len(parts))), self._disclosure(topic, 1))
        if self.chance(0.35):
            parts.append(self._marker(topic.thing))
        return parts

    def middle(self) -> list[str]:
        topic = self.thread.topic
        if topic is None:
            return self._matter(self._topic(frozenset()))
        offered = self.thread.offered()
        handle = self.rng.choice(offered).handle if offered else None
        left = [i for i in range(len(topic.asks)) if Place(topic.id, i) not in self.thread.asked]
        drawn = self.rng.random()
        unsaid = [
            p.handle
            for p in offered
            if p.more and canon(p.handle) not in self.said and not any(p.more in r for r in self.thread.replies)
        ]
        if unsaid and 0.25 < drawn < 0.47:
            probes = "doubts" if "sceptical" in self.me.axes and self.chance(0.6) else "probes"
            return self._around(topic, None, self.pool(probes, h=self.rng.choice(unsaid), thing=self._thing(topic)))
        if not left or (len(topic.asks) - len(left) >= 3 and drawn < 0.25):
            other = self._topic(frozenset(p.topic for p in self.thread.asked))
            reaction = self._reaction(topic, handle) if self.chance(0.4) else ""
            return [reaction, self.pool("shifts", thing=self._thing(topic), name=topic.thing), *self._matter(other)]
        ask = left[0] if self.chance(0.75) else self.rng.choice(left)
        return self._around(topic, handle, self._question(topic, ask))

    def closing(self) -> list[str]:
        topic = self.thread.topic
        points = self.thread.offered() or self.thread.given()
        slots = {"thing": self._thing(topic) if topic else "this"}
        slots |= {"h": self.rng.choice(points).handle} if points else {}
        parts = [self.pool("closings" if points else "closings_plain", **slots)]
        if topic and not self.curt and self.chance(0.4):
            parts.insert(0, self._disclosure(topic, 1))
        if self.chance(0.55):
            parts.append(self.pool("closings_q", **slots))
        return parts if any(parts) else [fill(self.rng.choice(bank("user")["closings_plain"]), self.rng, slots)]

    def _around(self, topic: Topic, handle: str | None, question: str) -> list[str]:
        """A question with a reaction, a disclosure and a mannerism around it."""
        asked_back = self.thread.reply.rstrip().endswith("?")
        count = self.rng.choices((0, 1, 2), (0.3, 0.5, 0.0 if self.curt else 0.2))[0]
        disclosed = self._disclosure(topic, max(count, asked_back), answer=asked_back)
        first = self._reaction(topic, handle) if self.chance(0.55) else self._scene()
        marker = self._marker(self._thing(topic), handle) if self.chance(0.36) else ""
        if disclosed and self.chance(0.22):
            return [first, marker, question, disclosed]
        return [first, disclosed, question, marker] if self.chance(0.3) else [first, disclosed, marker, question]

    def _matter(self, topic: Topic) -> list[str]:
        """A new topic: its opening, usually with a first question."""
        opening = self.pick(topic.openings)
        ask = 0 if self.chance(0.7) else self.rng.randrange(len(topic.asks))
        return [opening, self._question(topic, ask) if not opening or self.chance(0.85) else ""]

    def _question(self, topic: Topic, ask: int) -> str:
        """A question, sometimes asked indirectly: ``How do I begin?`` -> ``I never learnt how to begin.``"""
        questions = topic.asks[ask].questions
        chosen = questions[-1] if self.chance(0.7 if self.curt else 0.08) else self.rng.choice(questions[:-1])
        question = fill(chosen, self.rng, {})
        parts = framed_parts(question)
        if parts is None or self.curt or self.chance(0.55):
            return question
        return self.pool(parts[0], **parts[1]) or question

    def _reaction(self, topic: Topic, handle: str | None) -> str:
        if handle is None:
            return self.pool("reactions_plain", thing=self._thing(topic)) if self.chance(0.5) else ""
        text = self.pool("reactions", h=handle, thing=self._thing(topic))
        self.loose.add(text)
        return text

    def _scene(self) -> str:
        """Occasionally, where the user is writing from."""
        return self.pool("scenes") if not self.curt and self.chance(0.25) else ""

    def _marker(self, thing: str, handle: str | None = None) -> str:
        if not self.me.axes:
            return ""
        markers = bank("style")[self.rng.choice(self.me.axes)]["markers"]
        return self.pick(markers, thing=thing, **({"h": handle} if handle else {}))

    def _disclosure(self, topic: Topic, count: int, *, answer: bool = False) -> str:
        """Up to two facts not yet revealed, relevant ones first."""
        left = [(c, k) for c, k in self.me.facts if not is_stated(c, self.thread.users)]
        left.sort(key=lambda fact: 1.3 * self.rng.random() - bool(advice_for(fact[1], topic.domain)))
        if not left or not count:
            return ""
        first, kind = left[0]
        if answer:
            return self.pool("answers", i=first)
        if count > 1 and len(left) > 1 and len((first + left[1][0]).split()) < 24:
            return capital(self.pool("joins", i=first, j=left[1][0])) + "."
        drawn = self.rng.random() / (2 if self.curt else 1)
        text = ""
        if 0.15 < drawn < 0.45:
            tail = self.pick(bank("facts")[kind]["tails"]) if kind else ""
            text = f"{capital(first)}, {tail}." if tail else ""
        elif drawn > 0.45:
            text = self.pool("wraps" if advice_for(kind, topic.domain) else "asides", i=first, thing=self._thing(topic))
        return text or f"{capital(first)}."

    def _thing(self, topic: Topic) -> str:
        """The name of the topic, or ``this`` if it was named before."""
        return "this" if canon(topic.thing) in self.said and self.chance(0.5) else topic.thing

    def _topic(self, used: frozenset[str]) -> Topic:
        """A topic, which suits the persona in two cases of three."""
        near = [t for t in self.me.near if t not in used]
        far = [t for t in self.me.far if t not in used] or list(topics())
        return topics()[self.rng.choice(near if near and self.chance(0.65) else far)]
