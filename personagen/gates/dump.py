"""The gate ``dump``: rejects pairs after a message in which the user tells most of the persona at once."""

from __future__ import annotations

from functools import lru_cache

from personagen.gates.grounds import coverage
from personagen.gates.pair import Comparison
from personagen.personas.lines import fact_lines

DUMPED = 0.4  # share of all facts that one message tells, by weight of their words
MIN_FACTS = 6  # of fewer, two that are told in one message would be too many


def dump(case: Comparison) -> str | None:
    """No pair once the user has told in one message what an assistant is to infer from many."""
    score = dump_score(case)
    return f"the user told {score:.0%} of the persona's facts in one message" if score >= DUMPED else None


def dump_score(case: Comparison) -> float:
    """The largest share of the persona's facts that one message of the user tells, 0 to 1; 0 for few facts."""
    facts = fact_lines(case.persona)
    if len(facts) < MIN_FACTS:
        return 0.0
    said = [message.content for message in case.before if message.role == "user"]
    return round(max((_told(facts, text) for text in said), default=0.0), 3)


@lru_cache(maxsize=192)
def _told(facts: tuple[str, ...], text: str) -> float:
    return coverage(" ".join(facts), text)
