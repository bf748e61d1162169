"""Reading plain descriptions of people: words, sentences, facts, pronouns, and a form for duplicate search."""

from __future__ import annotations

import re
import unicodedata

from personagen.facts import AGE, CAPITAL, attributes_of, facts_of, sentences
from personagen.pronouns import pronoun_of, with_pronoun
from personagen.verbs import ADVERBS, FUNCTION, bag

__all__ = ["attributes_of", "facts_of", "fold", "normalised", "pronoun_of", "sentences", "with_pronoun", "words"]

# Combining marks of every script belong to the word they stand in; \w leaves them out.
_MARKS = "".join(chr(c) for c in range(0x300, 0x3100) if unicodedata.category(chr(c)).startswith("M"))
_LETTER = rf"(?:[^\W_]|[{_MARKS}])"
_WORD = re.compile(rf"{_LETTER}+(?:['\u2019-]{_LETTER}+)*")
_ACCENTS = re.compile("[\u0300-\u036f]")
_ONE_NAME = rf"{CAPITAL}[\w'\u2019-]*"
_NAME = re.compile(
    rf"(?<![\w'\u2019-]){_ONE_NAME}(?:(?:(?<=\bSt|\bDr|\bMr)\.|(?<=\b[A-Z])\.)? "
    rf"(?:(?:de|da|del|dos|di|van|von|of|al|el|bin|la|le) )?{_ONE_NAME})*"
)
_START = re.compile(r"(?:^|[.!?:;\u2026]|\n)[\"'\u201c\u2018(\s]*")
_INTRODUCED = re.compile(
    r",? (?:is|was|has been|lives|grew up|works|keeps|runs|turned)\b|, (?:\d|an?\b|aged|now|who)", re.I
)
_PLAIN = re.compile(rf"(?:{_LETTER}|_)+")
_OPENERS = bag("born most two three four five six self every mother father single no yes i i'm i've")
_WHO = dict.fromkeys(bag("she he they her him them his their hers theirs herself himself themselves themself"), "_who")
_WHO |= dict.fromkeys(bag("shes hes theyre theyve"), "_who is")


def fold(text: str) -> str:
    """``text`` in lower case, without accents, with straight apostrophes."""
    if text.isascii():
        return text.lower()
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold().replace("\u2019", "'")
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", plain)))


def words(text: str) -> list[str]:
    """The words of ``text`` in lower case, in any script; hyphens and apostrophes inside a word belong to it."""
    return _WORD.findall(text.lower().replace("\u2019", "'"))


def normalised(text: str) -> str:
    """``text`` as duplicate search compares it: folded, without punctuation, who it is about left open.

    Proper names become ``_name``, third-person pronouns ``_who``, the subject's age ``_age``; other numbers stay. So
    the same frame with another name, gender or age collides. "They work" is brought to "he works" first.
    """
    if pronoun_of(text) == "they":
        text = with_pronoun(text, "he")
    text = _aged(text)
    starts = {match.end() for match in _START.finditer(text)}
    inside = {word for m in _NAME.finditer(text) if m.start() not in starts for word in m.group().split()}

    def mask(match: re.Match[str]) -> str:
        first, _, rest = match.group().partition(" ")
        if first.lower() in ("i", "i'm", "i've", "i'd", "i'll"):
            return first
        if match.start() in starts and first not in inside:
            common = first.lower() in FUNCTION | ADVERBS | _OPENERS or first.lower() in _WHO
            if common or first.endswith(("ed", "ing", "ly")):
                return f"{first} _name" if rest else first
            if not rest and not _INTRODUCED.match(text, match.end()):
                return first
        return "_name"

    tokens = _PLAIN.findall(fold(_NAME.sub(mask, text)).replace("'", ""))
    return _aged(" ".join(_masked(token, before) for before, token in zip(["", *tokens], tokens, strict=False)))


def _masked(token: str, before: str) -> str:
    if before in ("named", "called", "nicknamed") and token[0] != "_" and token not in FUNCTION and token not in _WHO:
        return "_name"
    return _WHO.get(token, token)


def _aged(text: str) -> str:
    return AGE.sub(lambda m: m[0].replace(next(g for g in m.groups() if g), "_age", 1), text)
