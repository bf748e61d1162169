"""The rater: the judge scores one reply for how well it fits this user."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.judge import BEST, mark
from personagen.agents.replies import Text, parsed
from personagen.records import Message, Persona

CRITERIA = ("style", "content", "quality")
SCORES = (*CRITERIA, "score")


class Score(BaseModel):
    """Scores from 1 to 5: of the three criteria of ALOE (arXiv 2410.03642), and ``score``, of the whole reply.

    ``style`` is how it fits the personality, ``content`` the profile, ``quality`` how human, engaging and concise it
    is. A criterion is 0 if the judge gave it no score.
    """

    model_config = ConfigDict(frozen=True)

    reason: Annotated[Text, BeforeValidator(lambda reason: reason if isinstance(reason, str) else "")] = ""
    style: int = 0
    content: int = 0
    quality: int = 0
    score: int

    @model_validator(mode="before")
    @classmethod
    def _reads_marks(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        marks = {name: mark(value.get(name)) for name in SCORES}
        if not marks["score"]:
            raise ValueError(f"the score is not a number from 1 to {BEST}")
        return {"reason": value.get("reason"), **marks}


def score_schema() -> dict[str, Any]:
    """The JSON schema of a score, closed so that a grammar leaves nothing else to say."""
    one = {"type": "integer", "enum": list(range(1, BEST + 1))}
    properties: dict[str, Any] = {"reason": {"type": "string"}, **dict.fromkeys(SCORES, one)}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


async def rate(
    ctx: AgentContext,
    persona: Persona,
    conversation: Sequence[Message],
    reply: str,
    persona_first: bool,
    site: CallSite,
) -> Answer[Score]:
    """The score of ``reply``, the next message of ``conversation``, for ``persona`` or ``judge.NOBODY``.

    With ``persona_first`` the question shows the persona before the conversation, not after it.
    """
    inputs = {
        "conversation": list(conversation),
        "profile": persona.profile,
        "personality": persona.personality,
        "facts": list(persona.facts),
        "traits": list(persona.traits),
        "reply": reply,
        "persona_first": persona_first,
    }
    parse = partial(parsed, Score, placeholders=ctx.placeholders("judge/rate"))
    return await ask(ctx, "judge/rate", inputs, parse, site, schema=score_schema(), parse_cut=parse)


ACTS = {
    "judge/rate": Act(
        rate, lambda s: (s.persona, s.conversation, s.replies[0], False), usual_tokens=60, offline_tokens=35
    )
}
