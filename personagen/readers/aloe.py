"""ALOE's files: its pools, a bare text a line, and the conversations that its generation script writes.

Of a pool, the file's name, or else the text itself, says which of the two pools it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from personagen.readers.person import Fields, Person
from personagen.records import Kind

NOTHING = "None"  # what ALOE's observer writes if it has inferred nothing
_KINDS: tuple[Kind, Kind] = ("profile", "personality")


def persons(row: Fields) -> list[Person] | None:
    """The person of a text, of which nothing else is known; None for another row."""
    if row.values.keys() != {"text"}:
        return None
    if not row.has("text"):
        raise ValueError("the text is empty")
    return [Person(text=row.text("text"))]


@dataclass(frozen=True)
class Turn:
    """One turn of a conversation in ALOE's schema; the conversation went on with the ``continued`` reply.

    ``inferred`` is what the observer inferred, as text, by kind; empty if nothing.
    """

    user: str
    preferred: str
    rejected: str
    continued: Literal["preferred", "rejected"]
    inferred: Mapping[Kind, str]


@dataclass(frozen=True)
class Conversation:
    """One row of ALOE's generation script: a persona, and the turns of one conversation."""

    profile: str
    personality: str
    turns: tuple[Turn, ...]


def conversation(value: object) -> Conversation:
    """The conversation in a row; ValueError says what is missing or of another type."""
    row = _object(value, "the row")
    turns = row.get("conversations")
    if not isinstance(turns, list) or not turns:
        raise ValueError("conversations is not a list of turns, or an empty one")
    return Conversation(
        profile=_text(row, "profile"),
        personality=_text(row, "personality"),
        turns=tuple(_turn(_object(turn, f"turn {number}"), f"turn {number}: ") for number, turn in enumerate(turns, 1)),
    )


def _turn(turn: Mapping[str, Any], where: str) -> Turn:
    replies = _object(turn.get("assistant"), f"{where}assistant")
    continued = turn.get("chosen")
    if continued not in ("preferred", "rejected"):
        raise ValueError(f"{where}chosen is {continued!r}, not preferred or rejected")
    inferred: dict[Kind, str] = {}
    for kind in _KINDS:
        text = _text(turn, f"inferred_{kind}", where)
        inferred[kind] = "" if text == NOTHING else text
    return Turn(
        user=_text(turn, "user", where),
        preferred=_text(replies, "preferred", f"{where}assistant."),
        rejected=_text(replies, "rejected", f"{where}assistant."),
        continued=continued,
        inferred=inferred,
    )


def _object(value: object, where: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ValueError(f"{where} is not an object")
    return value


def _text(row: Mapping[str, Any], name: str, where: str = "") -> str:
    value = row.get(name)
    if not isinstance(value, str):
        raise ValueError(f"{where}{name} is {'missing' if value is None else 'not a text'}")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError(f"{where}{name} holds a lone surrogate")
    return value
