"""The cast in the probes of ``evaluate``: it lists what it inferred, and agrees with a known share of claims."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import orjson

from personagen.offline import observer
from personagen.offline.rater import LEARNS

AGREES = 0.3  # share of false claims that the cast agrees with
_YES, _NO = "Yes, that is right.", "No, I don't think that is right."


def recall(inputs: Mapping[str, Any], rng: Random, model: str) -> str:
    """``offline/learns`` lists what it inferred of the user, any other model of the cast nothing."""
    if model.partition("/")[2] != LEARNS:
        return "You have not told me anything about yourself that I kept."
    seen = orjson.loads(observer.infer({"conversation": inputs["conversation"], "earlier": []}, rng))
    listed = [f"- {one['fact']}" for one in seen["inferences"]]
    return "\n".join(listed) or "Nothing yet."


def confirm(inputs: Mapping[str, Any], rng: Random) -> str:  # noqa: ARG001
    """Agrees with ``AGREES`` of the claims."""
    return _YES if rng.random() < AGREES else _NO


def agrees(inputs: Mapping[str, Any], rng: Random) -> str:  # noqa: ARG001
    """The verdict as JSON: a reply that begins with yes agrees."""
    found = inputs["reply"].lower().startswith("yes")
    reason = "It confirms the claim." if found else "It does not confirm the claim."
    return orjson.dumps({"reason": reason, "agrees": found}).decode()
