"""Detects the early end of a conversation: both sides only say goodbye or thank each other."""

from __future__ import annotations

import re
from collections.abc import Sequence

from personagen.gates.turn import fold
from personagen.records import Message

_MAX_WORDS = 60  # of a message that only says goodbye
_SENTENCES = re.compile(r"[^.!?\n;]+[.!?\n;]*")
_WHEN = r"(?:day|evening|night|morning|afternoon|week|weekend|time|trip|one)"
_LEAD = (  # may precede it
    r"(?:(?:(?:thanks|thank you|thx)(?: (?:so much|very much|a lot|again|for (?:\w+ ){0,2}\w+))?|cheers|likewise"
    r"|you too|you(?:'re| are) (?:very |most |so )?welcome|ok(?:ay)?|well|and|so|then|right|all ?right|great|good"
    r"|perfect|lovely|yes|no|please|anyway|that's all)\b\W*)*"
)
_WILL = r"(?:(?:i|we)(?:'ll| will) )?"
# Only at the start of a short sentence: elsewhere people speak of long times and good nights.
_LEAVE = re.compile(
    rf"\W*{_LEAD}(?:good ?bye|bye(?:-bye| now)?|farewell|take care(?! of)|cheerio|good ?night(?!'| of| sleep)|see ya"
    rf"|ciao|{_WILL}see you(?= soon| later| then| tomorrow| around| next| on\b|\W*$)|so long(?=[^\w\s]|\s*$)"
    rf"|have an? (?:\w+ )?(?:\w+ )?{_WHEN}|until (?:next time|then)|{_WILL}talk (?:to you )?(?:soon|later|again)"
    rf"|all the best|best wishes|safe travels|enjoy (?:your|the rest of (?:your|the)) (?:\w+ )?{_WHEN}|over and out)\b"
    r"(?:\W+\w[\w'-]*){0,6}\W*"
)
_THANKS = re.compile(
    r"\b(?:thanks|thank you|thx|cheers|much appreciated|appreciate (?:it|that|this|your|you)|grateful|my pleasure"
    r"|you(?:'re| are) (?:very |most |so |always )?welcome|any ?time|don't mention it|no (?:problem|worries|trouble)"
    r"|glad (?:i|to|that|we|it|you)|happy (?:to|i could|that)|likewise|(?:same|right back) (?:to|at) you|you too"
    r"|and you|good luck|that(?:'s| is| was| will be) all|wishing you|pleasure|you(?:'ve| have) been"
    r"|(?:i'm|i am|i'll be|we're) (?:always )?(?:right )?here (?:if|when|any|for)"
    r"|(?:nice|great|good) (?:talking|chatting|speaking)|(?:feel free to|don't hesitate to|do) "
    r"(?:come back|reach out|return|ask)|if you (?:ever )?need (?:anything|me|more))\b"
)
_FILLER = re.compile(
    r"\W*(?:right|ok(?:ay)?|great|perfect|good|lovely|wonderful|all ?right|awesome|will do|sounds good|yes|no|well)\W*"
)
_MAX_SENTENCE_WORDS = 16


def over(said: Sequence[Message]) -> bool:
    """Whether the last user message and its reply only say goodbye, or only thanks twice in a row."""
    if len(said) < 2 or not all(_polite(message.content) for message in said[-2:]):
        return False
    if any(map(_LEAVE.fullmatch, _sentences(said[-2].content) + _sentences(said[-1].content))):
        return True
    return len(said) >= 4 and all(_polite(message.content) for message in said[-4:-2])


def _polite(text: str) -> bool:
    """Whether every sentence of ``text`` only says goodbye or thanks."""
    if len(text) > 6 * _MAX_WORDS or "?" in text:
        return False
    said = [part for part in _sentences(text) if not _FILLER.fullmatch(part)]
    return bool(said) and all(
        len(part.split()) <= _MAX_SENTENCE_WORDS and (_LEAVE.fullmatch(part) or _THANKS.search(part)) for part in said
    )


def _sentences(text: str) -> list[str]:
    return [part for part in _SENTENCES.findall(fold(text)) if any(map(str.isalnum, part))]
