"""Quality gates, pure functions: ``PAIR_GATES`` reject pairs of judged replies, ``TURN_GATES`` messages.

A turn gate is any ``(turn) -> reason | None`` of a message and the conversation before it, and passes doubtful cases,
since a second rejection ends the branch. ``over`` detects the end of a conversation. See docs/conversation-gates.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from personagen.gates.about import about
from personagen.gates.contradiction import contradiction
from personagen.gates.disputed import disputed
from personagen.gates.dump import dump, dump_score
from personagen.gates.echo import echo
from personagen.gates.goodbye import over
from personagen.gates.itself import itself
from personagen.gates.language import language
from personagen.gates.leak import leak, leak_score
from personagen.gates.loops import loops
from personagen.gates.markup import markup
from personagen.gates.medium import medium
from personagen.gates.mirror import mirror
from personagen.gates.openings import openings
from personagen.gates.pair import Comparison, PairGate, empty, identical, inconsistent, judged, tie, uninformed
from personagen.gates.repeats import repeats
from personagen.gates.role import role
from personagen.gates.similar import similar, similar_score
from personagen.gates.speaker import speaker
from personagen.gates.turn import Objection, Turn, texts_in

__all__ = [
    "PAIR_GATES",
    "PAIR_SCORES",
    "TURN_GATES",
    "Comparison",
    "Objection",
    "PairGate",
    "Turn",
    "TurnGate",
    "first_objection",
    "over",
    "texts_in",
]

PAIR_GATES: dict[str, PairGate] = {
    "uninformed": uninformed,
    "judged": judged,
    "empty": empty,
    "identical": identical,
    "similar": similar,
    "leak": leak,
    "dump": dump,
    "contradiction": contradiction,
    "tie": tie,
    "inconsistent": inconsistent,
    "disputed": disputed,
}
PAIR_SCORES: dict[str, Callable[[Comparison], float]] = {
    "similar": similar_score,
    "leak": leak_score,
    "dump": dump_score,
}

TurnGate: TypeAlias = Callable[[Turn], str | None]

TURN_GATES: dict[str, TurnGate] = {
    "speaker": speaker,
    "markup": markup,
    "language": language,
    "role": role,
    "echo": echo,
    "about": about,
    "itself": itself,
    "medium": medium,
    "loops": loops,
    "repeats": repeats,
    "mirror": mirror,
    "openings": openings,
}


def first_objection(turn: Turn, gates: Mapping[str, TurnGate] = TURN_GATES) -> Objection | None:
    """The objection of the first gate that rejects ``turn``, or None."""
    for name, gate in gates.items():
        reason = gate(turn)
        if reason is not None:
            return Objection(name, reason, turn.text)
    return None
