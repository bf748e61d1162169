"""Quality gates: ``GATES`` keep two judged replies from becoming a pair, ``TALK`` a message out of a conversation.

A gate of ``GATES`` is any ``(judgments, replies) -> reason | None``: the verdicts about the replies to one user
message, and those replies by node id. The reason is why there is no pair. Gates are asked in the order below and the
first reason stands, so a gate may count on what the ones before it hold: after ``judged`` there are two verdicts about
these very replies. What the replies are comes before what was said of them: about equal ones no two verdicts can agree.

A gate of ``TALK`` is any ``(turn) -> reason | None``: what somebody is about to say, and the conversation so far. A
message with a reason against it is asked for again once, then its branch ends there; so a gate is silent where it is in
doubt. ``over`` tells when a conversation has come to its end (docs/conversation-gates.md).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from personagen.gates.consistent import consistent
from personagen.gates.empty import empty
from personagen.gates.goodbye import over
from personagen.gates.identical import identical
from personagen.gates.judged import judged
from personagen.gates.language import language
from personagen.gates.markup import markup
from personagen.gates.repeats import repeats
from personagen.gates.role import role
from personagen.gates.speaker import speaker
from personagen.gates.tie import tie
from personagen.gates.turn import Flaw, Turn
from personagen.records import Judgment

__all__ = ["GATES", "TALK", "Flaw", "Gate", "TalkGate", "Turn", "flaw_of", "over"]

Gate: TypeAlias = Callable[[Sequence[Judgment], Mapping[str, str]], str | None]
TalkGate: TypeAlias = Callable[[Turn], str | None]

GATES: dict[str, Gate] = {
    "judged": judged,
    "empty": empty,
    "identical": identical,
    "tie": tie,
    "consistent": consistent,
}

TALK: dict[str, TalkGate] = {
    "speaker": speaker,
    "markup": markup,
    "language": language,
    "role": role,
    "repeats": repeats,
}


def flaw_of(turn: Turn, gates: Mapping[str, TalkGate] = TALK) -> Flaw | None:
    """What the first gate that objects to ``turn`` says."""
    for name, gate in gates.items():
        reason = gate(turn)
        if reason is not None:
            return Flaw(name, reason, turn.text)
    return None
