"""The observer: lists what the user's words reveal, and never meets the persona."""

from __future__ import annotations

from collections.abc import Sequence

from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.replies import INFERENCES, inferences
from personagen.records import Inference, Message

Found = tuple[tuple[Inference, ...], int]


async def infer(ctx: AgentContext, conversation: Sequence[Message], at: CallSite) -> Answer[Found]:
    """The inferences with a verbatim quote from a user turn of ``conversation``, and how many had none."""

    def parse(text: str) -> Found:
        return inferences(text, conversation)

    inputs = {"conversation": list(conversation)}
    return await ask(ctx, "observer/infer", inputs, parse, at, schema=INFERENCES)
