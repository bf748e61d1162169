"""Conversations that follow from each other, as one task: those of one persona, or one and its twin.

Each begins when the one before is complete.

The user and the observer remember what was talked about and revealed before (``memory``); the assistants see only the
conversation that they are in, since what they make of a memory is what such data is for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from personagen.agents.ask import AgentContext
from personagen.flows.conversation import Conversation
from personagen.flows.memory import changed, memory_after
from personagen.flows.messages import FailedTree
from personagen.flows.plan import Plan
from personagen.flows.twins import TwinConversation, twin_of
from personagen.records import ConversationTree
from personagen.runs.schedule import Step


class Sessions:
    """A growing series of ``plan.sessions`` conversations; ``conversations`` are those that were begun."""

    def __init__(self, ctx: AgentContext, plan: Plan) -> None:
        self.ctx, self.conversations = ctx, [Conversation(ctx, plan)]
        self._open = 0

    def first(self) -> list[Step]:
        """The first steps of the first conversation."""
        return self._counted(self.conversations[-1].first())

    def _counted(self, steps: Sequence[Step]) -> list[Step]:
        self._open += len(steps)
        return [partial(self._step, step) for step in steps]

    async def _step(self, step: Step) -> list[Step]:
        ready = self._counted(await step())
        self._open -= 1
        return ready if self._open else self._next()

    def _next(self) -> list[Step]:
        """The first steps of the next conversation, unless this was the last one or failed."""
        plan = self.conversations[-1].plan
        ended = plan.session + 1 == plan.sessions
        if plan.twin or (ended and not plan.twins):
            return []
        try:
            tree = self.conversations[-1].tree()
        except FailedTree:
            return []
        if not ended:
            self.conversations.append(Conversation(self.ctx, following(plan, tree)))
        elif twin := twin_of(plan, tree, rehearsed=self.ctx.rehearsed):
            self.conversations.append(TwinConversation(self.ctx, twin))
        else:
            return []
        return self.first()


def following(plan: Plan, tree: ConversationTree) -> Plan:
    """The plan of the conversation after ``tree``, which grew from ``plan``."""
    session = plan.session + 1
    persona, what = plan.persona, plan.changed
    if session + 1 == plan.change_at:
        persona, what = changed(persona, plan.pool, f"{plan.seed}/{plan.id}")
    return replace(
        plan, id=session_id(plan, session), session=session, memory=memory_after(tree), persona=persona, changed=what
    )


def session_id(plan: Plan, session: int) -> str:
    """The id of the tree of ``session``; that of the first, 0, is the id of the series."""
    series = plan.id.removesuffix(f".s{plan.session}") if plan.session else plan.id
    return f"{series}.s{session}" if session else series
