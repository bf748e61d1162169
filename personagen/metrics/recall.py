"""What a model knows of a user, counted from the list that it gives of them, without a model.

A fact counts as told, by the user or in the list, if one text has most of its words (``metrics.disclosure``). So a
paraphrase in other words is missed, and a statement of the list that is no fact of the persona is not counted at all:
whether it is true nobody can say from the persona.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from personagen.metrics.disclosure import is_told
from personagen.personas.traits import canonical
from personagen.personas.words import words

_ITEM = re.compile(r"\n+|(?<=[.!?;])\s+")


@dataclass(frozen=True)
class Recalled:
    """Counts of one list: of the ``revealed`` facts ``recovered`` ones are in it, of the ``hidden`` ones ``guessed``.

    Of the ``traits`` of the persona, ``named`` ones are in it, by the same word or one that the lexicon takes for it.
    """

    revealed: int
    recovered: int
    hidden: int
    guessed: int
    traits: int
    named: int


def recalled(facts: Sequence[str], traits: Sequence[str], said: Sequence[str], listed: str) -> Recalled:
    """What the list ``listed`` has of a persona with ``facts`` and ``traits`` whose user has ``said`` these messages.

    A hidden fact in the list is a lucky guess, or a leak of what the model should not know.
    """
    items = [item for item in _ITEM.split(listed) if item.strip()]
    revealed = [fact for fact in facts if is_told(fact, said)]
    hidden = [fact for fact in facts if fact not in revealed]
    have = {canonical(word) for word in words(listed)}
    return Recalled(
        revealed=len(revealed),
        recovered=sum(is_told(fact, items) for fact in revealed),
        hidden=len(hidden),
        guessed=sum(is_told(fact, items) for fact in hidden),
        traits=len(traits),
        named=sum(canonical(trait) in have for trait in traits),
    )
