"""Conversations of real users with an assistant: what a row's users said, and who they are, as far as it tells.

One function for each layout; the first that knows a row reads it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personagen.options.language import ANY, base_of, name_of

_USERS = frozenset(("user", "human", "prompter"))
Fields = Mapping[str, Any]


@dataclass(frozen=True)
class Dialogue:
    """The messages of one user in one conversation; ``speaker`` tells users apart, as far as is known."""

    speaker: str
    turns: tuple[str, ...]
    language: str = ""

    def is_in(self, language: str) -> bool:
        """Whether it may be in ``language``, a code: its row says so, or says nothing."""
        wanted = {language.lower(), base_of(language), name_of(language).lower()}
        return language == ANY or not self.language or self.language.lower() in wanted


def dialogue_of(row: object, place: str) -> Dialogue | None:
    """The user's side of the conversation in ``row``; None if no layout knows it, or the user says nothing.

    Where the row does not say who speaks, every ``place`` is another speaker.
    """
    if not isinstance(row, Mapping):
        return None
    found = next((one for one in (read(row) for read in LAYOUTS.values()) if one), None)
    if found is None or not found.turns:
        return None
    return found if found.speaker else Dialogue(place, found.turns, found.language)


def _wildchat(row: Fields) -> Dialogue | None:
    """WildChat-1M (allenai/WildChat-1M): a hashed address of the user in the row and in each message."""
    said = row.get("conversation")
    if "conversation_hash" not in row or not isinstance(said, Sequence):
        return None
    address = next((str(one["hashed_ip"]) for one in (row, *_messages(said)) if one.get("hashed_ip")), "")
    return Dialogue(address, tuple(_said(said, "role", "content")), str(row.get("language") or ""))


def _lmsys(row: Fields) -> Dialogue | None:
    """LMSYS-Chat-1M (lmsys/lmsys-chat-1m): no user is told, so each conversation counts as one."""
    said = row.get("conversation")
    if "conversation_id" not in row or not isinstance(said, Sequence):
        return None
    turns = tuple(_said(said, "role", "content"))
    return Dialogue(str(row["conversation_id"]), turns, str(row.get("language") or ""))


def _chat(row: Fields) -> Dialogue | None:
    """Messages with a role, as chat APIs take them, under ``messages``, ``conversation`` or ``prompt``."""
    said = next((row[key] for key in ("messages", "conversation", "prompt") if isinstance(row.get(key), list)), None)
    return None if said is None else Dialogue(_speaker(row), tuple(_said(said, "role", "content")), _language(row))


def _sharegpt(row: Fields) -> Dialogue | None:
    """ShareGPT: ``conversations`` of ``from`` and ``value``."""
    said = row.get("conversations")
    return Dialogue(_speaker(row), tuple(_said(said, "from", "value")), _language(row)) if said else None


LAYOUTS: dict[str, Callable[[Fields], Dialogue | None]] = {
    "WildChat": _wildchat,
    "LMSYS-Chat": _lmsys,
    "messages": _chat,
    "ShareGPT": _sharegpt,
}


def _messages(said: object) -> list[Fields]:
    return [one for one in said if isinstance(one, Mapping)] if isinstance(said, Sequence) else []


def _said(said: object, role: str, content: str) -> Iterator[str]:
    for one in _messages(said):
        text = one.get(content)
        if str(one.get(role, "")).lower() in _USERS and isinstance(text, str) and text.strip():
            yield text


def _speaker(row: Fields) -> str:
    return next((str(row[key]) for key in ("speaker", "user_id", "user", "author") if row.get(key)), "")


def _language(row: Fields) -> str:
    return str(row.get("language") or row.get("lang") or "")
