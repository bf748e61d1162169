"""The author of the offline cast: invents profiles and personalities, with occasional slips (``slips``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random
from typing import Any, TypeVar

import orjson

from personagen.offline.author import prose, slips
from personagen.records import Kind

T = TypeVar("T")


def profiles(inputs: Mapping[str, Any], rng: Random) -> str:
    """``count`` invented profiles as JSON for the prompt ``author/profiles``.

    ``inputs`` holds ``examples`` and ``count``; only the slips use the examples.
    """
    return _reply("profile", "facts", prose.invented, prose.profile, inputs, rng)


def personalities(inputs: Mapping[str, Any], rng: Random) -> str:
    """``count`` invented personalities as JSON for the prompt ``author/personalities``."""
    return _reply("personality", "traits", prose.traits, prose.personality, inputs, rng)


def _reply(
    kind: Kind,
    items: str,
    invent: Callable[[Random], T],
    write: Callable[[T, Random, bool], tuple[str, list[str]]],
    inputs: Mapping[str, Any],
    rng: Random,
) -> str:
    """The reply of one kind: each description is invented, then written as a text with its facts or traits."""
    earlier: list[T] = []
    written = []
    for _ in range(inputs["count"]):
        slip = slips.drawn(rng)
        found = slips.repeated(inputs["examples"], rng, kind) if slip == "repeated" else None
        if found is None:
            again = slip == "reworded" and earlier
            earlier.append(rng.choice(earlier) if again else invent(rng))
            found = write(earlier[-1], rng, slip == "short")
        text, listed = found
        if slip == "mixed":
            text = slips.mixed(text, rng, kind)
        elif slip == "listed":
            text = slips.listed(text, rng)
        written.append({"text": text, items: listed})
    return orjson.dumps({"descriptions": written}).decode()
