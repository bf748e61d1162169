"""Which reply to a user message continues its conversation."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from personagen.flows.plan import Plan
from personagen.records import Judgment


def drawn(plan: Plan, message: str, sides: int = 0) -> int:
    """Which of ``sides`` replies to ``message`` is drawn; by default of all its slots."""
    return Random(f"{plan.seed}/{plan.id}/{message}").randrange(sides or plan.candidates)


def preferred(plan: Plan, message: str, verdicts: Sequence[Judgment | None], replies: Sequence[str]) -> str:
    """The one of ``replies`` that both verdicts rank first, else a drawn one."""
    firsts = {made.ranking[0] if made and not made.tie else "" for made in verdicts}
    if len(firsts) == 1 and "" not in firsts:
        return firsts.pop()
    return replies[drawn(plan, message, len(replies))]
