"""The checker: says which lines of the persona the user's last message contradicts."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, field_validator

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.replies import Text, parsed
from personagen.personas.lines import lines as lines_of
from personagen.records import Message, Persona


class Finding(BaseModel):
    """The numbers of the ``contradicted`` lines, from 1; empty if the message fits the persona."""

    model_config = ConfigDict(frozen=True)

    reason: Annotated[Text, BeforeValidator(lambda reason: reason if isinstance(reason, str) else "")] = ""
    contradicted: tuple[int, ...]

    @field_validator("contradicted", mode="before")
    @classmethod
    def _are_lines(cls, value: Any, info: ValidationInfo) -> tuple[int, ...]:
        """``value`` as numbers of lines, each once; ``ValueError`` if it is neither a list nor one number."""
        listed = value if isinstance(value, list) else [value]
        try:
            numbers = {int(str(one)) for one in listed}
        except ValueError:
            raise ValueError("the reply's contradicted are not numbers of lines") from None
        most = (info.context or {}).get("lines", 0)
        if not all(1 <= number <= most for number in numbers):
            raise ValueError(f"the reply's contradicted are numbers of lines from 1 to {most}")
        return tuple(sorted(numbers))


def finding_schema(lines: int) -> dict[str, Any]:
    """The JSON schema of a finding about a persona of so many ``lines``."""
    number = {"type": "integer", "enum": list(range(1, lines + 1))}
    properties = {
        "reason": {"type": "string"},
        "contradicted": {"type": "array", "items": number, "maxItems": lines},
    }
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


async def consistent(
    ctx: AgentContext, persona: Persona, conversation: Sequence[Message], site: CallSite
) -> Answer[Finding]:
    """The lines of ``persona`` that the last message of ``conversation``, the user's, contradicts."""
    lines = lines_of(persona)
    inputs = {"conversation": list(conversation), "lines": list(lines)}
    shown = ctx.placeholders("checker/consistent")
    parse = partial(parsed, Finding, lines=len(lines), placeholders=shown)
    return await ask(ctx, "checker/consistent", inputs, parse, site, schema=finding_schema(len(lines)), parse_cut=parse)


ACTS = {
    "checker/consistent": Act(consistent, lambda s: (s.persona, s.conversation), usual_tokens=30, offline_tokens=15)
}
