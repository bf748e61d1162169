"""The user: the only speaker who sees the whole persona."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from personagen.agents.ask import Answer, At, Stage, ask
from personagen.parse import speech
from personagen.records import Message, Persona


async def speak(
    stage: Stage,
    persona: Persona,
    conversation: Sequence[Message],
    turn: int,
    turns: int,
    at: At,
) -> Answer[str]:
    """The user's next message in ``conversation``; ``turn`` counts from 1."""
    inputs = {
        "conversation": list(conversation),
        "profile": persona.profile,
        "personality": persona.personality,
        "facts": list(persona.facts),
        "traits": list(persona.traits),
        "turn": turn,
        "turns": turns,
    }
    return await ask(stage, "user/speak", inputs, partial(speech, role="user"), at)
