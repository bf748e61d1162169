"""Quality gates, pure functions: ``PAIR_GATES`` say why two judged replies make no pair, ``TURN_GATES`` why a message
is kept out of a conversation.

A turn gate is any ``(turn) -> reason | None``: what a speaker is about to say, and the conversation so far. A message
that a gate objects to is asked for again once, then its branch ends there; so a gate says nothing where it is in doubt.
``over`` says when a conversation has come to its end (docs/conversation-gates.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from personagen.gates.goodbye import over
from personagen.gates.language import language
from personagen.gates.markup import markup
from personagen.gates.pair import PAIR_GATES, PairGate
from personagen.gates.repeats import repeats
from personagen.gates.role import role
from personagen.gates.speaker import speaker
from personagen.gates.turn import Objection, Turn

__all__ = ["PAIR_GATES", "TURN_GATES", "Objection", "PairGate", "Turn", "TurnGate", "first_objection", "over"]

TurnGate: TypeAlias = Callable[[Turn], str | None]

TURN_GATES: dict[str, TurnGate] = {
    "speaker": speaker,
    "markup": markup,
    "language": language,
    "role": role,
    "repeats": repeats,
}


def first_objection(turn: Turn, gates: Mapping[str, TurnGate] = TURN_GATES) -> Objection | None:
    """The objection of the first gate that has one to ``turn``."""
    for name, gate in gates.items():
        reason = gate(turn)
        if reason is not None:
            return Objection(name, reason, turn.text)
    return None
