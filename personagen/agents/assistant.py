"""The competing assistants: ``plain`` sees the chat, ``aware`` also what the observer inferred from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, say
from personagen.agents.replies import Spoken
from personagen.records import Inference, Message

Reply: TypeAlias = Callable[[AgentContext, Sequence[Message], Sequence[Inference], CallSite], Awaitable[Answer[Spoken]]]


@dataclass(frozen=True)
class Candidate:
    """A competing assistant: its name, and the function that replies to a conversation.

    With ``needs_observer`` it waits for the observer's inferences from the user's message.
    """

    name: str
    reply: Reply
    needs_observer: bool = True


async def plain(
    ctx: AgentContext, conversation: Sequence[Message], _known: Sequence[Inference], site: CallSite
) -> Answer[Spoken]:
    """A reply to the last message of ``conversation``, from the conversation alone."""
    return await say(ctx, "assistant/plain", {"conversation": list(conversation)}, "assistant", conversation, site)


async def aware(
    ctx: AgentContext, conversation: Sequence[Message], known: Sequence[Inference], site: CallSite
) -> Answer[Spoken]:
    """A reply from the conversation and what the observer inferred."""
    inputs = {"conversation": list(conversation), "inferences": [inference.fact for inference in known]}
    return await say(ctx, "assistant/aware", inputs, "assistant", conversation, site)


CANDIDATES = {"aware": Candidate("aware", aware), "plain": Candidate("plain", plain, needs_observer=False)}
ACTS = {
    "assistant/plain": Act(plain, lambda s: (s.conversation, ()), usual_tokens=195, offline_tokens=58),
    "assistant/aware": Act(aware, lambda s: (s.conversation, s.known), usual_tokens=195, offline_tokens=58),
}
