"""Which facts of a persona its user has told, by the words of both: no model, and no language, is needed."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from personagen.personas.english.verbs import bag
from personagen.personas.words import UNSPACED, words

_LETTERS = 5  # of a word that tell it from others: "repairs" and "repairing" are one
_SHORT = 4  # letters of words that say little: "the", "her", "with" is common enough not to matter
_ENOUGH = 0.6  # of a fact's words
_EMPTY = bag(
    "about after been being could does from have having into just like more most much only other over some such than "
    "that their them then there these they this those very were what when where which while will with would your user"
)


@lru_cache(maxsize=1024)
def stems(text: str) -> frozenset[str]:
    """The first letters of the words of ``text`` that carry its meaning: long ones, numbers, ideographs."""
    return frozenset(
        word[:_LETTERS]
        for word in words(text)
        if (len(word) >= _SHORT and word not in _EMPTY) or word.isdigit() or UNSPACED.match(word)
    )


def is_told(fact: str, texts: Sequence[str]) -> bool:
    """Whether one of ``texts`` has most of the words of ``fact``."""
    want = stems(fact)
    return bool(want) and any(len(want & stems(text)) >= _ENOUGH * len(want) for text in texts)
