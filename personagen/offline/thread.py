"""The state of a conversation, read from its messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from personagen.offline.topics import Place, Point, Topic, given, located, named, nearest, topics
from personagen.records import Message, Role


@dataclass(frozen=True)
class Thread:
    """The messages by speaker, the current topic (None if unknown), and the asks so far."""

    users: tuple[str, ...]
    replies: tuple[str, ...]
    topic: Topic | None
    asked: frozenset[Place]
    now: tuple[Place, ...]

    @property
    def last(self) -> str:
        """The user's last message, empty before the first."""
        return self.users[-1] if self.users else ""

    @property
    def reply(self) -> str:
        """The assistant's last message, empty before the first."""
        return self.replies[-1] if self.replies else ""

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


@lru_cache(maxsize=1024)
def read(said: tuple[tuple[Role, str], ...]) -> Thread:
    """The state of a conversation, given as (role, text)."""
    users = tuple(text for role, text in said if role == "user")
    replies = tuple(text for role, text in said if role == "assistant")
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
    return Thread(users, replies, topic, frozenset(asked), now)


def read_messages(conversation: Sequence[Message]) -> Thread:
    """``read`` for messages."""
    return read(tuple((m.role, m.content) for m in conversation))
