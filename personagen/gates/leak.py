"""How much a reply says of the persona's life that the user has not revealed."""

from __future__ import annotations

import re

from personagen.gates.grounds import coverage, revealed, says
from personagen.gates.pair import Comparison
from personagen.personas.lines import fact_lines
from personagen.personas.words import STOPS, words

LEAKED = 0.6  # share of a fact, by weight of its words
_SENTENCE = re.compile(rf"[^.!?\n{STOPS}]+")


def leak(case: Comparison, reply: str) -> str | None:
    """The fact of the persona that ``reply`` uses although the user has not revealed it, or None.

    A fact is used if a sentence has ``LEAKED`` of its words that nobody has said in the conversation. Traits do not
    count: their words occur in any reply.
    """
    before = [message.content for message in case.before]
    known = case.belief.inferences if case.belief else ()
    for fact in fact_lines(case.persona):
        if leaked(fact, reply, before) >= LEAKED and not revealed(fact, known):
            return fact
    return None


def leaked(fact: str, reply: str, before: list[str]) -> float:
    """The share of ``fact``, 0 to 1, that one sentence of ``reply`` says and no text in ``before`` does."""
    if coverage(fact, reply) < LEAKED:  # most facts
        return 0.0
    heard = {word for word in words(fact) if any(says(text, word) for text in before)}
    return max((coverage(fact, part, heard) for part in _SENTENCE.findall(reply)), default=0.0)
