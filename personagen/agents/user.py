"""The user: the only speaker who sees the persona."""

from __future__ import annotations

from collections.abc import Sequence

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, say
from personagen.agents.replies import Spoken
from personagen.records import Memory, Message, Persona


def earlier(memory: Memory) -> dict[str, list[str]]:
    """What the user and the observer remember of earlier conversations, as an input of a prompt; empty if nothing."""
    known = {"topics": list(memory.topics), "facts": [inference.fact for inference in memory.inferences]}
    return known if memory.topics else {}


async def speak(
    ctx: AgentContext,
    persona: Persona,
    conversation: Sequence[Message],
    turn: int,
    turns: int,
    site: CallSite,
) -> Answer[Spoken]:
    """The user's next message in ``conversation``; ``turn`` counts from 1."""
    inputs = {
        "conversation": list(conversation),
        "profile": persona.profile,
        "personality": persona.personality,
        "facts": list(persona.facts),
        "traits": list(persona.traits),
        "turn": turn,
        "turns": turns,
        "earlier": earlier(ctx.memory),
    }
    return await say(ctx, "user/speak", inputs, "user", conversation, site)


ACTS = {"user/speak": Act(speak, lambda s: (s.persona, s.history, s.turn, s.turns), usual_tokens=65, offline_tokens=32)}
