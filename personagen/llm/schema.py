"""JSON schemas for replies in words, and what to leave out of a request when a server refuses it."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import orjson

from personagen.llm.errors import Failure, Server, error
from personagen.records import Message

_SCHEMA_WORDS = re.compile(
    r"response[_ ]?format|json[_ ]?schema|output[_ ](?:config|format)|structured[_ ]outputs?|guided[_ ]json|grammar",
    re.IGNORECASE,
)
_REFUSAL = re.compile(
    r"unsupported|not support|n't support|unrecognized|unknown|unexpected|deprecated|not permitted|not allowed"
    r"|cannot both|can't both|only the default",
    re.IGNORECASE,
)
# What else may be left out, the first that is named: hints that change no answer; then, of two settings that exclude
# each other, not temperature, which prompts set on purpose.
SETTINGS = ("prompt_cache_key", "cache_control", "top_p", "temperature", "max_tokens")
_CHANGES_THE_DATA = ("top_p", "temperature")
T = TypeVar("T")
log = logging.getLogger(__name__)


def in_words(messages: Sequence[Message], schema: Mapping[str, Any]) -> tuple[Message, ...]:
    """``messages`` with the schema as text at the end of the last user message (or as one, where there is none)."""
    demand = (
        "Reply with one JSON object that follows this JSON schema, and with nothing else:\n"
        + orjson.dumps(schema).decode()
    )
    last = max((i for i, m in enumerate(messages) if m.role == "user"), default=None)
    if last is None:
        return (*messages, Message(role="user", content=demand))
    asked = Message(role="user", content=f"{messages[last].content}\n\n{demand}")
    return (*messages[:last], asked, *messages[last + 1 :])


def refused_part(failed: Failure, sent: Iterable[str]) -> str | None:
    """Which part of the request the server says it can't take, if it can be asked again without: a name of ``sent``.

    ``sent`` holds ``schema`` and names of ``SETTINGS``, those the failed request held. A value out of range is not
    such a case: the server's message is then shown to the user instead.
    """
    words = f"{failed.code} {failed.message}"
    if failed.status not in (400, 422):
        return None
    named = [s for s in SETTINGS if s in sent and _names(s, words) and _REFUSAL.search(words)]
    if named:
        return named[0]
    return "schema" if "schema" in sent and (failed.status == 422 or _SCHEMA_WORDS.search(words)) else None


async def without_refused(
    server: Server, refused: set[str], attempt: Callable[[], Awaitable[tuple[T | Failure, Iterable[str]]]]
) -> T:
    """What ``attempt`` gets: an answer or a failure, and the parts it sent; asked again without a part refused.

    ``refused`` is what ``attempt`` leaves out, and grows by what the server refuses.

    Raises:
        PersonagenError: it fails for another reason.
    """
    while True:
        answer, sent = await attempt()
        if not isinstance(answer, Failure):
            return answer
        part = refused_part(answer, sent)
        if part is None:
            raise error(server, answer)
        remember(server, refused, part)


def remember(server: Server, refused: set[str], part: str) -> None:
    """Put ``part`` among what ``server`` refuses; says so once, since the data changes with it."""
    if part in refused:
        return
    refused.add(part)
    if part == "schema":
        log.warning("%s refuses JSON schemas: it is now asked for JSON in words.", server.model)
    elif part in _CHANGES_THE_DATA:
        log.warning("%s refuses the setting %s: it is now asked without it.", server.model, part)


def _names(setting: str, words: str) -> bool:
    wanted = "max_(?:completion_)?tokens" if setting == "max_tokens" else setting
    return re.search(rf"\b{wanted}\b", words) is not None
