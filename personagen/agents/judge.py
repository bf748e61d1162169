"""The judge: says which reply this very user would prefer."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import partial

from personagen.agents.ask import Answer, At, Stage, ask
from personagen.agents.replies import RANKING, Verdict, ranking
from personagen.records import Message, Persona

LABELS = string.ascii_uppercase


async def prefer(
    stage: Stage,
    persona: Persona,
    conversation: Sequence[Message],
    replies: Sequence[str],
    at: At,
) -> Answer[Verdict]:
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
    return await ask(stage, "judge/prefer", inputs, parse, at, schema=RANKING)
