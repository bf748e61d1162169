"""The author of the offline cast: invents profiles and personalities, with occasional slips (``slips``)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from random import Random
from typing import Any

import orjson

from personagen.offline.author import brief, character, prose, slips
from personagen.records import Kind

# The name of a kind's items, how a description of it is invented, and how that is written as a text with its items.
_WAYS: dict[Kind, tuple[str, Any, Any]] = {
    "profile": ("facts", prose.invented, prose.profile),
    "personality": ("traits", character.invented, character.personality),
}
_BRIEF_WAYS: dict[Kind, tuple[str, Any, Any]] = {
    "profile": ("facts", brief.invented, brief.profile),
    "personality": ("traits", character.invented, brief.personality),
}


def profiles(inputs: Mapping[str, Any], rng: Random) -> str:
    """``count`` invented profiles as JSON for the prompt ``author/profiles``; only slips use the ``examples``."""
    return _reply("profile", inputs, rng)


def personalities(inputs: Mapping[str, Any], rng: Random) -> str:
    """``count`` invented personalities as JSON for the prompt ``author/personalities``."""
    return _reply("personality", inputs, rng)


def _reply(kind: Kind, inputs: Mapping[str, Any], rng: Random) -> str:
    form = inputs.get("form")
    items, invent, write = (_BRIEF_WAYS if brief.is_brief(form) else _WAYS)[kind]
    if brief.is_brief(form):
        write = partial(write, form=form)
    earlier: list[Any] = []
    written = []
    drawn = [*inputs.get("draws", ())]
    for slot in range(inputs["count"]):
        slip = slips.drawn(rng)
        found = slips.repeated(inputs["examples"], rng, kind) if slip == "repeated" else None
        if found is None:
            again = slip == "reworded" and earlier
            earlier.append(rng.choice(earlier) if again else invent(rng, drawn[slot] if slot < len(drawn) else {}))
            found = write(earlier[-1], rng, short=slip == "short")
        text, listed = found
        if slip == "mixed":
            text = slips.mixed(text, rng, kind)
        elif slip == "listed":
            text = slips.listed(text, rng)
        written.append({"text": text, items: listed})
    return orjson.dumps({"descriptions": written}).decode()
