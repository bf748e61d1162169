"""The user of the cast: a persona that opens with an everyday topic and reveals itself turn by turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from random import Random
from typing import Any

from personagen.offline.facts import advice_for, is_stated, kind_of, kinds_of, stems, tails
from personagen.offline.idiolect import idiolect_of, voiced, worded
from personagen.offline.style import axes, axes_of
from personagen.offline.texts import bank, canon, capital, fill, pick
from personagen.offline.thread import Thread, read_messages
from personagen.offline.topics import Place, Topic, framed_parts, topics
from personagen.offline.voice import clause
from personagen.personas.english.text import facts_of

_CURT = {"terse", "impatient", "blunt"}
_MAX_CLAUSE = 26
_ASKS_A_TOPIC = 5


@dataclass(frozen=True)
class _Self:
    """A persona in first person: facts (``I keep bees``) with their kinds, axes, suitable topics."""

    facts: tuple[tuple[str, str | None], ...]
    axes: tuple[str, ...]
    near: tuple[str, ...]
    far: tuple[str, ...]


@lru_cache(maxsize=1024)
def _self(profile: str, personality: str, facts: tuple[str, ...], traits: tuple[str, ...]) -> _Self:
    facts = facts or facts_of(profile)
    clauses = [(c, kind_of(f)) for f in facts if (c := clause(f)) and len(c.split()) <= _MAX_CLAUSE]
    kinds = frozenset(kind for fact in facts for kind in kinds_of(fact))
    words = kinds | stems(" ".join((profile, *facts)))
    possible = [
        t for t in topics().values() if not (t.avoid & words) and (not t.needs or t.needs & kinds or t.needs & words)
    ]
    near = tuple(t.id for t in possible if t.fits & words or t.needs)
    far = tuple(t.id for t in possible)
    return _Self(tuple(dict(clauses).items()), axes_of(traits, personality), near, far)


def speak(inputs: Mapping[str, Any], rng: Random) -> str:
    """The user's next message, a pure function of the inputs and ``rng``."""
    me = _self(inputs["profile"], inputs["personality"], tuple(inputs["facts"]), tuple(inputs["traits"]))
    thread = read_messages(inputs["conversation"])
    speaker = _Speaker(me, thread, rng, "".join(map(canon, thread.users)), set())
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
    """Writes one message."""

    me: _Self
    thread: Thread
    rng: Random
    said: str
    loose: set[str]

    @property
    def curt(self) -> bool:
        return bool(_CURT & set(self.me.axes[:4]))

    def pick(self, pool: Sequence[str], **slots: str) -> str:
        return pick(pool, self.rng, slots, self.said)

    def opening(self) -> list[str]:
        topic = self._topic(frozenset())
        parts = self._matter(topic)
        if self.rng.random() < 0.4 and not self.curt:
            parts.insert(0, self.pick(bank("idiolect")["greetings"]))
        if not self.curt and self.rng.random() < 0.25:
            parts.insert(self.rng.choice((1, len(parts))), self._disclosure(topic, 1))
        if self.rng.random() < 0.35:
            parts.append(self._marker(topic.thing, None))
        return parts

    def middle(self) -> list[str]:
        topic = self.thread.topic
        if topic is None:
            return self._matter(self._topic(frozenset()))
        handles = [p.handle for p in self.thread.offered()]
        handle = self.rng.choice(handles) if handles else None
        left = [i for i in range(len(topic.asks)) if Place(topic.id, i) not in self.thread.asked]
        asked = len(topic.asks) - len(left)
        drawn = self.rng.random()
        shift = not left or (asked >= 3 and drawn < 0.25)
        unsaid = [
            p.handle
            for p in self.thread.offered()
            if p.more and canon(p.handle) not in self.said and not any(p.more in r for r in self.thread.replies)
        ]
        if unsaid and 0.25 < drawn < 0.47:
            handle = self.rng.choice(unsaid)
            probes = "doubts" if "sceptical" in self.me.axes and self.rng.random() < 0.6 else "probes"
            question = self.pick(bank("user")[probes], h=handle, thing=self._thing(topic))
            return self._around(topic, None, [question])
        if shift:
            other = self._topic(frozenset(p.topic for p in self.thread.asked))
            pool = bank("user")["shifts_terse" if self.curt else "shifts"]
            reaction = self._reaction(topic, handle) if self.rng.random() < 0.4 else ""
            return [reaction, self.pick(pool, thing=self._thing(topic), name=topic.thing), *self._matter(other)]
        ask = left[0] if self.rng.random() < 0.75 else self.rng.choice(left)
        return self._around(topic, handle, [self._question(topic, ask)])

    def closing(self) -> list[str]:
        topic = self.thread.topic
        handles = [p.handle for p in (self.thread.offered() or self.thread.given())]
        slots = {"thing": self._thing(topic) if topic else "this"} | (
            {"h": self.rng.choice(handles)} if handles else {}
        )
        pools = bank("user")
        end = self.pick(
            pools["closings_terse" if self.curt else "closings"] if handles else pools["closings_plain"], **slots
        )
        parts = [end]
        if not self.curt and self.rng.random() < 0.4 and topic:
            parts.insert(0, self._disclosure(topic, 1))
        if self.rng.random() < 0.55:
            parts.append(self.pick(pools["closings_q"], **slots))
        return parts if any(parts) else [fill(self.rng.choice(pools["closings_plain"]), self.rng, slots)]

    def _around(self, topic: Topic, handle: str | None, question: list[str]) -> list[str]:
        """A question with a reaction, a disclosure and a mannerism around it."""
        asked_back = self.thread.reply.rstrip().endswith("?")
        count = self.rng.choices((0, 1, 2), (0.3, 0.5, 0.2))[0]
        if self.curt:
            count = min(count, 1)
        disclosed = self._disclosure(topic, max(count, 1 if asked_back else 0), answer=asked_back)
        parts = [self._reaction(topic, handle) if self.rng.random() < 0.55 else self._scene()]
        marker = self._marker(self._thing(topic), handle) if self.rng.random() < 0.36 else ""
        if disclosed and self.rng.random() < 0.22:
            return [*parts, marker, *question, disclosed]
        if self.rng.random() < 0.3:
            return [*parts, disclosed, *question, marker]
        return [*parts, disclosed, marker, *question]

    def _matter(self, topic: Topic) -> list[str]:
        """A new topic: its opening, usually with a first question."""
        opening = self.pick(topic.openings)
        ask = 0 if self.rng.random() < 0.7 else self.rng.randrange(len(topic.asks))
        asks = self.rng.random() < 0.85
        return [opening, self._question(topic, ask) if asks or not opening else ""]

    def _question(self, topic: Topic, ask: int) -> str:
        questions = topic.asks[ask].questions
        short = 0.7 if self.curt else 0.08
        chosen = questions[-1] if self.rng.random() < short else self.rng.choice(questions[:-1])
        question = fill(chosen, self.rng, {})
        return question if self.curt or self.rng.random() < 0.55 else self._framed(question)

    def _framed(self, question: str) -> str:
        """An indirect wording of a question: ``How do I begin?`` -> ``I never learnt how to begin.``"""
        parts = framed_parts(question)
        if parts is None:
            return question
        name, slots = parts
        return self.pick(bank("user")[name], **slots) or question

    def _reaction(self, topic: Topic, handle: str | None) -> str:
        pools = bank("user")
        if handle is None:
            return self.pick(pools["reactions_plain"], thing=self._thing(topic)) if self.rng.random() < 0.5 else ""
        text = self.pick(pools["reactions_terse" if self.curt else "reactions"], h=handle, thing=self._thing(topic))
        self.loose.add(text)
        return text

    def _scene(self) -> str:
        """Occasionally, where the user is writing from."""
        return self.pick(bank("user")["scenes"]) if not self.curt and self.rng.random() < 0.25 else ""

    def _marker(self, thing: str, handle: str | None) -> str:
        if not self.me.axes:
            return ""
        axis = axes()[self.rng.choice(self.me.axes)]
        return self.pick(axis.markers, thing=thing, **({"h": handle} if handle else {}))

    def _disclosure(self, topic: Topic, count: int, *, answer: bool = False) -> str:
        """Up to two facts not yet revealed, relevant ones first."""
        if not count:
            return ""
        left = [(c, k) for c, k in self.me.facts if not is_stated(c, self.thread.users)]
        left.sort(key=lambda fact: bool(advice_for(fact[1], topic.domain)) * -1 + 1.3 * self.rng.random())
        if not left:
            return ""
        first, kind = left[0]
        pools = bank("user")
        if answer:
            return self.pick(pools["answers"], i=first)
        if count > 1 and len(left) > 1 and len((first + left[1][0]).split()) < 24:
            return capital(fill(self.rng.choice(pools["joins"]), self.rng, {"i": first, "j": left[1][0]})) + "."
        drawn = self.rng.random()
        if self.curt and drawn < 0.7:
            return capital(first) + "."
        if drawn < 0.4 and (tail := self.pick(tails(kind))):
            return f"{capital(first)}, {tail}."
        if drawn < 0.85:
            pool = pools["wraps" if advice_for(kind, topic.domain) else "asides"]
            return self.pick(pool, i=first, thing=self._thing(topic)) or capital(first) + "."
        return capital(first) + "."

    def _thing(self, topic: Topic) -> str:
        """The name of the topic, or ``this`` if it was named before."""
        return "this" if canon(topic.thing) in self.said and self.rng.random() < 0.5 else topic.thing

    def _topic(self, used: frozenset[str]) -> Topic:
        """A topic, which suits the persona in two cases of three."""
        near = [t for t in self.me.near if t not in used]
        far = [t for t in self.me.far if t not in used] or list(topics())
        pool = near if near and self.rng.random() < 0.65 else far
        return topics()[self.rng.choice(pool)]
