"""Runs of words, in any script, by which gates compare texts."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import TypeAlias

from personagen.personas.english.text import words

Grams: TypeAlias = frozenset[tuple[str, ...]]

# Scripts without spaces between words: Thai, Lao, Burmese, Khmer, kana, ideographs. Each character is a token.
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u4dbf\u4e00-\u9fff]")
CHARS_PER_WORD = 2


def tokens(text: str) -> list[str]:
    """The words of ``text`` in lower case; in a script without spaces, its characters."""
    return words(text if text.isascii() else _UNSPACED.sub(r" \g<0> ", text))


def span(found: Sequence[str]) -> int:
    """How many of the tokens ``found`` make up what one word is in English: 2 if most are single characters."""
    unspaced = sum(map(bool, map(_UNSPACED.match, found))) if not all(map(str.isascii, found)) else 0
    return CHARS_PER_WORD if 2 * unspaced > len(found) else 1


def runs(found: Sequence[str], length: int) -> Iterable[tuple[str, ...]]:
    """All runs of ``length`` tokens."""
    return zip(*(found[start:] for start in range(length)), strict=False)


@lru_cache(maxsize=1024)
def grams(text: str, length: int) -> Grams:
    """The different runs of ``length`` tokens in ``text``."""
    return frozenset(runs(tokens(text), length))
