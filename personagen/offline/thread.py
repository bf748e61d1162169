"""The state of a conversation, read from its messages."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from personagen.offline.texts import bank, canon
from personagen.offline.topics import Place, Point, Topic, given, located, named, nearest, topics
from personagen.offline.voices import said_as, templates
from personagen.records import Message


@dataclass(frozen=True)
class Thread:
    """The messages by speaker and the last of each (empty before the first), the current topic, the asks so far, and
    the number of the last one on the topic (-1: none)."""

    users: tuple[str, ...]
    replies: tuple[str, ...]
    last: str
    reply: str
    topic: Topic | None
    asked: frozenset[Place]
    now: tuple[Place, ...]
    ask: int

    def given(self) -> tuple[Point, ...]:
        """The points of the current topic that earlier replies gave."""
        if self.topic is None:
            return ()
        return tuple(dict.fromkeys(p for reply in self.replies for p in given(self.topic.id, reply)))

    def offered(self) -> tuple[Point, ...]:
        """The points of the current topic that the last reply gives or names."""
        if self.topic is None or not self.replies:
            return ()
        return tuple(dict.fromkeys((*given(self.topic.id, self.reply), *named(self.topic.id, self.reply))))


def _one_topic(found: tuple[Place, ...], before: str | None) -> tuple[Place, ...]:
    """The places of one topic: a newly opened one, else the current one, else the first found."""
    names = [p.topic for p in found]
    opened = [p.topic for p in found if p.ask < 0]
    topic = opened[0] if opened else before if before in names else names[0] if names else None
    return tuple(p for p in found if p.topic == topic)


@cache
def _closings() -> re.Pattern[str]:
    """What users of the cast take their leave with."""
    names = ("closings", "closings_terse", "closings_plain", "quits")
    return said_as((*(line for name in names for line in bank("user")[name]), *templates(names)))


def closes(message: str) -> bool:
    """Whether a user takes their leave in ``message``."""
    return _closings().fullmatch(canon(message).strip()) is not None


@lru_cache(maxsize=1024)
def read(conversation: tuple[Message, ...]) -> Thread:
    """The state of a conversation."""
    users = tuple(m.content for m in conversation if m.role == "user")
    replies = tuple(m.content for m in conversation if m.role == "assistant")
    asked: list[Place] = []
    now: tuple[Place, ...] = ()
    for text in users:
        now = _one_topic(located(text), asked[-1].topic if asked else None)
        asked += now
    topic: Topic | None = None
    if asked:
        topic = topics()[asked[-1].topic]
    else:
        guess = next((g for g in map(nearest, reversed(users)) if g), None)
        topic = topics()[guess.topic] if guess else None
        now = (guess,) if guess and nearest(users[-1]) == guess else ()
    last, reply = (said[-1] if said else "" for said in (users, replies))
    ask = next((p.ask for p in reversed(asked) if topic and p.topic == topic.id and p.ask >= 0), -1)
    return Thread(users, replies, last, reply, topic, frozenset(asked), now, ask)
