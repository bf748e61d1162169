"""How a reply served its user, as far as its words show it: a cheap signal where no verdict may be waited for.

It looks for two things that people react to, and else says nothing: a reply that says again what an earlier one said is
``poor``; one that takes up the message and something that the user told earlier is ``good``. It does not see the
persona, nor which assistant wrote the reply.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Literal

from personagen.metrics.disclosure import stems
from personagen.personas.words import words
from personagen.records import Message

Reception = Literal["good", "poor", ""]
_GRAM, _MAX_REPEATED = 4, 0.35  # words of a gram, and the share of a reply's grams that earlier replies may have
_RECALLED = 2  # stems of earlier messages, not of the last one, that show memory


def received(conversation: Sequence[Message]) -> Reception:
    """How the last message of ``conversation``, a reply, served its user."""
    *before, reply = conversation
    users = [message.content for message in before if message.role == "user"]
    earlier = [message.content for message in before if message.role == "assistant"]
    said = _grams(reply.content)
    if said and sum(gram in said for gram in frozenset().union(*map(_grams, earlier))) > _MAX_REPEATED * len(said):
        return "poor"
    asked, taken = stems(users[-1]), stems(reply.content)
    recalled = taken & frozenset().union(*map(stems, users[:-1])) - asked - frozenset().union(*map(stems, earlier))
    return "good" if taken & asked and len(recalled) >= _RECALLED else ""


@lru_cache(maxsize=192)
def _grams(text: str) -> frozenset[tuple[str, ...]]:
    found = words(text)
    return frozenset(tuple(found[at : at + _GRAM]) for at in range(len(found) - _GRAM + 1))
