"""The user: the only speaker who sees the persona. Code draws a brief for each of its messages."""

from __future__ import annotations

from collections.abc import Sequence

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, say
from personagen.agents.brief import brief_of, style_of
from personagen.agents.replies import Spoken
from personagen.agents.sample import TOPIC
from personagen.records import Memory, Message, Persona


def earlier(memory: Memory) -> dict[str, list[str]]:
    """What the user remembers of earlier conversations, as an input of a prompt; empty if there were none."""
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
    """The user's next message in ``conversation``; ``turn`` counts from 1.

    ``ctx.brief`` says what it is to do; without one it is drawn for this persona alone.
    """
    brief = ctx.brief or brief_of(persona, conversation, style_of(persona, persona.id), persona.id, (TOPIC,))
    inputs = {
        "conversation": list(conversation),
        "profile": persona.profile,
        "personality": persona.personality,
        "facts": list(persona.facts),
        "traits": list(persona.traits),
        "turn": turn,
        "turns": turns,
        "earlier": earlier(ctx.memory),
        "brief": brief.inputs(),
    }
    return await say(ctx, "user/speak", inputs, "user", conversation, site)


ACTS = {"user/speak": Act(speak, lambda s: (s.persona, s.history, s.turn, s.turns), usual_tokens=28, offline_tokens=19)}
