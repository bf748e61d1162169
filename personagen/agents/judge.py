"""The judge: ranks replies as this user would, and says what decides it."""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import permutations
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationInfo, model_validator

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.replies import Text, parsed
from personagen.personas.lines import lines as lines_of
from personagen.records import Message, Persona

LABELS = string.ascii_uppercase
MAX_LISTED = 4  # labels whose orders a schema lists: 24
TIE = "tie"
MAX_GROUNDS = 4  # lines that a schema allows; a weak model would count up to the last one
BEST = 5  # of scores and of confidence, which begin at 1
NOBODY = Persona(id="nobody", profile="", personality="")


class Ranking(BaseModel):
    """Labels in order of preference, best first; ``tie`` means that none is better.

    ``scores`` are those of the replies in the order shown, 1 to 5, or none; ``confidence`` is 1 to 5, or 0 if there is
    none; ``because`` numbers the persona's lines that decided it, from 1, and is None if no grounds were given.
    """

    model_config = ConfigDict(frozen=True)

    reason: Annotated[Text, BeforeValidator(lambda reason: reason if isinstance(reason, str) else "")] = ""
    because: tuple[int, ...] | None = None
    scores: tuple[int, ...] = ()
    confidence: int = 0
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
        return {
            "reason": value.get("reason"),
            "because": _numbers_of_lines(value.get("because"), (info.context or {}).get("lines", 0)),
            "scores": _scores(value.get("scores"), labels),
            "confidence": mark(value.get("confidence")),
            "ranking": ranking,
            "tie": tie or _TRUTH[said],
        }


_TRUTH = {"true": True, "yes": True, "1": True} | dict.fromkeys(("false", "no", "0", "none", "null", ""), False)
_TIE = re.compile(r"\W*(?:a )?(?:tie|tied|equal|both|neither|none)\W*", re.IGNORECASE)
_NOISE = re.compile(r"\b(?:reply|response|option|answer|candidate|label|assistant|then|over)\b", re.IGNORECASE)
_LABEL = re.compile(r"(?<![^\W_])([A-Za-z])(?![^\W_])")
# Words, and signs after which the first label may not be the better one.
_OTHER_ORDER = re.compile(r"[^\W\d_]|[<≤≺←/|!?≠¬&+^\\]")
_EQUAL = re.compile(r"[=~≈≡]")
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_MARK = re.compile(rf"(\d+(?:[.,]\d+)?)\s*(?:(?:/|of|out of)\s*{BEST})?")
_NO_LINE = re.compile(r"\W*(?:none)?\W*", re.IGNORECASE)
_INTEGER = re.compile(r"(?<![\d.,-])\d{1,3}(?![.,]?\d)")


def mark(said: Any) -> int:
    """A number from 1 to 5 in any plain form (``4``, ``4.0``, ``"4/5"``, ``"four"``), or 0."""
    if isinstance(said, str):
        text = unicodedata.normalize("NFKC", said).strip(" .\"'*").lower()
        found = _MARK.fullmatch(text)
        said = float(found[1].replace(",", ".")) if found else _WORDS.get(text, 0)
    if isinstance(said, bool) or not isinstance(said, int | float) or not 1 <= said <= BEST:
        return 0
    return int(said + 0.5)


def _scores(said: Any, labels: str) -> tuple[int, ...]:
    """The score of each label, from an object or a list in the order of ``labels``; none unless all are there."""
    if isinstance(said, Mapping):
        by_label: dict[str, Any] = {}
        for name, score in said.items():
            found = _LABEL.findall(_NOISE.sub(" ", str(name)))
            by_label |= {found[0].upper(): score} if len(found) == 1 else {}
        said = [by_label.get(label) for label in labels]
    if not isinstance(said, list) or len(said) != len(labels):
        return ()
    marks = tuple(map(mark, said))
    return marks if all(marks) else ()


def _numbers_of_lines(said: Any, lines: int) -> tuple[int, ...] | None:
    """The numbers from 1 to ``lines`` in a list, a number or a text such as ``"1, 4"``; None if it names no grounds.

    An empty list says that no line was needed; lines that do not exist, or mere words, say nothing.
    """
    if not lines or said is None or isinstance(said, bool | Mapping):
        return None
    text = ", ".join(map(str, said)) if isinstance(said, list) else str(said)
    if _NO_LINE.fullmatch(text):
        return ()
    found = {int(number) for number in _INTEGER.findall(text)}
    return tuple(sorted(number for number in found if 1 <= number <= lines)) or None


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


def ranking_schema(labels: str, lines: int = 0) -> dict[str, Any]:
    """The JSON schema of a verdict on replies with ``labels``, for a persona of so many ``lines``.

    It is as closed as can be, so that a grammar leaves nothing else to say: all orders of up to ``MAX_LISTED`` labels
    are the values of one text, since a list of labels lets a weak model repeat one up to the limit. Without lines
    there are no grounds to choose from.
    """
    if len(labels) <= MAX_LISTED:
        orders = [", ".join(order) for order in permutations(labels)]
        ranking: dict[str, Any] = {"type": "string", "enum": [*orders, TIE]}
    else:
        label = {"type": "string", "enum": list(labels)}
        ranking = {"type": "array", "items": label, "minItems": len(labels), "maxItems": len(labels)}
    mark = {"type": "integer", "enum": list(range(1, BEST + 1))}
    number = {"type": "integer", "enum": list(range(1, lines + 1))}
    because = {"because": {"type": "array", "items": number, "maxItems": min(lines, MAX_GROUNDS)}} if lines else {}
    properties = {
        "reason": {"type": "string"},
        **because,
        "scores": _closed(dict.fromkeys(labels, mark)),
        "confidence": mark,
        "ranking": ranking,
    }
    if len(labels) > MAX_LISTED:
        properties["tie"] = {"type": "boolean"}
    return _closed(properties)


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


async def prefer(
    ctx: AgentContext,
    persona: Persona,
    conversation: Sequence[Message],
    replies: Sequence[str],
    site: CallSite,
) -> Answer[Ranking]:
    """The ranking of ``replies``, labelled A, B, ... in the order given (at most 26), by ``persona`` or ``NOBODY``."""
    labels, lines = LABELS[: len(replies)], lines_of(persona)
    inputs = {
        "conversation": list(conversation),
        "profile": persona.profile,
        "personality": persona.personality,
        "facts": list(persona.facts),
        "traits": list(persona.traits),
        "lines": list(lines),
        "replies": [{"label": label, "text": text} for label, text in zip(labels, replies, strict=True)],
    }
    shown = ctx.placeholders("judge/prefer")
    parse = partial(parsed, Ranking, labels=labels, lines=len(lines), placeholders=shown)
    schema = ranking_schema(labels, len(lines))
    return await ask(ctx, "judge/prefer", inputs, parse, site, schema=schema, parse_cut=parse)


ACTS = {
    "judge/prefer": Act(prefer, lambda s: (s.persona, s.conversation, s.replies), usual_tokens=75, offline_tokens=40)
}
