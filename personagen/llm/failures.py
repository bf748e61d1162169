"""What a server says went wrong, found in its answer: JSON in many shapes, plain text, HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import orjson

from personagen.llm import words
from personagen.llm.limits.headers import retry_after, wait_in

MAX_ERROR_CHARS = 8000  # pattern search in megabytes would take hours
MAX_DEPTH = 5  # of nested error messages, and of messages in a list
MAX_CODE_CHARS = 300
_CODES = ("type", "__type", "code", "param")
_MESSAGES = ("message", "detail", "error", "msg", "errors", "error_msg", "status_msg", "base_resp")
_QUOTA_ID = re.compile(r'"quotaId": *"(\w{1,80})"')  # where Gemini says whether it is a day's or a minute's
TAG = re.compile(r"<(?:script|style)\b.*?</(?:script|style)>|<[^<>]*>", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Failure:
    """A failed request: HTTP status, the server's message and code, and its Retry-After in seconds.

    ``reply`` is what the model said, where the server checked it and did not let it through.
    """

    status: int
    message: str
    code: str = ""
    retry_after: float | None = None
    reply: str = ""


def failure(status: int, body: bytes, headers: Mapping[str, str]) -> Failure:
    """The failure in an HTTP answer: JSON in any of the usual shapes, plain text, or HTML."""
    text = body[:MAX_ERROR_CHARS].decode("utf-8", "replace")
    wait = retry_after(headers)
    wait = wait_in(text) if wait is None else wait
    try:
        value: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        return Failure(status, TAG.sub(" ", text), retry_after=wait)
    value = value[0] if isinstance(value, list) and len(value) == 1 else value
    inner = value.get("error", value) if isinstance(value, dict) else value
    inner = inner if isinstance(inner, dict) else {"message": inner}
    code = " ".join(str(inner[name])[:MAX_CODE_CHARS] for name in _CODES if inner.get(name))
    code += "".join(f" {name}" for name in _QUOTA_ID.findall(text))
    reply = inner.get("failed_generation")
    message = (message_in(inner) or text)[:MAX_ERROR_CHARS]
    return Failure(status, message, code, wait, reply if isinstance(reply, str) else "")


def failure_within(problem: Any, code: Any = None) -> Failure:
    """The failure ``problem`` that a server reports with status 200, with the status in its ``code`` or its words."""
    status = str((problem.get("code") if isinstance(problem, dict) else None) or code)
    found = failure(502, orjson.dumps({"error": problem}), {})
    if status.isdecimal() and 400 <= int(status) < 600:
        return replace(found, status=int(status))
    text = f"{found.code} {found.message}"
    return replace(found, status=next((meant for meant, said in words.STATUSES if said.search(text)), 502))


def message_in(value: Any, depth: int = 0) -> str:
    """The message in the JSON of an error; of a failed validation each place, without the input it repeats.

    A gateway passes the message of the server behind it on, and that says more than its own.
    """
    if isinstance(value, list) and depth < MAX_DEPTH:
        return "; ".join(message_in(entry, depth + 1) for entry in value[:MAX_DEPTH])
    if not isinstance(value, dict):
        text = "" if value is None else str(value)
        if depth < MAX_DEPTH and text.startswith(("{", "[")):
            with suppress(orjson.JSONDecodeError):
                return message_in(orjson.loads(text), depth + 1) or text
        return text
    if isinstance(value.get("loc"), list):
        return f"{'.'.join(map(str, value['loc']))}: {value.get('msg', '')} ({value.get('type', '')})"
    behind = value.get("metadata")
    places = [behind["raw"]] if isinstance(behind, dict) and behind.get("raw") else []
    places += [value[name] for name in _MESSAGES if value.get(name)]
    return message_in(places[0], depth + 1) if places and depth < MAX_DEPTH else ""
