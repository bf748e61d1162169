"""Replies as no model should give them: what happens to a good text, then to the body it comes in, by name."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

import orjson

from tests.faults.faults import PAGE, said, stopped, text_of

Spoil = Callable[[str, Random], str]
Wrap = Callable[[dict[str, Any], Random], bytes]
DEEP = "[" * 100_000 + "]" * 100_000
DIGITS = "9" * 5000
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    12.5,
    1e300,
    2**63,
    "",
    "12",
    [],
    {},
    [[]],
    {"a": {"b": None}},
    "\0",
    "x" * 99,
)


def _at_a_colon(text: str, rng: Random, put: str) -> str:
    """``put`` in place of the value after one of the colons."""
    places = [i for i, c in enumerate(text) if c == ":"]
    if not places:
        return f"{text} {put}"
    at = rng.choice(places) + 1
    end = min((i for i in (text.find(c, at) for c in ",}]") if i >= 0), default=len(text))
    return text[:at] + put + text[end:]


def _inside(text: str, rng: Random, put: str) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + put + text[at:]


def _other_value(text: str, rng: Random) -> str:
    """Valid JSON in which one value became another."""
    if not text.startswith("{"):
        return repr(rng.choice(ODD))
    value = orjson.loads(text)
    _replace(value, rng, rng.choice(ODD))
    return orjson.dumps(value).decode()


def _replace(value: Any, rng: Random, by: Any) -> None:
    """Puts ``by`` somewhere into nested lists and objects, or takes something out where it is None, now and then."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = rng.choice(keys)
        if isinstance(value[key], dict | list) and value[key] and rng.random() < 0.7:
            value = value[key]
            continue
        if by is None and rng.random() < 0.5:
            del value[key]
        else:
            value[key] = by
        return


TEXTS: dict[str, Spoil] = {
    "fenced": lambda t, r: f"```json\n{t}\n```",
    "fence in prose": lambda t, r: f"Of course.\n\n```\n{t}\n```\nAnything else?",
    "open fence": lambda t, r: f"```json\n{t}",
    "prose around": lambda t, r: f"Here is my answer: {t} Let me know.",
    "braces in prose": lambda t, r: f"{{sure}} {t} {{done}}",
    "two objects": lambda t, r: f"{t}\n{t}",
    "cut": lambda t, r: t[: r.randrange(len(t))],
    "single quotes": lambda t, r: t.replace('"', "'"),
    "comma at the end": lambda t, r: t.replace("}", ",}"),
    "comment": lambda t, r: t.replace("{", "{ // as asked\n", 1),
    "nested": lambda t, r: _at_a_colon(t, r, DEEP),
    "nested and cut": lambda t, r: '{"a":' * 100_000,
    "digits": lambda t, r: _at_a_colon(t, r, DIGITS),
    "nan": lambda t, r: _at_a_colon(t, r, r.choice(["NaN", "Infinity", "-Infinity", "1e999", "nan"])),
    "duplicate keys": lambda t, r: f"{t[:-1]},{t[1:]}" if t.startswith("{") else t * 2,
    "lone surrogate": lambda t, r: _inside(t, r, "\ud83d"),
    "escaped surrogate": lambda t, r: _inside(t, r, r.choice([r"\ud83d", r"\udc00\ud800", r"\ud83d\u0041"])),
    "nul": lambda t, r: _inside(t, r, "\0"),
    "escaped nul": lambda t, r: _inside(t, r, r"\u0000"),
    "other controls": lambda t, r: _inside(t, r, "\x1b[31m\x07\x9b"),
    "line separator": lambda t, r: _inside(t, r, "\u2028\u2029\x85"),
    "line feeds": lambda t, r: _inside(t, r, "\n\r\n"),
    "another value": _other_value,
    "list": lambda t, r: f"[{t}]",
    "text in json": lambda t, r: orjson.dumps({"content": t}).decode(),
    "thought": lambda t, r: f"<think>\n{t[::-1]}\n</think>\n\n{t}",
    "endless thought": lambda t, r: f"<think>\n{t}",
    "end of a thought": lambda t, r: f"{t[::-1]}</think>{t}",
    "only a thought": lambda t, r: f"<think>{t}</think>",
    "label": lambda t, r: r.choice(["User: ", "**Assistant:** ", "Human:", "AI: ", "\n\nassistant :"]) + t,
    "blank": lambda t, r: r.choice(["", " ", "\n\n", "\u200b", "\0", "```", "```\n```", "{}", "{", "null"]),
    "blank lines": lambda t, r: "```" + "\n" * 150_000,
    "stars": lambda t, r: "*" * 150_000,
    "thoughts": lambda t, r: "<think>" * 20_000,
    "ends of thoughts": lambda t, r: "</think>" * 20_000,
    "stop tokens": lambda t, r: r.choice(["</s>", "<|im_end|> "]) * 20_000 + r.choice(["", "x"]),
    "boxes": lambda t, r: "<box>" * 20_000,
    "braces": lambda t, r: r.choice("{}[") * 150_000,
    "backslashes": lambda t, r: '{"a": "' + "\\" * 150_001 + '"}',
    "too long": lambda t, r: t + "a" * 200_000,
    "page": lambda t, r: PAGE.decode(),
    "untouched": lambda t, r: t,
}


def _raw(value: Any) -> bytes:
    """``value`` as JSON, also where it holds half a character."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def _put(body: dict[str, Any], rng: Random, *path: Any, by: Any) -> bytes:
    """``by`` at the first of ``path`` that the body has; ``by`` may be JSON text that no value gives."""
    for name in path:
        if name in body:
            mark = "a mark that stands nowhere else"
            return _raw(body | {name: mark}).replace(orjson.dumps(mark), by.encode())
    return _raw(body)


def _another_value(body: dict[str, Any], rng: Random) -> bytes:
    _replace(body, rng, rng.choice(ODD))
    return _raw(body)


def _counted(body: dict[str, Any], rng: Random) -> bytes:
    name = rng.choice(list(body["usage"]))
    return _put(body["usage"], rng, name, by=rng.choice([DIGITS, "-5", '"12"', "true", "NaN", "12.0", "0", "[]"]))


def _flipped(body: dict[str, Any], rng: Random) -> bytes:
    raw = bytearray(_raw(body))
    for _ in range(rng.randint(1, 3)):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    return bytes(raw)


def _with_usage(body: dict[str, Any], rng: Random) -> bytes:
    return _put(body, rng, "usage", by=_counted(body, rng).decode())


BODIES: dict[str, Wrap] = {
    "cut": lambda b, r: (raw := _raw(b))[: r.randrange(len(raw))],
    "bytes changed": _flipped,
    "more after it": lambda b, r: _raw(b) + r.choice([b"}", b"\n\n", b"\0", b"data: [DONE]"]),
    "twice": lambda b, r: _raw(b) * 2,
    "byte order mark": lambda b, r: b"\xef\xbb\xbf" + _raw(b),
    "latin-1": lambda b, r: _raw(said(b, text_of(b) + "[e]")).replace(b"[e]", b"\xe9"),
    "another value": _another_value,
    "usage": _with_usage,
    "no usage": lambda b, r: _put(b, r, "usage", by=r.choice(["null", "[]", "7", '"many"', "{}"])),
    "how it ended": lambda b, r: _raw(stopped(b, *[r.choice([None, 7, [], {"a": 1}, "", "x" * 999])] * 2)),
    "reason": lambda b, r: _raw(
        stopped(b, r.choice(["length", "content_filter", "tool_calls"]), r.choice(["max_tokens", "refusal"]))
    ),
    "content": lambda b, r: _raw(said(b, r.choice([None, 7, [], {}, [{"type": "text", "text": "a"}], [[]]]))),
    "model": lambda b, r: _put(b, r, "model", by=r.choice(["null", "7", "[]", r'"\ud800"', '"a\\u0000"'])),
    "nested": lambda b, r: _put(b, r, "choices", "content", by=DEEP),
    "nested beside": lambda b, r: _put(b, r, "id", by=DEEP),
    "digits": lambda b, r: _put(b, r, "created", "id", by=DIGITS),
    "nan": lambda b, r: _put(b, r, "created", "id", by="NaN"),
    "duplicate keys": lambda b, r: _raw(b)[:-1] + b"," + _raw(b)[1:],
    "not json": lambda b, r: r.choice([b"", b"\0", b"null", b"[]", b"7", b'"x"', b"{}", b"{", PAGE, b"\xff\xfe"]),
    "an error": lambda b, r: _raw({"error": r.choice([{"message": "no", "code": 503}, "no", ["no"], 7, {}])}),
    "a page of tags": lambda b, r: b"<" * 300_000 + b"<script " * 30_000,
    "stars": lambda b, r: b"*" * 300_000,
    "untouched": lambda b, r: _raw(b),
}
