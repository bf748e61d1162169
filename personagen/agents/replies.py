"""Parses a model's reply, or raises ``ReplyError`` with the reason; and the JSON schema of a reply type.

A reply type is a pydantic model in the file of its agent: ``schema_of`` gives the schema, ``parsed`` the value.

Fixed rules repair a reply: remove reasoning, what stands around a JSON object, the speaker's own label, lines of the
other speaker at the end, and control characters; replace half characters by U+FFFD. Any other malformed reply is
refused. Some providers refuse constraint keywords in a schema, so limits are checked when the reply is parsed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ValidationError, ValidationInfo, WrapValidator

from personagen.agents.json_reply import first_object, json_objects
from personagen.agents.shape import shaped
from personagen.errors import ReplyError
from personagen.gates.labels import GOES_ON, LISTED, OWN
from personagen.llm.marks import thinks
from personagen.llm.reasoning import answer_of
from personagen.personas.words import CLOSING, STOPS

MAX_REPLY = 200_000
CUT_OFF = "the reply was cut off at its token limit"
MIN_WHOLE_SHARE = 0.6  # of a cut reply that is kept
# The end of a sentence or a line, but not the full stop after the number of a list's item.
# In Thai, Lao and Khmer a space ends a sentence or a clause.
_SENTENCE_END = re.compile(
    r"""(?<!^\d)(?<!^\d\d)[.!?\u2026\u0964\u061f\u06d4]["'\u201d\u2019)\]*_]*(?=\s|\Z)"""
    rf"""|[{STOPS}][{CLOSING}*_]*|(?<=[\u0e00-\u0eff\u1780-\u17ff])(?= )|(?<=\S)(?=\n)""",
    re.MULTILINE,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
MAX_SETTING = 40  # characters of a line of a list of settings
_MAX_LINES = 20  # lines of the other speaker that are examined
_SPACE = re.compile(r"\s+")
# What a user writes to stop: in brackets anywhere, with whatever a weak model adds to it, or alone on the last line.
_END_MARK = re.compile(r"(?:[\[<(*]{1,3}END[\]>)*]{1,3}.*|(?:\A|\n)[ \t]*END[ \t.]*)\Z", re.DOTALL)
_WRAPPED = re.compile(r"\s*<(?P<name>\w+)>\s*(?P<object>\{.*\})\s*</(?P=name)>\s*", re.DOTALL)
_BEGINS_JSON = re.compile(r"\ufeff?\s*(?:```\w*\s*)?(?=\{)")
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
    """What a speaker says. ``labelled``: its own label was removed; ``cut`` is the text that was cut off the end.

    ``ended``: a user stops here, after a last message or, if ``text`` is empty, without one.
    """

    text: str
    labelled: bool = False
    cut: str = ""
    ended: bool = False


def speech(text: str, role: str, *, acted: bool = False, may_end: bool = False) -> Spoken:
    """What ``role`` (``user`` or ``assistant``) says: the reply without reasoning, its own label and the other's lines.

    ``acted``: a dialogue was asked for, so lines of both speakers are kept. A user's end mark is removed; where the
    conversation may end it counts, and may stand alone.
    """
    answer = _answer(text)
    mark = _END_MARK.search(answer) if role == "user" else None
    answer = answer[: mark.start()].rstrip() if mark else answer
    ended = bool(mark) and may_end
    if acted and GOES_ON[role].search(answer):
        return Spoken(answer)
    label = OWN[role].match(answer)
    said = answer[label.end() :].strip() if label else answer
    cut = _cut(said, role)
    kept, rest = said[:cut].rstrip(), said[cut:]
    if not kept and not ended:
        raise ReplyError("the reply is empty", cause="empty")
    return Spoken(kept, bool(label), rest, ended)


def cut_speech(text: str, role: str, *, acted: bool = False) -> Spoken:
    """``speech`` of a reply that was cut off at its limit: up to its last whole sentence, if most of it is there.

    Raises:
        ReplyError: less than ``MIN_WHOLE_SHARE`` of it are whole sentences.
    """
    spoken = speech(text, role, acted=acted)
    if spoken.cut:
        return spoken
    end = max((found.end() for found in _SENTENCE_END.finditer(spoken.text)), default=0)
    whole = spoken.text[:end].rstrip()
    if whole.count("```") % 2:
        whole = whole[: whole.rfind("```")].rstrip()
    if len(whole) < MIN_WHOLE_SHARE * len(spoken.text):
        raise ReplyError(CUT_OFF)
    return Spoken(whole, spoken.labelled, spoken.text[len(whole) :])


def _cut(said: str, role: str) -> int:
    """Where ``said`` continues as the other speaker, except in examples: in code, after a colon or in a list.

    A reply that begins as the other speaker is kept whole, for a gate to reject.
    """
    for found in islice(GOES_ON[role].finditer(said), _MAX_LINES):
        before = said[: found.start()].rstrip()
        if before.count("```") % 2 or before.count("`") % 2:
            continue
        after = said[found.end() :].partition("\n")[2].lstrip()
        above = before[before.rfind("\n") + 1 :]
        # A sentence in a paragraph of its own that opens with a label ("Short answer: ...") begins no list.
        if said[len(before) : found.start()].count("\n") > 1 and (len(above) > MAX_SETTING or above[-1:] in ".!?"):
            above = ""
        if not before or before.endswith((":", "\uff1a")) or any(map(LISTED.match, (above, after))):
            return len(said)
        return found.start()
    return len(said)


def parsed(model: type[M], text: str, **context: Any) -> M:
    """The JSON object of a reply as ``model``, whose validators see ``context``.

    A text in ``context["placeholders"]``, which the prompt shows as an example, counts as empty.

    Raises:
        ReplyError: there is no JSON object, or ``model`` refuses it.
    """
    problem: ValidationError | None = None
    for value in json_objects(json_answer(text)):
        try:
            return model.model_validate(shaped(model, value), context=context)
        except ValidationError as error:
            problem = problem or error
    assert problem
    first = problem.errors(include_url=False)[0]
    place = ".".join(map(str, first["loc"]))
    if first["type"] == "value_error":
        raise ReplyError(str(first["ctx"]["error"]))
    raise ReplyError(_REASONS.get(first["type"], f"{{}}: {first['msg']}").format(place))


@cache
def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """The JSON schema of ``model`` for every provider's strict mode: types, enums, closed objects, all required.

    It omits None and defaults, which ``model`` still accepts in a reply. Lengths of lists are those in its
    ``json_schema_extra``.
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
        lengths = {key: schema[key] for key in ("minItems", "maxItems") if key in schema}
        return {"type": "array", "items": _strict(schema["items"], defs), **lengths}
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


def worded(value: str, info: ValidationInfo) -> str:
    """``value`` on one line, or empty if it has no words or is what the prompt shows in place of an answer."""
    cleaned = clean(value)
    shown = cleaned in (info.context or {}).get("placeholders", ())
    return "" if shown or not any(map(str.isalnum, cleaned)) else cleaned


Entry = Annotated[T, WrapValidator(or_empty)]
Text = Annotated[str, AfterValidator(worded)]
Quote = Annotated[str, AfterValidator(printable)]


def _answer(text: str) -> str:
    if len(text) > MAX_REPLY:
        raise ReplyError(f"the reply has {len(text):,} characters, more than {MAX_REPLY:,}")
    return printable(answer_of(text)).strip()


def json_answer(text: str) -> str:
    """The answer in a reply that was to be JSON, which may quote any mark of reasoning within a string."""
    if len(text) <= MAX_REPLY:
        wrapped = _WRAPPED.fullmatch(text)
        if wrapped and not thinks(wrapped["name"]):
            text = wrapped["object"]
        begin = _BEGINS_JSON.match(text)
        end = first_object(text, begin.end()) if begin else -1
        if end >= 0 and answer_of(text[end - 1 :]) == text[end - 1 :]:
            return text
    return _answer(text)
