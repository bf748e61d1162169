"""Translates server failures (HTTP status, wording, lost connections) to our errors, for every backend."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from personagen.errors import BudgetError, ConfigError, PersonagenError, ReplyError, ServerError
from personagen.llm import words
from personagen.llm.failures import MAX_ERROR_CHARS, TAG, Failure
from personagen.llm.redact import scrubbed, secrets
from personagen.records import Completion

MAX_QUOTE_CHARS = 300
NO_KEY = "none"
_URL_NAMES = {"openai": "OPENAI_BASE_URL", "anthropic": "ANTHROPIC_BASE_URL"}
OVERLOADED = 529  # Anthropic's
CONTEXT_STATUSES = (400, 413, 422, 500, 502)
_MAY_BE_RATE_LIMITS = (400, 403, 498, 500, 503)  # AWS and gateways refuse so
# 424: the model behind it failed. 498: Groq's, of its flexible capacity. 499: a proxy's, of a broken connection.
_TEMPORARY = (408, 409, 424, 425, 429, 498, 499)
LONG_WAIT_SECONDS = 3600.0  # no rate limit of a minute asks for it


@dataclass(frozen=True)
class Server:
    """A server as error messages name it; ``key_name`` is the environment variable of its key."""

    model: str
    url: str
    key_name: str
    key: str = field(default="", repr=False)


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


def error(server: Server, failed: Failure) -> PersonagenError:
    """The error for a failed request: it stops the run, gives up this reply, or permits a retry.

    The order matters: providers report missing credit and long prompts under several statuses.
    """
    status, text = failed.status, f"{failed.code} {failed.message}"
    reason = quoted(server, failed.message) or "no message"
    what = f"{server.model} at {server.url} answered HTTP {status}"
    if paid := _quota(failed, text, what, reason):
        return paid
    if status < 500 and words.CUT_OFF.search(text):
        why = f"the reply of {server.model} was cut off: {reason}"
        return ReplyError(why, cause="length", text=failed.reply, finish_reason="length")
    if status < 500 and words.NOT_JSON.search(text):
        why = f"{server.model} wrote no valid JSON: {reason}"
        return ReplyError(why, cause="json", text=failed.reply, finish_reason="stop")
    if _is_filtered(status, text):
        return ReplyError(f"{server.model} refuses the prompt: {reason}", cause="refusal")
    if status in _MAY_BE_RATE_LIMITS and words.THROTTLED.search(text):
        return ServerError(f"{what}: {reason}", status=429, retry_after=failed.retry_after)
    if status in (401, 403) and words.NO_ACCESS.search(text):
        return ConfigError(f"{what}: no access to the model: {reason}; check its name, or have it enabled")
    if status in (401, 403) or (status == 400 and words.BAD_KEY.search(text)):
        return ConfigError(
            f"{what}: the key in {server.key_name} is refused: {reason}; set {server.key_name} to a valid key"
        )
    if status in CONTEXT_STATUSES and words.TOO_LONG.search(text):
        problem = ReplyError(f"the prompt is too long for {server.model}: {reason}; serve it with more context")
        problem.cause = "context"
        return problem
    if words.CERTIFICATE.search(text):
        return untrusted(server, reason)
    loads = words.LOADING.search(text) is not None and (500 <= status <= 504 or _is_still(status, text))
    unknown = words.NO_MODEL if status in (400, 422) else words.NO_CHANNEL if status == 503 else None
    if unknown and unknown.search(text) and not loads:
        return ConfigError(f"{what}: no such model: {reason}; check the model's name")
    if loads or status in _TEMPORARY or status >= 500 or _is_gateway(status, text):
        busy = ServerError(f"{what}: {reason}", status=status, retry_after=failed.retry_after)
        busy.away = reason if loads else ""
        busy.gateway = _is_gateway(status, text) and not loads
        return busy
    if status == 404:
        return ConfigError(f"{what}: no such model or path: {reason}; check the model's name and --base-url")
    if 300 <= status < 400:
        return ConfigError(f"{what}: it redirects requests; give the final URL as --base-url")
    return ConfigError(f"{what}: {reason}; change the setting it names")


def _quota(failed: Failure, text: str, what: str, reason: str) -> PersonagenError | None:
    """The error for what the account may not use at all, or not before the next day."""
    if failed.status in (413, 429) and _is_too_large(text):
        return ConfigError(
            f"{what}: a request needs more tokens than the account may use in a minute: {reason}; lower max_tokens in"
            " the prompt file, or have the limit raised"
        )
    if failed.status == 402 or (failed.status in (400, 401, 403, 412, 429) and _out_of_credit(failed, text)):
        return BudgetError(
            f"{what}: the account is out of credit or quota: {reason}; top it up and run the same command again"
        )
    long = words.LONG_QUOTA.search(text) and not words.SHORT_QUOTA.search(text)
    if failed.status == 429 and (long or (failed.retry_after or 0.0) > LONG_WAIT_SECONDS):
        return BudgetError(
            f"{what}: a quota of a day or longer is used up: {reason}; run the same command again when it is renewed,"
            " or have it raised"
        )
    return None


def _is_filtered(status: int, text: str) -> bool:
    if not words.FILTERED.search(text):
        return False
    of_the_account = not words.SAID.search(text) or words.ACCOUNT.search(text)
    return status in (400, 422, 451) or (status == 403 and not of_the_account)


def _is_still(status: int, text: str) -> bool:
    """Whether a server that answers for a model says that it is not there yet."""
    return status in (400, 404, 424) and words.STILL.search(text) is not None


def _is_gateway(status: int, text: str) -> bool:
    """Whether a server in front says, in whatever words, that there is none behind it."""
    if words.BUSY.search(text):
        return False
    of_a_gateway = 502 <= status <= 504 or (520 <= status <= 530 and status != OVERLOADED)
    of_a_gateway = of_a_gateway or (status == 404 and words.TUNNEL.search(text) is not None)
    of_a_gateway = of_a_gateway or (status in (500, 501) and words.GATEWAY.search(text) is not None)
    return of_a_gateway or (status in (400, 424, 500, 501) and words.DIED.search(text) is not None)


def untrusted(server: Server, reason: str) -> ConfigError:
    """The error for a certificate that is not trusted."""
    return ConfigError(
        f"the certificate of {server.url} is not trusted: {reason}; set SSL_CERT_FILE to a PEM file with the"
        " certificate of its authority"
    )


def garbled(server: Server, body: object) -> ServerError:
    """The error for a successful answer that violates the protocol."""
    shown = quoted(server, TAG.sub(" ", str(body)[:MAX_ERROR_CHARS]))
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


def quoted(server: Server, text: str) -> str:
    """``text`` on one line, without keys, cut to ``MAX_QUOTE_CHARS`` characters."""
    short = " ".join(text[:MAX_ERROR_CHARS].split())[: 4 * MAX_QUOTE_CHARS]
    line = " ".join(scrubbed(short, secrets(server.key)).split()).rstrip(".")
    return line if len(line) <= MAX_QUOTE_CHARS else f"{line[:MAX_QUOTE_CHARS]}..."


def _out_of_credit(failed: Failure, text: str) -> bool:
    # Gemini also calls a limit per minute a quota, but with a time to retry.
    later = failed.retry_after is not None or words.SOON.search(text)
    return "insufficient_quota" in text or bool(words.CREDIT.search(text) and not later)


def _is_too_large(text: str) -> bool:
    plain = re.sub(r"(?<=\d),(?=\d)", "", text)
    granted, requested = (
        [int(n) for found in pattern.finditer(plain) for n in found.groups() if n]
        for pattern in (words.GRANTED, words.REQUESTED)
    )
    if granted and requested and words.TOKENS.search(plain):
        return max(requested) > max(granted)
    return words.TOO_LARGE_FOR_ACCOUNT.search(plain) is not None
