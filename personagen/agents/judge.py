"""The judge: ranks replies as this user would."""

from __future__ import annotations

import string
from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationInfo, field_validator

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.replies import Text, parsed, schema_of
from personagen.records import Message, Persona

LABELS = string.ascii_uppercase


class Ranking(BaseModel):
    """Labels in order of preference, best first; ``tie`` means that none is better."""

    model_config = ConfigDict(frozen=True)

    reason: Annotated[Text, BeforeValidator(lambda reason: reason if isinstance(reason, str) else "")] = ""
    ranking: tuple[str, ...] = Field(default=(), validate_default=True)
    tie: StrictBool = False

    @field_validator("ranking", mode="before")
    @classmethod
    def _orders_the_labels(cls, ranked: Any, info: ValidationInfo) -> Any:
        labels = (info.context or {}).get("labels")
        texts = isinstance(ranked, list) and all(isinstance(label, str) for label in ranked)
        if labels and not (texts and sorted(ranked) == sorted(labels)):
            raise ValueError(f"the ranking is not an order of {', '.join(labels)}")
        return ranked


async def prefer(
    ctx: AgentContext,
    persona: Persona,
    conversation: Sequence[Message],
    replies: Sequence[str],
    site: CallSite,
) -> Answer[Ranking]:
    """The ranking of ``replies``, labelled A, B, ... in the order given (at most 26)."""
    labels = LABELS[: len(replies)]
    inputs = {
        "conversation": list(conversation),
        "profile": persona.profile,
        "personality": persona.personality,
        "facts": list(persona.facts),
        "traits": list(persona.traits),
        "replies": [{"label": label, "text": text} for label, text in zip(labels, replies, strict=True)],
    }
    parse = partial(parsed, Ranking, labels=labels)
    return await ask(ctx, "judge/prefer", inputs, parse, site, schema=schema_of(Ranking))


ACTS = {
    "judge/prefer": Act(prefer, lambda s: (s.persona, s.conversation, s.replies), usual_tokens=35, offline_tokens=39)
}
