"""The gate ``itself``: rejects an assistant that speaks only of itself, and a user who claims to be one."""

from __future__ import annotations

import re

from personagen.gates.turn import Turn, prose

MIN_SENTENCES, MIN_SHARE = 3, 0.6  # sentences about the assistant itself
MAX_NAMED = 1  # sentences in which it says what it is

_SENTENCE = re.compile(r"[^.!?\n]*[\w)][^.!?\n]*")
_KIND = r"(?:chat ?bots?|bots?|robot|assistant|ai|machine|language model|computer program|virtual \w+|human|agent)\b"
_NAMED = re.compile(
    rf"\bi(?:'m| am) (?:(?:just|only|not|merely|really|actually) )*(?:an?|the|your) (?:[\w,-]+ ){{0,3}}?{_KIND}"
)
_OF_ITSELF = re.compile(
    rf"{_NAMED.pattern}|\bas an? (?:\w+ )?(?:ai|assistant|chat ?bot|language model)\b"
    r"|\bi(?:'m| am) (?:(?:just|only|not|always|more than|very|so|really|also|still|no longer) )*"
    r"(?:here (?:to|for)|ready to|happy to|glad to|able to|unable to|equipped|designed|capable|available"
    r"|programmed|trained|sorry)\b"
    r"|\bi (?:can|can't|cannot|could|will) (?:only |also )?(?:assist|help|offer|provide)\b"
    r"|\b(?:feel free|don't hesitate|do not hesitate|let me know|just (?:ask|let|tell|try)|go ahead and ask)\b"
    r"|\bi(?:'m| am) (?:always )?your (?:best |new |good )?(?:friend|helper|companion)\b|\bin my previous role\b"
    r"|\bi(?:'ll| will) (?:always )?(?:do my best|make sure|try) to (?:assist|help)\b"
    r"|\bwhat(?:'s| is) (?:your|the) (?:first|next) question\b"
)
_ASKED = re.compile(
    r"\b(?:ais?|chat ?bots?|bots?|robots?|machines?|assistants?|are you|you are|you're|human|language model"
    r"|who(?:'s| are| is| am) (?:you|this|i))\b"
)
_USER_IS = re.compile(
    r"\bi(?:'m| am|'ll be| will be) (?:here )?(?:(?:as )?(?:your|the) (?:[\w-]+ ){0,2}?(?:assistant|chat ?bot)"
    r"(?=[.!?,;:]|$| (?:here|and|who|that|for|to|in|now|today)\b)"
    r"|an? (?:ai|chat ?bot|language model|ai assistant)(?: (?:who|that|which|here|and)\b|[.!,]))"
)


def itself(turn: Turn) -> str | None:
    """Rejects an assistant if most sentences only say what it is, may or wishes to do, unless it was asked for that.

    Also a user who says to be the assistant (English).
    """
    text = turn.folded
    if turn.role == "user":
        found = _USER_IS.search(text)
        return f"the user speaks as the assistant: {found.group()!r}" if found else None
    if not _OF_ITSELF.search(text) or _ASKED.search(turn.asked):
        return None
    sentences = _SENTENCE.findall(prose(text))
    named = sum(map(bool, map(_NAMED.search, sentences)))
    spoken = sum(map(bool, map(_OF_ITSELF.search, sentences)))
    if named > MAX_NAMED or (spoken >= MIN_SENTENCES and spoken >= MIN_SHARE * len(sentences)):
        return f"{spoken} of its {len(sentences)} sentences speak of the assistant itself"
    return None
