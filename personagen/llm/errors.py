"""Translates server failures (HTTP status, wording, lost connections) to our errors, for every backend."""

from __future__ import annotations

import math
import os
import re
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import orjson

from personagen.errors import BudgetError, ConfigError, PersonagenError, ReplyError, ServerError
from personagen.llm.redact import scrubbed, secrets
from personagen.records import Completion

MAX_QUOTE_CHARS = 300
MAX_ERROR_CHARS = 8000  # pattern search in megabytes would take hours
NO_KEY = "none"
_URL_NAMES = {"openai": "OPENAI_BASE_URL", "anthropic": "ANTHROPIC_BASE_URL"}
_TAG = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_CREDIT = re.compile(
    r"insufficient[_ ](?:quota|balance|funds|credit)|credit balance|exceeded your current quota|out of credit"
    r"|billing|(?:usage|spend(?:ing)?) limit",
    re.IGNORECASE,
)
_SOON = re.compile(r"retry ?(?:delay|in|after)|per[ -]?minute|per[ -]?second|try again in", re.IGNORECASE)
_TOO_LONG = re.compile(
    r"context_length_exceeded|context[ _-]?(?:length|window|size|limit)|prompt is too long|input is too long"
    r"|maximum (?:context|input|prompt)|too many (?:input )?tokens|reduce the length",
    re.IGNORECASE,
)
_FILTERED = re.compile(
    r"content[_ ]?filter|content[_ ]?policy|content management policy|responsibleai|invalid_prompt|usage policy",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Server:
    """A server as error messages name it; ``key_name`` is the environment variable of its key."""

    model: str
    url: str
    key_name: str
    key: str = field(default="", repr=False)


@dataclass(frozen=True)
class Failure:
    """A failed request: HTTP status, the server's message and code, and its Retry-After in seconds."""

    status: int
    message: str
    code: str = ""
    retry_after: float | None = None


def address(model: str, base_url: str | None) -> str | None:
    """``base_url``, or the environment variable that the provider's SDK reads, or None."""
    return base_url or os.environ.get(_URL_NAMES.get(model.partition("/")[0], "")) or None


def server_at(model: str, *, base_url: str | None, host: str, key_name: str, api_key: str | None) -> Server:
    """The server of ``model``: at ``base_url`` or the provider's ``host``, with ``api_key`` or the key in ``key_name``.

    Without a key, a server at a ``base_url`` is sent a placeholder.

    Raises:
        ConfigError: a missing or malformed key, or a ``base_url`` that is invalid or holds a secret.
    """
    url = (base_url or host).rstrip("/")
    if "@" in url or "?" in url:
        # Messages and run.json show the URL.
        raise ConfigError(f"the base URL of {model} holds a password or a query: give the key in {key_name} instead")
    if not is_address(url):
        raise ConfigError(f"the base URL {url} is not valid: write it as http://HOST:PORT/v1")
    key = (api_key or os.environ.get(key_name) or "").strip()
    if not key and not base_url:
        raise ConfigError(
            f"{model} needs a key and {key_name} is not set: set it, or give --base-url for a server without a key"
        )
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(f"the key in {key_name} has characters that are not allowed in a key: copy it again")
    return Server(model, url, key_name, key or NO_KEY)


def is_address(url: str) -> bool:
    """Whether ``url`` is an http or https URL with a valid host and, if any, a valid port."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").encode("idna")
        return parts.scheme in ("http", "https") and bool(host) and parts.port != 0
    except ValueError:
        return False


def no_model(model: str) -> ConfigError:
    """The error for an unknown model string."""
    return ConfigError(
        f"unknown model {model!r}: write offline, openai/NAME, anthropic/NAME, a LiteLLM model as PROVIDER/NAME, or"
        " PACKAGE.MODULE:FUNCTION"
    )


def failure(status: int, body: bytes, headers: Mapping[str, str]) -> Failure:
    """The failure in an HTTP answer: JSON in any of the usual shapes, plain text, or HTML."""
    text = body[:MAX_ERROR_CHARS].decode("utf-8", "replace")
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Failure(status, _TAG.sub(" ", text), retry_after=retry_after(headers))
    inner = value.get("error", value) if isinstance(value, dict) else value
    if not isinstance(inner, dict):
        return Failure(status, str(inner)[:MAX_ERROR_CHARS], retry_after=retry_after(headers))
    message = inner.get("message") or inner.get("detail") or text
    code = " ".join(str(inner[name])[:MAX_QUOTE_CHARS] for name in ("type", "code", "param") if inner.get(name))
    return Failure(status, str(message)[:MAX_ERROR_CHARS], code, retry_after(headers))


def error(server: Server, failed: Failure) -> PersonagenError:
    """The error for a failed request: it stops the run, gives up this reply, or permits a retry.

    The order matters: providers report missing credit and long prompts under several statuses.
    """
    status, words = failed.status, f"{failed.code} {failed.message}"
    reason = quoted(server, failed.message)
    what = f"{server.model} at {server.url} answered HTTP {status}"
    if status == 402 or (status in (400, 403, 429) and _out_of_credit(failed, words)):
        return BudgetError(
            f"{what}: the account is out of credit or quota: {reason}; top it up and run the same command again"
        )
    if status in (401, 403):
        return ConfigError(
            f"{what}: the key in {server.key_name} is refused: {reason}; set {server.key_name} to a valid key"
        )
    if status == 404:
        return ConfigError(f"{what}: no such model or path: {reason}; check the model's name and --base-url")
    if status in (408, 409, 425, 429) or status >= 500:
        return ServerError(f"{what}: {reason}", status=status, retry_after=failed.retry_after)
    if status in (400, 413, 422) and _TOO_LONG.search(words):
        return ReplyError(f"the conversation is too long for {server.model}: {reason}")
    if status in (400, 422) and _FILTERED.search(words):
        return ReplyError(f"{server.model} refuses the prompt: {reason}")
    if 300 <= status < 400:
        return ConfigError(f"{what}: it redirects requests; give the final URL as --base-url")
    return ConfigError(f"{what}: {reason}; change the setting it names")


def is_cut_off(problem: BaseException) -> bool:
    """Whether a refused or lost connection or a timeout caused ``problem``."""
    return any(isinstance(cause, (ConnectionError, TimeoutError, socket.gaierror)) for cause in _causes(problem))


def unreachable(server: Server, problem: BaseException) -> ServerError:
    """The error for a request without an answer: connection refused, unknown host, timeout."""
    for cause in _causes(problem):
        if isinstance(cause, ConnectionRefusedError):
            return ServerError(f"nothing listens at {server.url}: start the server, or correct --base-url")
        if isinstance(cause, socket.gaierror):
            return ServerError(f"the host of {server.url} can't be found: check the network, or correct --base-url")
    name = type(problem).__name__
    if isinstance(problem, TimeoutError) or "timeout" in name.lower():
        return ServerError(f"{server.model} at {server.url} gave no answer in time", status=408)
    reason = quoted(server, str(next((c for c in reversed(list(_causes(problem))) if str(c)), name)))
    return ServerError(f"the connection to {server.url} failed: {reason}")


def garbled(server: Server, body: object) -> ServerError:
    """The error for a successful answer that violates the protocol."""
    shown = quoted(server, _TAG.sub(" ", str(body)[:MAX_ERROR_CHARS]))
    problem = ServerError(f"{server.model} at {server.url} sent an answer that is not a completion: {shown}")
    problem.billed = True
    return problem


def whole(server: Server, answer: Completion) -> Completion:
    """``answer``, unless its provider broke it off.

    Raises:
        ServerError: it did.
    """
    if answer.finish_reason != "error":
        return answer
    problem = ServerError(f"{server.model} at {server.url} broke its reply off: the provider reports an error")
    problem.billed = True
    raise problem


def too_large(server: Server, limit: int) -> ReplyError:
    """The error for an answer of more than ``limit`` bytes; a retry would be billed again."""
    problem = ReplyError(
        f"the answer of {server.model} at {server.url} exceeds {limit >> 20} MB and was cut off:"
        " lower max_tokens in the prompt file, or check that --base-url is right"
    )
    problem.billed = True
    return problem


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The wait in seconds in ``retry-after-ms`` or ``retry-after`` (seconds or an HTTP date), or None.

    ``now`` is in seconds since 1970.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        if (value := headers.get(name)) is None:
            continue
        try:
            wait = float(value) * unit
        except ValueError:
            with suppress(ValueError, OverflowError):
                return max(0.0, parsedate_to_datetime(value).timestamp() - (time.time() if now is None else now))
            continue
        if math.isfinite(wait):
            return max(0.0, wait)
    return None


def quoted(server: Server, text: str) -> str:
    """``text`` on one line, without keys, cut to ``MAX_QUOTE_CHARS`` characters."""
    short = " ".join(text[:MAX_ERROR_CHARS].split())[: 4 * MAX_QUOTE_CHARS]
    line = " ".join(scrubbed(short, secrets(server.key)).split()).rstrip(".")
    return line if len(line) <= MAX_QUOTE_CHARS else f"{line[:MAX_QUOTE_CHARS]}..."


def _out_of_credit(failed: Failure, words: str) -> bool:
    # Gemini also calls a limit per minute a quota, but with a time to retry.
    later = failed.retry_after is not None or _SOON.search(words)
    return "insufficient_quota" in words or bool(_CREDIT.search(words) and not later)


def _causes(problem: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = problem
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__
