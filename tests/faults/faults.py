"""Every way in which a server of models goes wrong, by name.

Those in ``PASSING`` and ``HARMLESS`` cost a run nothing but time: it ends with the same bytes. After one of ``SPOILT``
the question is asked again, as another sample. ``FINAL`` ends the run, or the conversation.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from email.utils import formatdate
from functools import partial
from random import Random
from typing import Any

import orjson

from tests.servers import Connection, Request, Server, serving
from tests.servers.actor import actor
from tests.servers.http import Fault

Choose = Callable[[Request], str | None]
HUGE = 100 << 20
PAGE = b"<!doctype html><html><head><style>b{}</style></head><body><h1>Welcome to the portal</h1></body></html>"
RATE = "Rate limit reached: 60 requests per minute"
WAITS: dict[str, Callable[[], dict[str, str]]] = {
    "seconds": lambda: {"Retry-After": "1"},
    "fraction": lambda: {"Retry-After": "0.3"},
    "ms": lambda: {"retry-after-ms": "200", "Retry-After": "60"},
    "date": lambda: {"Retry-After": formatdate(time.time() + 1, usegmt=True)},
    "past": lambda: {"Retry-After": formatdate(time.time() - 3600, usegmt=True)},
    "negative": lambda: {"Retry-After": "-7"},
    "garbage": lambda: {"Retry-After": "in a while"},
    "none": dict,
    "absurd": lambda: {"Retry-After": "31536000000"},
}
KEY_WORDS = "Incorrect API key provided: {key}. You can find your API key at https://provider.example"


async def _status(
    status: int, words: str, code: str, headers: Callable[[], dict[str, str]], connection: Connection
) -> None:
    told = {**connection.request.headers}
    key = told.get("x-api-key") or told.get("authorization", "").removeprefix("Bearer ")
    error = {"message": words.replace("{key}", key), "type": code or "invalid_request_error", "code": code or None}
    await connection.send(status, {"type": "error", "error": error}, headers())


def status(number: int, words: str, code: str = "", headers: Callable[[], dict[str, str]] = dict) -> Fault:
    """An answer with this HTTP status; ``{key}`` in its words is the key it was sent."""
    return partial(_status, number, words, code, headers)


async def _refused(connection: Connection) -> None:
    connection.server.shut(0.2)
    connection.reset()


async def _reset_before(connection: Connection) -> None:
    connection.reset()


async def _reset_inside(connection: Connection) -> None:
    body = orjson.dumps(connection.good())
    await connection.send(200, body[: len(body) // 2], size=len(body))
    connection.reset()


async def _drip(connection: Connection) -> None:
    body = orjson.dumps(connection.good())
    await connection.send(200, b"", size=len(body))
    for at in range(len(body)):
        await connection.write(body[at : at + 1])
        await asyncio.sleep(0.05)


async def _silence(connection: Connection) -> None:
    await connection.lost.wait()


async def _longer(by: int, connection: Connection) -> None:
    """An answer whose head tells another length; it says no more after it."""
    body = orjson.dumps(connection.good())
    await connection.send(200, body, size=len(body) + by)
    connection.transport.close()


async def _page(connection: Connection) -> None:
    await connection.send(200, PAGE, {"Content-Type": "text/html"})


async def _noise(connection: Connection) -> None:
    await connection.write(b"\x16\x03\x01\x02\x00\x01\x00\xff\xfe\r\n\r\n" * 9)
    connection.transport.close()


async def _flipped(connection: Connection) -> None:
    """An answer of which a few bytes came out otherwise, its head included."""
    rng = Random(f"{connection.request.digest}/{connection.request.nth}")
    body = orjson.dumps(connection.good())
    raw = bytearray(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nx-left: 3\r\n\r\n" % len(body) + body)
    end = len(raw) if rng.random() < 0.5 else len(raw) - len(body)
    for _ in range(rng.randint(1, 4)):
        raw[rng.randrange(end)] = rng.randrange(256)
    await connection.write(bytes(raw))
    connection.transport.close()


async def _huge(connection: Connection) -> None:
    """An answer of 100 MB, whose text is most of it."""
    head, tail = orjson.dumps(said(connection.good(), "@")).split(b"@", 1)
    await connection.send(200, head, size=len(head) + len(tail) + HUGE)
    for _ in range(HUGE >> 20):
        await connection.write(b"a" * (1 << 20))
    await connection.write(tail)


async def _changed(change: Callable[[dict[str, Any]], Any], connection: Connection) -> None:
    changed = change(connection.good())
    await connection.send(200, changed)


def text_of(body: dict[str, Any]) -> str:
    """The text of a good answer, in either protocol."""
    return str(body["content"][-1]["text"] if "content" in body else body["choices"][0]["message"]["content"])


def said(body: dict[str, Any], text: Any) -> dict[str, Any]:
    """A good answer that says ``text`` instead."""
    if "content" in body:
        body["content"][-1]["text"] = text
    else:
        body["choices"][0]["message"]["content"] = text
    return body


def stopped(body: dict[str, Any], chat: str, message: str) -> dict[str, Any]:
    """A good answer that ended for another reason, as each protocol names it."""
    if "content" in body:
        body["stop_reason"] = message
    else:
        body["choices"][0]["finish_reason"] = chat
    return body


def _thought(body: dict[str, Any]) -> dict[str, Any]:
    if "content" in body:
        body["content"].insert(0, {"type": "thinking", "thinking": "Let me see.", "signature": "x"})
    else:
        body["choices"][0]["message"]["reasoning_content"] = "Let me see."
    return body


def _nothing(body: dict[str, Any]) -> dict[str, Any]:
    if "content" in body:
        body["content"] = None
    else:
        body["choices"][0]["message"]["content"] = None
    return body


def _in_text(change: Callable[[str], str], body: dict[str, Any]) -> dict[str, Any]:
    return said(body, change(text_of(body)))


def _if_json(change: Callable[[str], str], body: dict[str, Any]) -> dict[str, Any]:
    text = text_of(body)
    return said(body, change(text)) if text.startswith("{") else body


def _uncounted(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name != "usage"}


BUSY: dict[str, Fault] = {
    f"429 {name}": status(429, RATE, "rate_limit_exceeded", headers) for name, headers in WAITS.items()
}
PASSING: dict[str, Fault] = {
    **{name: fault for name, fault in BUSY.items() if name != "429 absurd"},
    **{str(number): status(number, "try again") for number in (408, 409, 500, 502, 503, 504)},
    "529": status(529, "Overloaded", "overloaded_error"),
    "503 wait": status(503, "loading", "", WAITS["fraction"]),
    "refused": _refused,
    "reset before": _reset_before,
    "reset inside": _reset_inside,
    "drip": _drip,
    "silence": _silence,
    "too long": partial(_longer, 64),
    "too short": partial(_longer, -64),
    "html": _page,
    "noise": _noise,
}
HARMLESS: dict[str, Fault] = {
    "no usage": partial(_changed, _uncounted),
    "thought": partial(_changed, _thought),
    "think tag": partial(_changed, partial(_in_text, "<think>{} </think>\n".__add__)),
    "nul": partial(_changed, partial(_in_text, lambda text: text[:9] + "\0" + text[9:])),
    "fenced": partial(_changed, partial(_if_json, "Here you are:\n```json\n{}\n```\nDone.".format)),
    "prose": partial(_changed, partial(_if_json, "Sure: {} I hope that helps.".format)),
}
SPOILT: dict[str, Fault] = {
    "empty": partial(_changed, partial(_in_text, lambda _: "")),
    "null": partial(_changed, _nothing),
    "truncated": partial(_changed, lambda body: stopped(_in_text(lambda t: t[:5], body), "length", "max_tokens")),
    "refusal": partial(_changed, lambda body: stopped(said(body, "I can't."), "content_filter", "refusal")),
    "endless thought": partial(_changed, partial(_in_text, "<think>Hm. ".__add__)),
}
FINAL: dict[str, Fault] = {
    "401": status(401, KEY_WORDS, "invalid_api_key"),
    "403": status(403, "Your key {key} may not use this model"),
    "404": status(404, "The model does not exist", "model_not_found"),
    "400 parameter": status(400, "Unsupported parameter: 'messages' is not supported with this model, key {key}"),
    "400 value": status(400, "temperature: must be at most 2", "invalid_value"),
    "400 context": status(400, "This model's maximum context length is 8192 tokens", "context_length_exceeded"),
    "429 credit": status(429, "You exceeded your current quota, check your plan and billing", "insufficient_quota"),
    "402 credit": status(402, "Insufficient Balance"),
    "400 credit": status(400, "Your credit balance is too low to access the API"),
    "huge": _huge,
}
FAULTS: dict[str, Fault] = {**BUSY, **PASSING, **HARMLESS, **SPOILT, **FINAL, "flipped": _flipped}


def seeded(seed: object, share: float, names: tuple[str, ...]) -> Choose:
    """One of ``names`` for this share of the requests; the same for the same request, whenever it comes."""

    def choose(request: Request) -> str | None:
        rng = Random(f"{seed}/{request.digest}/{request.nth}")
        return rng.choice(names) if rng.random() < share else None

    return choose


def faulty(choose: Choose = lambda _: None, delay: float = 0.0) -> AbstractContextManager[Server]:
    """A server that plays every agent after ``delay`` seconds, or does what ``choose`` names; its log says which."""
    times = Counter[str]()

    def misbehave(request: Request) -> Fault | None:
        times[request.digest] += 1
        request.nth = times[request.digest]
        request.fault = choose(request)
        return FAULTS[request.fault] if request.fault else None

    return serving(actor, misbehave=misbehave, delay=delay)


def billed(server: Server) -> Counter[str]:
    """How often each request was paid for, by its digest."""
    return Counter(request.digest for request in server.requests if request.billed)
