"""Words and sentences in any script.

A word is what Unicode's default rules call one (UAX #29), with one change: a hyphen joins, as in "34-year-old". Scripts
that put no space between words would need a dictionary; there a word of these rules is a character or a run of
katakana, and ``word_count`` divides by the usual length of a word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

# Marks that end a sentence in a script that does not use the full stop; no space need follow.
STOPS = "\u0589\u061f\u06d4\u0964\u0965\u0f0d\u104b\u1362\u1367\u17d4\u3002\uff01\uff0e\uff1f\uff61"
CLOSING = "\"'\u2019\u201d\u00bb\u300d\u300f\uff09)\\]"  # what may follow a stop, for a character class
HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
KANA = "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"
# Thai, Lao, Tibetan, Burmese, Khmer.
SOUTH_EAST = "\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff"
UNSPACED = re.compile(f"[{HAN}{KANA}{SOUTH_EAST}]")
_HAN, _SOUTH_EAST = re.compile(f"[{HAN}]"), re.compile(f"[{SOUTH_EAST}]")
_CHARS = {"han": 1.5, "kana": 2.0, "south east": 3.0}  # of a word, where a syllable with its marks is one character

# \w does not match combining marks, which belong to words.
MARKS = "".join(chr(c) for c in range(0x300, 0x3100) if unicodedata.category(chr(c)).startswith("M"))
_WORD = re.compile(rf"[\w{MARKS}]+(?:(?:['-]|[\u200c\u200d]+)[\w{MARKS}]+)*")


def words(text: str) -> list[str]:
    """The words of ``text`` in lower case, in any script, with their inner hyphens and apostrophes."""
    found = _WORD.findall(text.lower().replace("\u2019", "'").replace("_", " "))
    if text.isascii() or not UNSPACED.search(text):
        return found
    parts: list[str] = []
    for word in found:
        parts += filter(_WORD.match, _boundaries()(word)) if UNSPACED.search(word) else [word]
    return parts


@cache
def _boundaries() -> Callable[[str], list[str]]:
    import regex  # only texts in some scripts need it, and it takes a while to import

    split: Any = regex.compile(r"(?V1w)\b").split
    return lambda word: list(filter(None, split(word)))


def word_count(text: str) -> int:
    """How many words ``text`` has; where no spaces divide them, by the usual length of a word."""
    found = words(text)
    if text.isascii():
        return len(found)
    return round(sum(1 / _CHARS[script] if (script := _script(word)) else 1.0 for word in found))


def chars_per_word(found: Sequence[str]) -> int:
    """How many of the ``found`` ``words`` make up what one word is in English: 2 or 3 if most are single characters."""
    if all(map(str.isascii, found)):
        return 1
    scripts = [script for script in map(_script, found) if script]
    if 2 * len(scripts) <= len(found):
        return 1
    return 3 if 2 * scripts.count("south east") > len(scripts) else 2


def _script(word: str) -> str:
    """Which script without spaces ``word`` is in, or nothing."""
    if word.isascii() or not UNSPACED.match(word):
        return ""
    if len(word) > 1 and not _SOUTH_EAST.match(word):
        return ""  # a run of katakana
    return "han" if _HAN.match(word) else "south east" if _SOUTH_EAST.match(word) else "kana"
