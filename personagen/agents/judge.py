"""The judge: ranks replies as this user would."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Sequence
from functools import partial
from itertools import permutations
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, model_validator

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.replies import Text, parsed
from personagen.records import Message, Persona

LABELS = string.ascii_uppercase
MAX_LISTED = 4  # labels whose orders a schema lists: 24
TIE = "tie"


class Ranking(BaseModel):
    """Labels in order of preference, best first; ``tie`` means that none is better."""

    model_config = ConfigDict(frozen=True)

    reason: Annotated[Text, BeforeValidator(lambda reason: reason if isinstance(reason, str) else "")] = ""
    ranking: tuple[str, ...] = ()
    tie: bool = False

    @model_validator(mode="before")
    @classmethod
    def _orders_the_labels(cls, value: Any, info: ValidationInfo) -> Any:
        labels = (info.context or {}).get("labels")
        if not labels or not isinstance(value, dict):
            return value
        said = str(value.get("tie")).strip().lower()
        if said not in _TRUTH:
            raise ValueError("tie is neither true nor false")
        ranked = value.get("ranking")
        ranking, tie = _order(TIE if _TRUTH[said] and not ranked else ranked, labels)
        return {"reason": value.get("reason"), "ranking": ranking, "tie": tie or _TRUTH[said]}


_TRUTH = {"true": True, "yes": True, "1": True} | dict.fromkeys(("false", "no", "0", "none", "null", ""), False)
_TIE = re.compile(r"\W*(?:a )?(?:tie|tied|equal|both|neither|none)\W*", re.IGNORECASE)
_NOISE = re.compile(r"\b(?:reply|response|option|answer|candidate|label|assistant|then|over)\b", re.IGNORECASE)
_LABEL = re.compile(r"(?<![^\W_])([A-Za-z])(?![^\W_])")
# Words, and signs after which the first label may not be the better one.
_OTHER_ORDER = re.compile(r"[^\W\d_]|[<≤≺←/|!?≠¬&+^\\]")
_EQUAL = re.compile(r"[=~≈≡]")


def _order(ranked: Any, labels: str) -> tuple[tuple[str, ...], bool]:
    """The order in ``ranked``, a list or a text such as ``A, B``, ``Reply B > Reply A`` or ``tie``; whether it ties.

    Raises:
        ValueError: it is not an order of ``labels``.
    """
    parts = ranked if isinstance(ranked, list) else [ranked]
    if parts and all(isinstance(part, str) for part in parts):
        text = _NOISE.sub(" ", unicodedata.normalize("NFKC", ", ".join(parts)))
        if _TIE.fullmatch(text):
            return tuple(labels), True
        found = [label.upper() for label in _LABEL.findall(text)]
        rest = _LABEL.sub(" ", text)
        # Numbers may be scores, unless they count a list.
        counted = re.findall(r"\d+", rest)
        listed = not counted or (
            counted == [str(n + 1) for n in range(len(found))] and text.strip(" ([*#\"'")[0] == "1"
        )
        if listed and not _OTHER_ORDER.search(rest):
            if len(labels) == 2 and len(found) == 1:  # only the better one is named
                found += [label for label in labels if label not in found]
            if sorted(found) == sorted(labels):
                return tuple(found), bool(_EQUAL.search(text)) and ">" not in text
    raise ValueError(f"the ranking is not an order of {', '.join(labels)}")


def ranking_schema(labels: str) -> dict[str, Any]:
    """The JSON schema of a verdict: all orders of up to ``MAX_LISTED`` labels as the values of one text.

    A grammar then leaves nothing else to say: a list of labels lets a weak model repeat one up to the limit.
    """
    if len(labels) <= MAX_LISTED:
        orders = [", ".join(order) for order in permutations(labels)]
        ranking: dict[str, Any] = {"type": "string", "enum": [*orders, TIE]}
    else:
        label = {"type": "string", "enum": list(labels)}
        ranking = {"type": "array", "items": label, "minItems": len(labels), "maxItems": len(labels)}
    properties = {"reason": {"type": "string"}, "ranking": ranking}
    if len(labels) > MAX_LISTED:
        properties["tie"] = {"type": "boolean"}
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


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
    parse = partial(parsed, Ranking, labels=labels, placeholders=ctx.placeholders("judge/prefer"))
    return await ask(ctx, "judge/prefer", inputs, parse, site, schema=ranking_schema(labels), parse_cut=parse)


ACTS = {
    "judge/prefer": Act(prefer, lambda s: (s.persona, s.conversation, s.replies), usual_tokens=35, offline_tokens=39)
}
