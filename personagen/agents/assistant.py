"""The assistants that compete: ``plain`` sees the chat, ``aware`` also what the observer inferred from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from personagen.agents.ask import AgentContext, Answer, CallSite, say
from personagen.agents.replies import Spoken
from personagen.records import Inference, Message


async def reply(
    ctx: AgentContext,
    conversation: Sequence[Message],
    known: Sequence[Inference] | None,
    at: CallSite,
) -> Answer[Spoken]:
    """A reply to the last message of ``conversation``: aware of ``known``, or plain where that is None."""
    inputs: dict[str, Any] = {"conversation": list(conversation)}
    name = "assistant/plain"
    if known is not None:
        name = "assistant/aware"
        inputs["inferences"] = [inference.fact for inference in known]
    return await say(ctx, name, inputs, "assistant", conversation, at)
