"""The errors of the offline judge: a mixture of kinds with known shares.

``order`` prefers the reply shown first, ``length`` the longer one, ``blind`` what a judge without the persona prefers,
``recite`` the reply that repeats more of what the user said about themselves; ``model`` and ``fresh`` prefer the worse
reply. ``fresh`` is drawn anew for every call, ``model`` for every pair of replies and name of a model, the others for
every pair: so a second order, a sample, another persona or another model sees such an error again or not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from random import Random

from personagen.records import Message

_OF_THE_PAIR = ("order", "length", "blind", "recite")


def errs(
    shares: Mapping[str, float], conversation: Sequence[Message], replies: tuple[str, str], model: str, rng: Random
) -> str:
    """The kind of error that a judge makes on this pair of replies in this call, or an empty text.

    A share ``shares[kind]`` of all pairs has each kind. Without ``fresh`` the answer does not depend on ``rng``.
    """
    drawn = _uniform(conversation, replies)
    for kind in _OF_THE_PAIR:
        drawn -= shares.get(kind, 0.0)
        if drawn < 0:
            return kind
    left = 1.0 - sum(shares.get(kind, 0.0) for kind in _OF_THE_PAIR)
    if _uniform(conversation, replies, model) * left < shares.get("model", 0.0):
        return "model"
    left -= shares.get("model", 0.0)
    return "fresh" if rng.random() * left < shares.get("fresh", 0.0) else ""


def _uniform(conversation: Sequence[Message], replies: tuple[str, str], model: str = "") -> float:
    """A number from 0 to 1 that depends on the unordered pair, the end of the conversation and ``model`` alone."""
    said = (*sorted(replies), *(m.content for m in conversation[-2:]), str(len(conversation)), model)
    digest = hashlib.blake2b("\0".join(said).encode(errors="replace"), digest_size=8).digest()
    return int.from_bytes(digest) / 2.0**64
