"""Parses a model's reply, or raises ``ReplyError`` with the reason; and the JSON schema of a reply type.

A reply type is a pydantic model in the file of its agent: ``schema_of`` gives the schema, ``parsed`` the value.

Fixed rules repair a reply: remove a reasoning block before the answer, a code fence around JSON, prose around one JSON
object, the speaker's own label, lines of the other speaker at the end, and control characters; replace half characters
by U+FFFD. Any other malformed reply is refused. Some providers refuse constraint keywords in a schema, so limits are
checked when the reply is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Annotated, Any, TypeVar, cast

from pydantic import AfterValidator, BaseModel, ValidationError, WrapValidator

from personagen.errors import ReplyError
from personagen.llm.json import loads

MAX_REPLY = 200_000
_REASONING = re.compile(r"\A(?:\s*<think>)?(?:(?!<think>).)*?</think>", re.DOTALL)
_FENCE = re.compile(r"```[A-Za-z]*[^\S\n]*\n(.*?)```", re.DOTALL)  # \s would try every blank line anew
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_LABELS = {
    "user": re.compile(r"\A\s*(?:\**(?:user|human)\**\s*:\**|<user>)\s*", re.I),
    "assistant": re.compile(r"\A\s*(?:\**assistant\**\s*:\**|<assistant>)\s*", re.I),
}
# A line of the other speaker, or the closing tag that a transcript puts after a message.
_GOES_ON = {
    "user": re.compile(r"^[ \t]*(?:\**(?:Assistant|ASSISTANT|AI Assistant)\**[ \t]*:|</?assistant>)|</user>", re.M),
    "assistant": re.compile(r"^[ \t]*(?:\**(?:User|USER|Human|HUMAN)\**[ \t]*:|</?user>)|</assistant>", re.M),
}
_MAX_LINES = 20  # lines of the other speaker that are examined
# A line of a list of settings, or of another speaker in a script.
_LISTED = re.compile(
    r"[ \t>*-]*(?!(?:user|human|assistant|ai|ai assistant|chatgpt)\b\**[ \t]*:)\w+(?: \w+)?\**[ \t]*:", re.I
)
_SPACE = re.compile(r"\s+")
T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)
_REASONS = {
    "missing": "the reply has no {}",
    "list_type": "the reply's {} are not a list",
    "too_short": "the reply's {} are an empty list",
    "bool_type": "{} is neither true nor false",
}


@dataclass(frozen=True)
class Spoken:
    """What a speaker says. ``labelled``: its own label was removed; ``cut`` is the text that was cut off the end."""

    text: str
    labelled: bool = False
    cut: str = ""


def speech(text: str, role: str, *, acted: bool = False) -> Spoken:
    """What ``role`` (``user`` or ``assistant``) says: the reply without reasoning, its own label and the other's lines.

    ``acted``: a dialogue was asked for, so lines of both speakers are kept.

    Raises:
        ReplyError: nothing is left, or the reply is longer than ``MAX_REPLY`` characters.
    """
    answer = _answer(text).strip()
    if acted and _GOES_ON[role].search(answer):
        return Spoken(answer)
    label = _LABELS[role].match(answer)
    said = answer[label.end() :].strip() if label else answer
    cut = _cut(said, role)
    kept, rest = said[:cut].rstrip(), said[cut:]
    if not kept:
        raise ReplyError("the reply is empty", cause="empty")
    return Spoken(kept, bool(label), rest)


def _cut(said: str, role: str) -> int:
    """Where ``said`` continues as the other speaker, except in examples: in code, after a colon or in a list.

    A reply that begins as the other speaker is kept whole, for a gate to reject.
    """
    for found in islice(_GOES_ON[role].finditer(said), _MAX_LINES):
        before = said[: found.start()].rstrip()
        if before.count("```") % 2 or before.count("`") % 2:
            continue
        after = said[found.end() :].partition("\n")[2].lstrip()
        if not before or before.endswith(":") or any(map(_LISTED.match, (before[before.rfind("\n") + 1 :], after))):
            return len(said)
        return found.start()
    return len(said)


def json_object(text: str) -> dict[str, Any]:
    """The JSON object in a reply.

    Raises:
        ReplyError: there is none, or it is not valid JSON.
    """
    answer = _answer(text).strip()
    if not answer:
        raise ReplyError("the reply is empty", cause="empty")
    fence = _FENCE.search(answer)
    if fence and not answer.startswith("{"):
        answer = fence[1].strip()
    if not answer.startswith("{") or not answer.endswith("}"):
        start, end = answer.find("{"), answer.rfind("}")
        if start < 0 or end < start:
            raise ReplyError("the reply holds no JSON object", cause="json")
        answer = answer[start : end + 1]
    try:
        value = loads(answer)
    except ValueError as error:
        raise ReplyError(f"the reply is not valid JSON: {str(error)[:120]}", cause="json") from None
    return cast(dict[str, Any], value)


def parsed(model: type[M], text: str, **context: Any) -> M:
    """The JSON object of a reply as ``model``, whose validators see ``context``.

    Raises:
        ReplyError: there is no JSON object, or ``model`` refuses it.
    """
    try:
        return model.model_validate(json_object(text), context=context)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        if first["type"] == "value_error":
            reason = str(first["ctx"]["error"])
        else:
            reason = _REASONS.get(first["type"], f"{{}}: {first['msg']}").format(place)
        raise ReplyError(reason) from None


@cache
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of ``model`` for every provider's strict mode: types, enums, closed objects, all required.

    It omits None and defaults, which ``model`` still accepts in a reply.
    """
    whole = model.model_json_schema()
    return _strict(whole, whole.get("$defs", {}))


def _strict(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _strict(defs[schema["$ref"].rpartition("/")[2]], defs)
    if "anyOf" in schema:
        return _strict(next(one for one in schema["anyOf"] if one.get("type") != "null"), defs)
    if "properties" in schema:
        properties = {name: _strict(value, defs) for name, value in schema["properties"].items()}
        closed = {"required": list(properties), "additionalProperties": False}
        return {"type": "object", "properties": properties, **closed}
    if "items" in schema:
        return {"type": "array", "items": _strict(schema["items"], defs)}
    return {key: schema[key] for key in ("type", "enum") if key in schema}


def or_empty(value: Any, check: Callable[[Any], T]) -> T:
    """``check(value)``, or an empty value of that type if ``value`` is malformed, so that it is counted."""
    try:
        return check(value)
    except ValidationError:
        return check({})


def printable(text: str) -> str:
    """``text`` without control characters; line feeds and tabs stay."""
    return _CONTROL.sub("", text)


def clean(text: str) -> str:
    """``text`` without control characters, each run of white space as one space."""
    return _SPACE.sub(" ", printable(text)).strip()


Entry = Annotated[T, WrapValidator(or_empty)]
Text = Annotated[str, AfterValidator(clean)]
Quote = Annotated[str, AfterValidator(printable)]


def _answer(text: str) -> str:
    if len(text) > MAX_REPLY:
        raise ReplyError(f"the reply has {len(text):,} characters, more than {MAX_REPLY:,}")
    answer = printable(_REASONING.sub("", text, count=1) if "</think>" in text else text)
    if answer.lstrip().startswith("<think>"):
        raise ReplyError("the reply is reasoning that does not end")
    return answer
