"""A conversation goes on: nobody says again what was said in it before."""

from __future__ import annotations

from personagen.gates.turn import Turn
from personagen.text import words

SAME, NEAR = 6, 15  # words from which on an exact and a near copy is one; people say "Thanks, that helps." twice
LIKE = 0.75
_PROBES, _LONG = 4, 18


def repeats(turn: Turn) -> str | None:
    """Not nearly what either side said earlier on this path.

    Nearly: the word triples of both overlap by 0.75 (Jaccard; resemblance of shingled texts, Broder 1997), which is one
    word changed in 21. Texts of under 15 words must be equal but for case and punctuation, and have at least 6.
    """
    text, length = turn.text, len(turn.text)
    probes: list[str] = []
    own: list[str] = []
    for back, message in enumerate(reversed(turn.before), 1):
        if not 0.8 * length <= len(message.content) <= 1.25 * length:
            continue
        probes = probes or _probes(text)
        if not any(map(message.content.__contains__, probes)):
            continue
        own = own or words(text)
        if _alike(own, words(message.content)):
            return f"it says again what the {message.role} said {back} {'message' if back == 1 else 'messages'} before"
    return None


def _probes(text: str) -> list[str]:
    """A few pieces of ``text``: of a near copy at least one is found in the other, and looking for them is quick."""
    if len(text) < 2 * _LONG:
        return [text[2:-2]]
    step = (len(text) - _LONG) // (_PROBES - 1)
    return [text[at : at + _LONG] for at in range(0, _PROBES * max(1, step), max(1, step))]


def _alike(one: list[str], other: list[str]) -> bool:
    if len(one) < NEAR or len(other) < NEAR:
        return len(one) >= SAME and one == other
    first, second = (set(zip(found, found[1:], found[2:], strict=False)) for found in (one, other))
    return len(first & second) >= LIKE * len(first | second)
