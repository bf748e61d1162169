"""How a fact comes up in a message of the cast: stated for a reason, mentioned in passing, shown, or implied."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from personagen.offline.circumstances import bears_on
from personagen.offline.facts import kind_of
from personagen.offline.texts import bank, capital, pick

# Pools of what users say about the talk or the moment, which hold "I" and "my" but tell nothing.
TALKED = (
    *("reactions", "reactions_terse", "reactions_plain", "objects", "objects_terse", "repeats"),
    *("probes", "doubts", "shifts", "shifts_terse"),
    *("closings", "closings_terse", "closings_plain", "closings_q", "quits", "greetings", "scenes", "thanks"),
)
_LONG = 9  # words of a fact that fits into no parentheses


def disclosed(
    fact: str, how: str, core: list[str], line: Callable[..., str], rng: Random, topic: str, *, asked: bool, said: str
) -> tuple[list[str], str]:
    """``core`` and a sentence that tells ``fact``, a clause in first person; the sentence is empty if ``core`` does.

    A fact that is stated answers a question, bears on the ``topic`` of the talk, or asks whether the advice holds for
    someone like this; so there is a reason for it.
    """
    kind = kind_of(fact)
    if how in ("shown", "implied") and kind in bank("voices")["shown"]:
        return core, pick(bank("voices")["shown"][kind]["lines"], rng, {}, said)
    if how != "stated" and len(fact.split()) < _LONG and core and core[-1].endswith("?") and not asked:
        return [*core[:-1], f"{core[-1][:-1]} ({fact})?"], ""
    if asked:
        return core, line("answers", i=fact)
    if not said:
        return core, line("wraps", i=fact)
    if bears_on(fact, topic):
        tails = bank("facts")[kind]["tails"] if kind else ()
        if tails and rng.random() < 0.25:
            return core, f"{capital(fact)}, {pick(tails, rng, {})}."
        return core, line("wraps", i=fact)
    return core, line("fits" if rng.random() < 0.4 else "asides", i=fact)
