"""How much a reply says of the persona's life that the user has not revealed."""

from __future__ import annotations

import re
from collections.abc import Sequence

from personagen.gates.grounds import coverage, revealed, says
from personagen.gates.pair import Comparison
from personagen.personas.lines import fact_lines
from personagen.personas.words import STOPS, words

USED, UNHEARD = 0.6, 0.3  # shares of a fact, by weight of its words, that a sentence has, and that nobody has said
_SENTENCE = re.compile(rf"[^.!?\n{STOPS}]+")


def leak(case: Comparison, reply: str) -> str | None:
    """The fact of the persona that ``reply`` uses although the user has not revealed it, or None.

    A sentence uses a fact if it has ``USED`` of its words, ``UNHEARD`` of them such as nobody has said in the
    conversation. Traits do not count: their words occur in any reply.
    """
    before = [message.content for message in case.before]
    known = case.belief.inferences if case.belief else ()
    for fact in fact_lines(case.persona):
        if leaked(fact, reply, before) >= UNHEARD and not revealed(fact, known):
            return fact
    return None


def leaked(fact: str, reply: str, before: Sequence[str]) -> float:
    """The share of ``fact``, 0 to 1, that a sentence of ``reply`` which uses it says and no text in ``before`` does."""
    if coverage(fact, reply) < USED:  # most facts
        return 0.0
    heard = {word for word in words(fact) if any(says(text, word) for text in before)}
    used = (part for part in _SENTENCE.findall(reply) if coverage(fact, part) >= USED)
    return max((coverage(fact, part, heard) for part in used), default=0.0)
