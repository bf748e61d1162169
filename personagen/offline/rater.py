"""The cast's judge of single replies, and its models under test: one that learns and one that ignores the user."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import orjson

from personagen.offline import assistant, observer
from personagen.offline.circumstances import circumstances_of
from personagen.offline.facts import spoken
from personagen.offline.findings import Finding, findings
from personagen.offline.style import axes_cued, axes_of, leading
from personagen.personas.english.text import facts_of
from personagen.personas.traits import traits_of

LEARNS = "learns"  # offline/learns
_STYLE = {"length", "likes", "dislikes", "familiar", "recites"}
_CONTENT = {"facts", "misfit", "overreach", "leak", "presumes"}
_STEP = 0.3  # of worth to a point of a criterion
# Points of the score by worth: replies of the cast get less relevant as a topic is used up, which would look like a
# model that forgets its user.
_PERSONAL, _GENERAL = 3.5, 0.4
_SPREAD = 0.25  # of a judge's mood, in points


def rate(inputs: Mapping[str, Any], rng: Random) -> str:
    """The scores as JSON: what the ground truth finds in the reply for this person, with a judge's small whims."""
    facts = tuple(inputs["facts"]) or facts_of(inputs["profile"])
    traits = tuple(inputs["traits"]) or traits_of(inputs["personality"])
    found = findings(traits, facts, tuple(inputs["conversation"]), inputs["reply"])
    style = _sum(found, lambda f: f.personal and f.name in _STYLE)
    content = _sum(found, lambda f: f.name in _CONTENT)
    quality = _sum(found, lambda f: not f.personal and f.name not in _CONTENT)
    score = 3 + _PERSONAL * (style + content) + _GENERAL * (quality - 0.5) + rng.gauss(0, _SPREAD)
    marks = {
        "style": _mark(3 + style / _STEP),
        "content": _mark(3 + content / _STEP),
        "quality": _mark(3 + (quality - 0.5) / _STEP),
        "score": _mark(score),
    }
    best = max((f for f in found if f.personal), key=lambda f: abs(f.worth), default=None)
    reason = f"What counts most is {best.about or best.name}." if best else "It would suit anybody as well."
    return orjson.dumps({"reason": reason, **marks}).decode()


def bare(inputs: Mapping[str, Any], rng: Random, model: str) -> str:
    """A model under test without a hint: ``offline/learns`` infers from the conversation, any other ignores it."""
    if model.partition("/")[2] != LEARNS:
        return assistant.plain(inputs, rng)
    seen = orjson.loads(observer.infer({"conversation": inputs["conversation"], "earlier": []}, rng))
    return assistant.aware({**inputs, "inferences": [one["fact"] for one in seen["inferences"]]}, rng)


def informed(inputs: Mapping[str, Any], rng: Random) -> str:
    """A model that knows a persona: it suits these traits, and of the facts it uses those that the user let show."""
    said = [one for message in inputs["conversation"] if message.role == "user" for one in spoken(message.content)]
    shown = {axis for one in said for axis in axes_cued(one)}
    revealed = {name for one in said for name in circumstances_of(one)}
    traits = traits_of(inputs["personality"])
    shown &= set(axes_of(traits))  # those of somebody else are no sign of how this person is
    akin = {axis: trait for trait in reversed(traits) for axis in axes_of((trait,))}
    facts = [fact for fact in facts_of(inputs["profile"]) if revealed & set(circumstances_of(fact))]
    return assistant.aware({**inputs, "inferences": [*(akin[axis] for axis in leading(traits, shown)), *facts]}, rng)


def _sum(found: tuple[Finding, ...], kept: Any) -> float:
    return sum(f.worth for f in found if kept(f))


def _mark(value: float) -> int:
    return min(5, max(1, round(value)))
