"""Fallbacks for servers that refuse part of a request: a JSON schema as text, settings omitted."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence, Set
from typing import Any, TypeVar

import orjson

from personagen.call import Call
from personagen.llm.context import does_not_fit, fitted, learned, shortened
from personagen.llm.effort import LOWEST, refused_effort
from personagen.llm.errors import Server, error
from personagen.llm.failures import Failure
from personagen.llm.roles import ALTERNATE, SYSTEM, refused_role
from personagen.llm.words import BAD_KEY, CREDIT, CUT_OFF, FILTERED, NO_MODEL, NOT_JSON, REPLY_TOO_LONG, TOO_LONG
from personagen.records import Message

_SCHEMA_WORDS = re.compile(
    r"response[_ ]?(?:format|schema)|json[_ ]?(?:schema|mode|object|output)|output[_ ](?:config|format|type|schema)"
    r"|structured[_ ](?:output|generation|decod)|\b(?:guided|constrained)[_ ]|grammar|outlines"
    r"|\b(?:schemas?|enum|strict)\b",
    re.IGNORECASE,
)
# Of a value that the user chose; the server's message says which ones it takes.
_RANGE = re.compile(
    r"\bbetween\b|\brange\b|at most|less than|maximum|up to|too (?:high|large)|<=|≤|[(\[] *[\d.]+ *,", re.IGNORECASE
)
_ONE_VALUE = re.compile(r"\bdefault\b|\bonly\b", re.IGNORECASE)
_LOW = re.compile(
    r"positive|greater|>|≥|zero|at least|minimum|too (?:low|small)|value|(?<![\d.])0(?:\.0+)?(?![\d.])", re.IGNORECASE
)
# Requests that are repeated in a message name all that was sent.
_ECHO = re.compile(r"\{[^{}]{0,300}?['\"]messages['\"] *:.*", re.DOTALL)
# What else a refusal can be about.
_OTHER = (TOO_LONG, REPLY_TOO_LONG, BAD_KEY, CREDIT, FILTERED, NOT_JSON, CUT_OFF)
# Omitted in this order: cache hints change no answer; of two settings that exclude each other, keep temperature, which
# prompts set on purpose.
SETTINGS = (
    *("prompt_cache_key", "cache_control", "encoding_format", "lengths", "additionalProperties", "strict"),
    *("top_p", "temperature", "max_tokens"),
)
_IN_TEMPLATE = re.compile(r"not |n't |must|should|only|unknown|unexpected|invalid", re.IGNORECASE)
# Of a part, in an error of the server itself; "failed" and the like may pass.
_UNSUPPORTED = re.compile(
    r"(?:not|n't|n’t) (?:\w+ )?(?:support|implement|allow)|unsupported|not available for|unknown (?:field|param)"
    r"|invalid (?:json )?schema|required for format|\b(?:parse|compile|create|build|load|initialize) .{0,20}grammar",
    re.IGNORECASE,
)
_NO_PROVIDER = re.compile(r"no endpoints found that", re.IGNORECASE)  # OpenRouter's
LENGTHS = ("minItems", "maxItems")
TEMPERATURE_0, LOW_TEMPERATURE = "temperature 0", 0.01
RAISED = "raised temperature"  # 0 before
_NAMES = {
    "max_tokens": r"max_(?:completion_)?tokens",
    "lengths": r"(?:min|max)_?Items|too many states|repetitions",
    "additionalProperties": r"additional_?properties",
}
_CHANGES_NO_DATA = (
    *("prompt_cache_key", "cache_control", "encoding_format", "max_tokens"),
    *("additionalProperties", "strict"),
)
_TOLD = {
    "schema": "%s refuses JSON schemas: the schema is now part of the prompt.",
    "json_schema": "%s takes JSON objects but no JSON schemas: the schema is now part of the prompt.",
    "lengths": "%s refuses minItems and maxItems in JSON schemas: they are now omitted.",
    SYSTEM: "%s refuses the system role: its text is now part of the first user message.",
    ALTERNATE: "%s wants user and assistant to alternate: adjacent messages of one role are now joined.",
    TEMPERATURE_0: f"%s refuses temperature 0: it is now {LOW_TEMPERATURE}.",
}
MAX_SHORTENED = 2  # times that a call is sent again with less room for its reply
T = TypeVar("T")
log = logging.getLogger(__name__)


def in_words(messages: Sequence[Message], schema: Mapping[str, Any]) -> tuple[Message, ...]:
    """``messages`` with the schema as text at the end of the last user message, or as a new one if there is none."""
    demand = (
        "Reply with one JSON object that follows this JSON schema, and with nothing else:\n"
        + orjson.dumps(schema).decode()
    )
    last = max((i for i, m in enumerate(messages) if m.role == "user"), default=None)
    if last is None:
        return (*messages, Message(role="user", content=demand))
    asked = Message(role="user", content=f"{messages[last].content}\n\n{demand}")
    return (*messages[:last], asked, *messages[last + 1 :])


def without(schema: Any, keywords: Iterable[str]) -> Any:
    """``schema`` without ``keywords``, in it and in the schemas that it is made of."""
    if isinstance(schema, list):
        return [without(entry, keywords) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {key: without(inner, keywords) for key, inner in value.items()}
        if name == "properties" and isinstance(value, dict)
        else without(value, keywords)
        for name, value in schema.items()
        if name not in keywords
    }


def settings(call: Call, refused: Set[str]) -> dict[str, Any]:
    """The sampling settings of ``call`` that are not ``refused``."""
    temperature = call.sampling.temperature
    if temperature == 0 and TEMPERATURE_0 in refused:
        temperature = LOW_TEMPERATURE
    wished = {"temperature": temperature, "top_p": call.sampling.top_p}
    return {name: value for name, value in wished.items() if value is not None and name not in refused}


def parts(settings: Mapping[str, Any]) -> list[str]:
    """The names of the parts of ``settings`` that a server may refuse."""
    special = {0: TEMPERATURE_0, LOW_TEMPERATURE: RAISED}.get(settings.get("temperature", 1))
    return [*settings, *([special] if special else [])]


def accepted(schema: Mapping[str, Any], refused: Set[str]) -> tuple[Mapping[str, Any], list[str]]:
    """``schema`` without the keywords in ``refused``, and the names of its parts that a server may refuse."""
    keywords = (*(LENGTHS if "lengths" in refused else ()), *({"additionalProperties"} & refused))
    schema = without(schema, keywords) if keywords else schema
    text = orjson.dumps(schema)
    lengths = ["lengths"] if b'"minItems"' in text or b'"maxItems"' in text else []
    return schema, [*lengths, *(["additionalProperties"] if b'"additionalProperties"' in text else [])]


def refused_part(failed: Failure, sent: Iterable[str]) -> str | None:
    """The part of the request that the server refuses and that can be omitted, one of ``sent``; or None.

    ``sent`` are the parts of the failed request: ``schema``, ``json_schema``, ``system``, ``alternate``, and names of
    ``SETTINGS``. Whatever a refusal says about a part that it names, the request is tried without it; but if it says
    which values a setting may have, the user shall see that, unless the status is 422.
    """
    words, sent = _ECHO.sub("", f"{failed.code} {failed.message}"), tuple(sent)
    if any(other.search(words) for other in _OTHER):
        return None
    if failed.status in (404, 500):  # a chat template fails so, at some servers
        role = refused_role(words, sent) if _IN_TEMPLATE.search(words) else None
        known = _NO_PROVIDER if failed.status == 404 else _UNSUPPORTED
        if role or not known.search(words):
            return role
    elif failed.status not in (400, 415, 422, 501):
        return None
    if part := refused_role(words, sent):
        return part
    named = [(found.start(), s) for s in SETTINGS if s in sent and (found := _named(s, words))]
    # What is named first is refused; the rest says where it would be accepted.
    if part := refused_effort(words[: min(named)[0]] if named else words, sent):
        return part
    if named:
        return _setting(named[0][1], words, sent, failed.status)
    if NO_MODEL.search(words):
        return None
    if "schema" in sent and _SCHEMA_WORDS.search(words):
        return "json_schema" if "json_schema" in sent and "json_object" in words else "schema"
    if effort := refused_effort(words, sent, loosely=True):
        return effort
    return "schema" if "schema" in sent and (failed.status == 422 or _NO_PROVIDER.search(words)) else None


def _setting(name: str, words: str, sent: Collection[str], status: int) -> str | None:
    """What is left out for a refusal of the setting ``name``."""
    is_range = _RANGE.search(words) is not None
    only_one = _ONE_VALUE.search(words) is not None and not is_range
    if name == "temperature" and TEMPERATURE_0 in sent:
        return TEMPERATURE_0 if not only_one and (is_range or _LOW.search(words)) else name
    chosen = name in ("temperature", "top_p") and RAISED not in sent
    return None if chosen and is_range and status != 422 else name


async def without_refused(
    server: Server,
    refused: set[str],
    call: Call,
    attempt: Callable[[Call], Awaitable[tuple[T | Failure, Iterable[str]]]],
) -> T:
    """Repeats ``attempt`` until the server refuses no part of ``call``, and returns its answer.

    ``attempt`` sends a call, with fewer ``max_tokens`` where the server has less room. It returns an answer or failure,
    and the parts it sent; it omits those in ``refused``, to which refused parts are added.

    Raises:
        PersonagenError: the attempt failed for another reason.
    """
    sized, times = fitted(call, refused), 0
    while True:
        answer, sent = await attempt(sized)
        if not isinstance(answer, Failure):
            return answer
        room = learned(server, refused, sized, answer) if times < MAX_SHORTENED else None
        if room is not None:
            sized, times = shortened(sized, room), times + 1
            continue
        part = refused_part(answer, sent)
        if part is None:
            raise does_not_fit(server, sized, answer) or error(server, answer)
        remember(server, refused, part)


def remember(server: Server, refused: set[str], part: str) -> None:
    """Adds ``part`` to ``refused``, and logs it once if it changes the data."""
    if part in refused:
        return
    refused.add(part)
    if part in _TOLD:
        log.warning(_TOLD[part], server.model)
    elif part not in _CHANGES_NO_DATA and not part.endswith(LOWEST):
        log.warning("%s refuses the setting %s: it is now omitted.", server.model, part)


def _named(setting: str, words: str) -> re.Match[str] | None:
    return re.search(rf"\b(?:{_NAMES.get(setting, setting)})\b", words, re.IGNORECASE)
