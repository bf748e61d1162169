"""The gate ``loops``: rejects a message that goes round in circles."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from personagen.gates.grams import runs
from personagen.gates.turn import Turn, prose
from personagen.personas.words import chars_per_word, words

RUN, SHORT_RUN = 4, 3  # words; in a message that is too short for the longer ones
MIN_RUNS, MAX_REPEATED = 20, 0.22  # of the runs of 4 words, those that occur before in the message
MIN_SHORT, MAX_SHORT = 8, 0.67  # of the runs of 3 words
MIN_PAIRS, MAX_PAIRS, MAX_SAME_PAIRS = 20, 150, 0.37  # words of a message in prose, and of its pairs of words
MAX_IN_VERSE = 0.45  # of texts in short lines: songs, drills, lists
MAX_LINE = 3  # times in a row that the same line is said, in verse as elsewhere
MIN_SENTENCE, MIN_LONG = 6, 10  # words of a sentence that a short message, and a longer one, says once
LONG = 60  # words
_NUMBER = re.compile(r"^[ \t>*#-]*\(?\d{1,3}[.):][ \t]+", re.MULTILINE)  # of a list's item
_SENTENCE = re.compile(r"[^.!?\n]+")
_VERSE_LINE, _VERSE_LINES = 60, 4


def loops(turn: Turn) -> str | None:
    """Rejects a message of whose runs of four words 22 % occur before in it; numbers of a list's items do not count.

    Songs, drills and lists, which are texts in short lines, may repeat 45 %, but no line four times in a row. A
    message too short for that says no sentence of six words twice, and two thirds of its runs of three words once; a
    longer one in prose says no sentence of ten words twice.
    """
    text = prose(turn.folded)
    plain = _NUMBER.sub("", text)
    found = turn.tokens if plain == text else words(plain)
    size = chars_per_word(found)
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    if size == 1 and MIN_PAIRS <= len(found) <= MAX_PAIRS and not _verse(lines):
        pairs = _repeated(found, 2)
        if pairs > MAX_SAME_PAIRS:
            return _objection(pairs)
    if len(found) - RUN * size + 1 < MIN_RUNS * size:
        short = _repeated(found, SHORT_RUN * size) if len(found) >= (MIN_SHORT + SHORT_RUN - 1) * size else 0
        return (_said_twice(plain) if size == 1 else None) or (_objection(short) if short > MAX_SHORT else None)
    repeated = _repeated(found, RUN * size)
    if repeated <= MAX_REPEATED:
        return (
            None if size > 1 or _verse(lines) else _said_twice(plain, MIN_SENTENCE if len(found) < LONG else MIN_LONG)
        )
    if repeated <= MAX_IN_VERSE and _verse(lines) and not _stuck(lines):
        return None
    return _objection(repeated)


def _repeated(found: Sequence[str], length: int) -> float:
    """The share of the runs of ``length`` words that occur before."""
    return 1 - len(set(runs(found, length))) / (len(found) - length + 1)


def _objection(share: float) -> str:
    return f"{share:.0%} of it says again what it said before"


def _said_twice(text: str, least: int = MIN_SENTENCE) -> str | None:
    """Objects to a message that says a sentence of ``least`` words or more twice."""
    said = [tuple(words(one)) for one in _SENTENCE.findall(text)]
    again = next((one for at, one in enumerate(said) if len(one) >= least and one in said[:at]), None)
    return f"it says twice: '{' '.join(again)}'" if again else None


def _verse(lines: list[str]) -> bool:
    return len(lines) >= _VERSE_LINES and sorted(map(len, lines))[len(lines) // 2] <= _VERSE_LINE


def _stuck(lines: list[str]) -> bool:
    """Whether a line comes more than ``MAX_LINE`` times in a row."""
    return any(len(list(same)) > MAX_LINE for _, same in groupby(lines))
