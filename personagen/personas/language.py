"""Language detection by the most common words of seven languages, listed in ``language.toml``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

_COMMON_WORDS = tomllib.loads((Path(__file__).parent / "language.toml").read_text(encoding="utf-8"))
BANKS = {code: frozenset(common.split()) for code, common in _COMMON_WORDS.items()}
LANGUAGES = (*BANKS, "any")
MIN_WORDS = 14  # words, or letters of another script, needed as evidence of another language
_MIN_SHARE = 0.15  # of the words of a text that are in its language's bank
_MIN_OTHER_SHARE, _MIN_OTHER_TIMES, _MIN_OTHER_WORDS = 0.2, 3, 3  # of the words, as multiple of ours, distinct ones
_TAIL_WORDS = 140  # a text that drifts into another language ends in it
_OTHER_SCRIPT = re.compile(r"[^\W\d_\u0000-\u024f\u1e00-\u1eff]")


def is_in(found: Sequence[str], code: str) -> bool:
    """Whether ``code`` is ``any``, or its bank has at least ``_MIN_SHARE`` of the words ``found``, and no bank more."""
    if code == "any":
        return True
    counts = {other: sum(map(bank.__contains__, found)) for other, bank in BANKS.items()}
    return counts[code] >= max(_MIN_SHARE * len(found), *counts.values()) and not _is_in_another_script(found)


def other_language(found: Sequence[str], code: str) -> str | None:
    """The language other than ``code`` that the words ``found`` are clearly in, or "another script"; None in doubt."""
    if _is_in_another_script(found):
        return "another script"
    found = found[-_TAIL_WORDS:]
    if len(found) < MIN_WORDS:
        return None
    kinds = frozenset(found)
    for other in BANKS:
        theirs = _only(other, code)
        if len(theirs & kinds) >= _MIN_OTHER_WORDS:
            own = sum(map(_only(code, other).__contains__, found))
            if sum(map(theirs.__contains__, found)) >= max(_MIN_OTHER_SHARE * len(found), _MIN_OTHER_TIMES * own):
                return other
    return None


@cache
def _only(code: str, other: str) -> frozenset[str]:
    return BANKS[code] - BANKS[other]


def _is_in_another_script(found: Sequence[str]) -> bool:
    other = sum(len(word) for word in found if not word.isascii() and _OTHER_SCRIPT.search(word))
    return other >= MIN_WORDS and 4 * other > sum(map(len, found))
