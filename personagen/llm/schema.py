"""Fallbacks for servers that refuse part of a request: a JSON schema as text, settings omitted."""

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
# Omitted in this order: cache hints change no answer; of two settings that exclude each other, keep temperature, which
# prompts set on purpose.
SETTINGS = ("prompt_cache_key", "cache_control", "top_p", "temperature", "max_tokens")
_CHANGES_THE_DATA = ("top_p", "temperature")
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


def refused_part(failed: Failure, sent: Iterable[str]) -> str | None:
    """The part of the request that the server refuses and that can be omitted, one of ``sent``; or None.

    ``sent`` are the parts of the failed request: ``schema`` and names of ``SETTINGS``. A value out of range gives None,
    so that the user sees the server's message.
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
    """Repeats ``attempt`` until the server refuses no part of it, and returns its answer.

    ``attempt`` returns an answer or failure, and the parts it sent; it omits those in ``refused``, to which refused
    parts are added.

    Raises:
        PersonagenError: the attempt failed for another reason.
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
    """Adds ``part`` to ``refused``, and logs it once if it changes the data."""
    if part in refused:
        return
    refused.add(part)
    if part == "schema":
        log.warning("%s refuses JSON schemas: the schema is now part of the prompt.", server.model)
    elif part in _CHANGES_THE_DATA:
        log.warning("%s refuses the setting %s: it is now omitted.", server.model, part)


def _names(setting: str, words: str) -> bool:
    wanted = "max_(?:completion_)?tokens" if setting == "max_tokens" else setting
    return re.search(rf"\b{wanted}\b", words) is not None
