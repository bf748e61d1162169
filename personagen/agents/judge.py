"""The judge: says which reply this very user would prefer."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import partial

from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.replies import RANKING, Ranking, ranking
from personagen.records import Message, Persona

LABELS = string.ascii_uppercase


async def prefer(
    ctx: AgentContext,
    persona: Persona,
    conversation: Sequence[Message],
    replies: Sequence[str],
    at: CallSite,
) -> Answer[Ranking]:
    """The verdict about ``replies``, labelled A, B, ... in the order given (at most 26)."""
    labels = LABELS[: len(replies)]
    inputs = {
        "conversation": list(conversation),
        "profile": persona.profile,
        "personality": persona.personality,
        "facts": list(persona.facts),
        "traits": list(persona.traits),
        "replies": [{"label": label, "text": text} for label, text in zip(labels, replies, strict=True)],
    }
    parse = partial(ranking, labels=labels)
    return await ask(ctx, "judge/prefer", inputs, parse, at, schema=RANKING)
