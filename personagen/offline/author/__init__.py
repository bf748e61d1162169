"""The author of the offline cast: invents profiles and personalities, with occasional slips (``slips``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, Generic, TypeVar

import orjson

from personagen.offline.author import character, life, slips
from personagen.offline.author.grammar import pick
from personagen.offline.author.life import Life
from personagen.offline.author.prose import Statement, facts_of_life, profile
from personagen.records import Kind

T = TypeVar("T")


@dataclass(frozen=True)
class _Craft(Generic[T]):
    """How one kind is written: imagined, put into (text, items), varied, and shortened."""

    kind: Kind
    items: str
    imagine: Callable[[Random], T]
    tell: Callable[[T, Random], tuple[str, list[str]]]
    again: Callable[[T, Random], T]
    cut: Callable[[T, Random], T]


def _lived(rng: Random) -> tuple[Life, list[Statement]]:
    person = life.life(rng)
    return person, facts_of_life(person, rng)


_PROFILES = _Craft[
    tuple[Life, list[Statement]]
](
    kind="profile",
    items="facts",
    imagine=_lived,
    tell=lambda made, rng: profile(*made, rng),
    again=lambda made, rng: made,  # noqa: ARG005
    cut=lambda made, rng: (made[0], made[1][: rng.randint(1, 4)]),
)
_PERSONALITIES = _Craft[list[str]](
    kind="personality",
    items="traits",
    imagine=character.traits,
    tell=lambda made, rng: (character.personality(made, rng), made),
    again=lambda made, rng: [character.synonym(word, rng) for word in rng.sample(made, len(made))],
    cut=lambda made, rng: made[: rng.randint(3, 6)],
)


def profiles(inputs: Mapping[str, Any], rng: Random) -> str:
    """``count`` invented profiles as JSON for the prompt ``author/profiles``.

    ``inputs`` holds ``examples`` and ``count``; only the slips use the examples.
    """
    return _reply(_PROFILES, inputs, rng)


def personalities(inputs: Mapping[str, Any], rng: Random) -> str:
    """``count`` invented personalities as JSON for the prompt ``author/personalities``."""
    return _reply(_PERSONALITIES, inputs, rng)


def _reply(craft: _Craft[T], inputs: Mapping[str, Any], rng: Random) -> str:
    earlier: list[T] = []
    written = []
    for _ in range(inputs["count"]):
        text, items = _written(craft, inputs["examples"], earlier, rng)
        written.append({"text": text, craft.items: items})
    return orjson.dumps({"descriptions": written}).decode()


def _written(craft: _Craft[T], examples: Sequence[str], earlier: list[T], rng: Random) -> tuple[str, list[str]]:
    """One description, possibly with a slip, and its facts or traits; its content is added to ``earlier``."""
    slip = slips.drawn(rng)
    if slip == "repeated":
        repeat = slips.repeated(examples, rng, craft.kind)
        if repeat is not None:
            return repeat
    if slip == "reworded" and earlier:
        made = craft.again(pick(earlier, rng), rng)
    else:
        made = craft.imagine(rng)
        earlier.append(made)
    text, items = craft.tell(craft.cut(made, rng) if slip == "short" else made, rng)
    if slip == "mixed":
        text = slips.mixed(text, rng, craft.kind)
    return slips.listed(text, rng) if slip == "listed" else text, items
