"""A conversation goes on: nobody says again what was said in it before."""

from __future__ import annotations

import re

from personagen.gates.turn import Turn, prose
from personagen.personas.english.text import words

SAME, NEAR = 6, 15  # words from which on an exact and a near copy is one; people say "Thanks, that helps." twice
LIKE = 0.75
_PROBES, _LONG = 4, 18
# Who is asked for it once more says the same again, and who is asked to change a word of it nearly the same.
_AGAIN = re.compile(r"\b(?:repeat(?:s|ed|ing)?\b|remind|resend|again\b|once more|one more time|lost (?:it|that))")
_CHANGED = re.compile(
    r"\b(?:chang|replac|correct|fix|edit|revis|rewrit|rewrote|rephras|reword|shorten|adjust|updat|remov|delet|swap"
    r"|renam|tweak|polish|proofread|instead\b|(?:leave|left) out|add(?:ed|ing)?\b|version|typo|mistake|wrong\b"
    r"|should (?:be|start|say|read|have|end)"
    r"|make (?:it|that|this|them|the)\b|not [^.!?]{1,40}\bbut\b|put (?:in|back)\b|use [^.!?]{1,40}\bfor\b)|, not \w"
)


def repeats(turn: Turn) -> str | None:
    """Not nearly what either side said earlier on this path.

    Nearly: the word triples of both overlap by 0.75 (Jaccard; resemblance of shingled texts, Broder 1997), which is one
    word changed in 21. Texts of under 15 words must be equal but for case and punctuation, and have at least 6. Code
    is not compared, nor what an assistant says who is asked for it once more, or for a change and makes one.
    """
    text = prose(turn.text)
    length = len(text)
    probes: list[str] = []
    own: list[str] = []
    for back, message in enumerate(reversed(turn.before), 1):
        said = prose(message.content)
        if not 0.8 * length <= len(said) <= 1.25 * length:
            continue
        probes = probes or _probes(text)
        if not any(map(said.__contains__, probes)):
            continue
        own = own or words(text)
        other = words(said)
        if _alike(own, other):
            wished = _AGAIN.search(turn.asked) or (own != other and _CHANGED.search(turn.asked))
            if turn.role == "assistant" and wished:
                return None
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
