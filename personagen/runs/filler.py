"""Filler: replies without meaning, of the usual form and length, for a rehearsal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from personagen.call import Call


def filler(call: Call, size: float, number: int) -> str:
    """The reply with this ``number``, which tells it from others; a text in it has about ``size`` bytes.

    Two messages in three tell the observer something.
    """
    words = f"word {number} "
    text = words * max(1, round(size / len(words)))
    reply: dict[str, Any]
    match call.prompt:
        case "observer/infer":
            said = [message.content[:40] for message in call.inputs["conversation"] if message.role == "user"]
            told = [quote for at, quote in enumerate(said) if at % 3]
            reply = {"inferences": [{"fact": f"They say: {q}", "quote": q, "kind": "profile"} for q in told]}
        case "judge/prefer":
            ranked = sorted(call.inputs["replies"], key=lambda one: one["text"])
            reply = {"reason": "It suits them.", "ranking": [one["label"] for one in ranked], "tie": False}
        case "author/profiles" | "author/personalities":
            reply = {"descriptions": [{"text": text}] * call.inputs["count"]}
        case _:
            if call.schema is None:
                return text
            reply = _example(call.schema)
    return orjson.dumps(reply).decode()


def _example(schema: Mapping[str, Any]) -> Any:
    """A small value that follows ``schema``."""
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: _example(inner) for name, inner in schema.get("properties", {}).items()}
    if kind == "array":
        return [_example(schema.get("items", {}))]
    return {"integer": 1, "number": 1.0, "boolean": False}.get(str(kind), "word")
