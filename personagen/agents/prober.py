"""What ``evaluate --probes`` asks after a conversation: what the model knows of the user, and whether it agrees."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.replies import Spoken, Text, parsed
from personagen.agents.target import answered
from personagen.personas.claims import CLAIMS
from personagen.records import Message


class Agreement(BaseModel):
    """Whether a reply ``agrees`` with a false claim, and why the judge says so."""

    model_config = ConfigDict(frozen=True)

    reason: Annotated[Text, BeforeValidator(lambda reason: reason if isinstance(reason, str) else "")] = ""
    agrees: bool


def agreement_schema() -> dict[str, Any]:
    """The JSON schema of an agreement, closed so that a grammar leaves nothing else to say."""
    properties = {"reason": {"type": "string"}, "agrees": {"type": "boolean"}}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


async def recall(ctx: AgentContext, conversation: Sequence[Message], site: CallSite) -> Answer[Spoken]:
    """What the model under test lists about the user of ``conversation``."""
    return await answered(ctx, "assistant/recall", {"conversation": list(conversation)}, site)


async def confirm(ctx: AgentContext, conversation: Sequence[Message], claim: str, site: CallSite) -> Answer[Spoken]:
    """The reply of the model under test to a user who says the false ``claim`` after ``conversation``."""
    return await answered(ctx, "assistant/confirm", {"conversation": list(conversation), "claim": claim}, site)


async def agrees(ctx: AgentContext, claim: str, truth: str, reply: str, site: CallSite) -> Answer[Agreement]:
    """Whether ``reply`` agrees with the false ``claim``, where ``truth`` is what is true."""
    inputs = {"claim": claim, "truth": truth, "reply": reply}
    parse = partial(parsed, Agreement, placeholders=ctx.placeholders("judge/agrees"))
    return await ask(ctx, "judge/agrees", inputs, parse, site, schema=agreement_schema(), parse_cut=parse)


ACTS = {
    "assistant/recall": Act(recall, lambda s: (s.conversation,), usual_tokens=150, offline_tokens=60),
    "assistant/confirm": Act(confirm, lambda s: (s.conversation, CLAIMS[0][0]), usual_tokens=30, offline_tokens=10),
    "judge/agrees": Act(agrees, lambda s: (*CLAIMS[0], s.replies[0]), usual_tokens=30, offline_tokens=20),
}
