"""The scripts a text is written in, and its length in words or, in a script without spaces, in characters."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Collection
from functools import lru_cache

from personagen.personas.form import Unit
from personagen.personas.words import UNSPACED, word_count

_WIDTHS = frozenset(("FULLWIDTH", "HALFWIDTH"))
MIN_SHARE = 0.1  # of the letters, in a script that a text is said to be written in
MIN_SAME = 0.7  # of the letters, in the scripts that a text should be written in


def letters(text: str) -> Counter[str]:
    """The number of letters of ``text`` in each script, by its Unicode name: ``LATIN``, ``CJK``, ``ARABIC``."""
    if text.isascii():
        return Counter(LATIN=sum(map(str.isalpha, text)))
    return Counter(map(_script, filter(str.isalpha, text)))


def main_scripts(counts: Counter[str]) -> frozenset[str]:
    """The scripts with at least ``MIN_SHARE`` of the ``counts`` of letters."""
    least = MIN_SHARE * counts.total()
    return frozenset(script for script, count in counts.items() if count and count >= least)


def is_written_in(text: str, scripts: Collection[str]) -> bool:
    """Whether at least ``MIN_SAME`` of the letters of ``text`` are in ``scripts``."""
    counts = letters(text)
    return sum(counts[script] for script in scripts) >= MIN_SAME * counts.total()


def is_unspaced(text: str) -> bool:
    """Whether most letters of ``text`` are in scripts that put no spaces between words."""
    found = "" if text.isascii() else "".join(filter(str.isalpha, text))
    return 2 * len(UNSPACED.findall(found)) > len(found)


def length(text: str, unit: Unit) -> int:
    """The words of ``text``, or its characters without white space."""
    return word_count(text) if unit == "words" else sum(not char.isspace() for char in text)


@lru_cache(maxsize=10_000)
def _script(letter: str) -> str:
    first, *rest = unicodedata.name(letter, "UNKNOWN").replace("-", " ").split()
    return rest[0] if first in _WIDTHS and rest else first
