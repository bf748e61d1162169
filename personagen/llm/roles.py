"""Messages for servers whose chat template knows no system role, or wants the roles to alternate."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from personagen.llm.words import NO_ALTERNATION, SYSTEM_NAMED, USER_FIRST
from personagen.records import Message

SYSTEM, ALTERNATE = "system", "alternate"


def refused_role(words: str, sent: Collection[str]) -> str | None:
    """Which of ``SYSTEM`` and ``ALTERNATE`` a refusal in these ``words`` means, one of ``sent``; or None."""
    alternates, first = NO_ALTERNATION.search(words), USER_FIRST.search(words)
    names_system = SYSTEM_NAMED.search(words) or (first and "system" in words)
    if names_system and not alternates:
        return SYSTEM if SYSTEM in sent else None
    if alternates or first:  # a template that knows no system role may only say that roles must alternate
        return next((part for part in (ALTERNATE, SYSTEM) if part in sent), None)
    return None


def shaped(messages: Sequence[Message], refused: Collection[str]) -> tuple[Sequence[Message], list[str]]:
    """``messages`` as a server takes them that refuses ``refused``, and which of its parts it may refuse as well."""
    parts = []
    if any(m.role == "system" for m in messages):
        if SYSTEM in refused:
            messages = without_system(messages)
        else:
            parts.append(SYSTEM)
    if ALTERNATE in refused:
        messages = alternating(messages)
    elif any(one.role == other.role for one, other in pairwise(messages)) or _begins_wrong(messages):
        parts.append(ALTERNATE)
    return messages, parts


def without_system(messages: Sequence[Message]) -> list[Message]:
    """``messages`` with the system text at the beginning of the first user message, or as one if there is none."""
    system = "\n\n".join(m.content for m in messages if m.role == "system")
    rest = [m for m in messages if m.role != "system"]
    if rest and rest[0].role == "user":
        return [Message(role="user", content=f"{system}\n\n{rest[0].content}"), *rest[1:]]
    return [Message(role="user", content=system), *rest]


def alternating(messages: Sequence[Message]) -> list[Message]:
    """``messages`` with adjacent ones of a role joined, beginning with a user's (after the system text)."""
    joined: list[Message] = []
    for message in messages:
        if joined and joined[-1].role == message.role:
            joined[-1] = Message(role=message.role, content=f"{joined[-1].content}\n\n{message.content}")
        else:
            joined.append(message)
    if _begins_wrong(joined):
        joined.insert(int(joined[0].role == "system"), Message(role="user", content="..."))
    return joined


def _begins_wrong(messages: Sequence[Message]) -> bool:
    return next((m.role for m in messages if m.role != "system"), "user") != "user"
