"""The gate ``mirror``: rejects a message that gives the other side's words back instead of answering them."""

from __future__ import annotations

import re

from personagen.gates.grams import runs
from personagen.gates.turn import Turn, fold, prose
from personagen.personas.words import chars_per_word, words

MESSAGES = 3  # of the other side
MIN_TRIPLES = {"assistant": 6, "user": 15}  # users take up short advice in its words
MIN_SHARE = 0.6  # word triples of the message, and the share that the other side's last message holds
_PROBES, _PROBE_CHARS, MIN_PROBES = 10, 8, 2  # pieces of the message that are looked for first, which is fast
# Asked to work on a text, an assistant gives most of it back.
_WORK = re.compile(
    r"\b(?:repeat|say (?:it|that|this)|read|quot|translat|correct|proofread|check|fix|edit|revis|rewrit|rephras|reword"
    r"|shorten|polish|improv|spell|grammar|typo|mistake|chang|replac|format|sort|list|complet|fill|convert|letter|e-?mail"
    r"|poem|song|text|sentence|paragraph|draft|word|write|summar|copy|paste|right\?)"
)


def mirror(turn: Turn) -> str | None:
    """Rejects a message 60 % of whose word triples stand in one of the last three messages of the other side.

    Not where the assistant was asked to work on a text.
    """
    others = [message.content for message in turn.before[-2 * MESSAGES :] if message.role != turn.role]
    folded = turn.folded
    step = max(1, (len(folded) - _PROBE_CHARS) // _PROBES)
    probes = [folded[at : at + _PROBE_CHARS] for at in range(1, step * _PROBES, step)]
    for other in map(fold, others):
        if len(other) < MIN_SHARE * len(folded) or sum(map(other.__contains__, probes)) < MIN_PROBES:
            continue
        if shared := _shared(turn, other):
            if turn.role == "assistant" and (_WORK.search(turn.asked) or turn.on_text):
                return None
            return f"it gives back what the other side said: {shared:.0%} of its word triples"
    return None


def _shared(turn: Turn, other: str) -> float:
    """The share of the message's word triples that ``other`` holds, or 0 if it is too small.

    A user may ask again what the assistant has taken up.
    """
    size = chars_per_word(turn.tokens)
    mine = frozenset(runs(turn.tokens, 3 * size))
    if len(mine) < MIN_TRIPLES[turn.role] * size:
        return 0
    share = len(mine.intersection(runs(words(prose(other)), 3 * size))) / len(mine)
    if share < MIN_SHARE:
        return 0
    own = [runs(words(one.content), 3 * size) for one in turn.before if one.role == turn.role == "user"]
    return share if len(mine.difference(*own)) >= MIN_SHARE * len(mine) else 0
