"""The gate ``mirror``: rejects a message that gives the other side's words back instead of answering them."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from personagen.gates.grams import runs
from personagen.gates.turn import Turn, fold, prose
from personagen.personas.words import chars_per_word, words

MESSAGES = 3  # of the other side
MIN_TRIPLES = {"assistant": 6, "user": 15}  # users take up short advice in its words
MIN_SHARE = 0.6  # word triples of the message, and the share that the other side's last message holds
OPENING = 10  # words at least of a message with which, if they are most of it, no answer begins
MIN_SHORT, MAX_SHORT, MIN_SAME = 6, 15, 0.85  # words of a short reply, and the share that is the user's
MIN_ALIKE = 0.8  # of its characters and those with which the user's message begins
MAX_REQUEST, MIN_COVERED = 40, 0.75  # words of a short request, and the share of it that no work on a text gives back
_PROBES, _PROBE_CHARS, MIN_PROBES = 10, 8, 2  # pieces of the message that are looked for first, which is fast
# Asked to work on a text, an assistant gives most of it back.
_WORK = re.compile(
    r"\b(?:repeat|say (?:it|that|this)|read|quot|translat|correct|proofread|check|fix|edit|revis|rewrit|rephras|reword"
    r"|shorten|polish|improv|spell|grammar|typo|mistake|chang|replac|format|sort|list|complet|fill|convert|letter|e-?mail"
    r"|poem|song|text|sentence|paragraph|draft|word|write|summar|copy|paste|right\?)"
)

_YES = re.compile(r"\W*(?:yes|yeah|yep|no|right|correct|exactly|sure|of course)\b")


def mirror(turn: Turn) -> str | None:
    """Rejects a message 60 % of whose word triples stand in one of the last three messages of the other side.

    Also an assistant that begins with most of the user's last message, or says a short reply in its words. Where the
    assistant was asked to work on a text, the share counts only if it gives back a short request as well.
    """
    if _opens(turn) and not turn.on_text:
        return "it begins with the user's message"
    if _parroted(turn) and not turn.on_text:
        return "it says nothing but words of the user's message"
    others = [message.content for message in turn.before[-2 * MESSAGES :] if message.role != turn.role]
    folded = turn.folded
    step = max(1, (len(folded) - _PROBE_CHARS) // _PROBES)
    probes = [folded[at : at + _PROBE_CHARS] for at in range(1, step * _PROBES, step)]
    for other in map(fold, others):
        if len(other) < MIN_SHARE * len(folded) or sum(map(other.__contains__, probes)) < MIN_PROBES:
            continue
        if shared := _shared(turn, other):
            work = turn.role == "assistant" and (_WORK.search(turn.asked) or turn.on_text)
            if work and not _whole(turn, other):
                return None
            return f"it gives back what the other side said: {shared:.0%} of its word triples"
    return None


def _opens(turn: Turn) -> bool:
    """Whether an assistant begins with most of the user's message, word for word."""
    asked = words(prose(turn.asked))
    size = max(OPENING * chars_per_word(asked), round(MIN_SHARE * len(asked)))
    opening = tuple(turn.tokens[:size])
    return turn.role == "assistant" and len(opening) == size and opening in runs(asked, size)


def _parroted(turn: Turn) -> bool:
    """Whether an assistant says one short sentence in the words of the user's message."""
    size, mine, asked = chars_per_word(turn.tokens), turn.tokens, words(prose(turn.asked))
    if turn.role != "assistant" or _YES.match(turn.folded) or not MIN_SHORT * size <= len(mine) <= MAX_SHORT * size:
        return False
    if SequenceMatcher(None, turn.asked[: len(turn.folded)], turn.folded).ratio() >= MIN_ALIKE:
        return True
    same, held, pairs = set(asked), set(runs(asked, 2)), list(runs(mine, 2))
    return (
        sum(map(same.__contains__, mine)) >= MIN_SAME * len(mine)
        and sum(map(held.__contains__, pairs)) >= len(pairs) / 2
    )


def _whole(turn: Turn, other: str) -> bool:
    """Whether the message holds most of ``other``, a short one: the request itself, not only a text in it."""
    size = chars_per_word(turn.tokens)
    theirs = words(prose(other))
    if len(theirs) > MAX_REQUEST * size:
        return False
    asked = frozenset(runs(theirs, 3 * size))
    return len(asked.intersection(runs(turn.tokens, 3 * size))) >= MIN_COVERED * len(asked)


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
