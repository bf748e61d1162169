"""The gate ``similar``: rejects a pair of two replies that say nearly the same in the same words."""

from __future__ import annotations

import re
from collections import Counter

from personagen.gates.grams import runs
from personagen.gates.pair import Comparison
from personagen.personas.words import words

_JOINED = re.compile("['\u2019-]")  # don't and dont are one word
SIMILAR = 0.9  # of the word pairs; one word changed in forty leaves 0.95
MIN_PAIRS = 6  # of replies that are too short for that, and differ in one word


def similar(case: Comparison) -> str | None:
    """No pair of near-equal replies: which of them is chosen teaches little but noise."""
    score = similarity(*case.texts)
    if score < SIMILAR:
        return None
    return f"replies {case.better} and {case.worse} are nearly the same: {score:.0%} of their word pairs"


def similar_score(case: Comparison) -> float:
    """How similar the replies are, 0 to 1."""
    return round(similarity(*case.texts), 3)


def similarity(one: str, other: str) -> float:
    """The word pairs that two texts share, as a share of all of both: Dice's coefficient (1945, Ecology 26), 0 to 1.

    At least ``SIMILAR`` if one word is changed, which takes two pairs.
    """
    found = words(_JOINED.sub("", one)), words(_JOINED.sub("", other))
    if min(map(len, found)) < 2:
        return float(found[0] == found[1])
    first, second = (Counter(runs(own, 2)) for own in found)
    shared, fewer, more = (first & second).total(), *sorted((first.total(), second.total()))
    dice = 2 * shared / (fewer + more)
    return max(SIMILAR, dice) if fewer >= MIN_PAIRS and more - shared <= 2 else dice
