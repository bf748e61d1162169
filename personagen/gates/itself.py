"""The gate ``itself``: rejects an assistant that speaks only of itself, and a user who claims to be one."""

from __future__ import annotations

import re

from personagen.gates.outside import ASKED
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

MIN_WORDS, MIN_OWN, MIN_OWN_SHARE = 20, 2, 0.04  # of a message; "I", "me" and "my" in it that are a person's
_I = re.compile(r"\b(?:i|me|my|mine|myself)\b")
# What an assistant says of itself: opinions, offers, requests.
_FELT = (
    r"(?:really |so |very |truly |just |quite )?(?:sorry|glad|happy|not|afraid|curious|here|sure|an ai|an assistant)"
)
_POLITE = re.compile(
    r"\bi (?:think|can|could|would|might|may|don't|do not|didn't|see|understand|hear|need|hope|suggest|recommend"
    r"|mean|guess|know|want|wonder|should|will|cannot|can't|won't|apologi[sz]e|assume|appreciate|agree|promise|say)\b"
    rf"|\bi'(?:d|ll)\b|\bi(?:'m| am) {_FELT}\b"
    r"|\b(?:tell|told|telling|let|give|show|help|ask|send|believe|trust|forgive|excuse|correct|to|for|from|with) me\b"
    r"|\bi (?:believe|feel like)\b|\bif i\b"
    r"|\bmy (?:pick|advice|suggestion|answer|opinion|view|guess|apologies|mistake|recommendation|word|thought"
    r"|take|best|favou?rite|first|knowledge|training|purpose|reply|list)\b"
)
# A user who speaks to a person, or asks for one to be played or to speak.
_TO_A_PERSON = re.compile(
    r"\byour (?!help|advice|time|patience|answer|reply|thoughts?\b|opinion|view|suggest)"
    r"|\bas an? (?:actor|writer|person|player)\b|\bhaving (?:played|been|worked)\b"
    r"|\b(?:writ|draft|phras|word(?:ing|ed)\b|e-?mail|letter|speech|story|poem|role-?play|pretend|imagine you|act as"
    r"|dialog|message|caption|say to|tell (?:him|her|them|my))"
)


def itself(turn: Turn) -> str | None:
    """Rejects an assistant if most sentences only say what it is, may or wishes to do, unless it was asked for that.

    Also a user who says to be the assistant, and an assistant that goes on about itself like a person (English).
    """
    text = turn.folded
    if turn.role == "user":
        found = _USER_IS.search(text)
        return f"the user speaks as the assistant: {found.group()!r}" if found else None
    if _ASKED.search(turn.asked):
        return None
    if own := _own(turn, prose(text)):
        return own
    if not _OF_ITSELF.search(text):
        return None
    sentences = _SENTENCE.findall(prose(text))
    named = sum(map(bool, map(_NAMED.search, sentences)))
    spoken = sum(map(bool, map(_OF_ITSELF.search, sentences)))
    if named > MAX_NAMED or (spoken >= MIN_SENTENCES and spoken >= MIN_SHARE * len(sentences)):
        return f"{spoken} of its {len(sentences)} sentences speak of the assistant itself"
    return None


def _own(turn: Turn, text: str) -> str | None:
    """Objects to an assistant of whose words many are "I" and "my", beside opinions and offers."""
    if turn.language != "en" or len(turn.tokens) < MIN_WORDS:
        return None
    own = len(_I.findall(_POLITE.sub(" ", text)))
    if own < MIN_OWN or own < MIN_OWN_SHARE * len(turn.tokens):
        return None
    if ASKED.search(turn.asked) or any(
        _TO_A_PERSON.search(message.content.lower()) for message in turn.before if message.role == "user"
    ):
        return None
    return f"it speaks about itself {own} times, like a person"
