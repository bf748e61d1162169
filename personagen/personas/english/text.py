"""Words of a description, and its normalised form for duplicate search."""

from __future__ import annotations

import re
import unicodedata

from personagen.options.language import ANY, base_of
from personagen.personas.english.facts import AGE, CAPITAL, attributes_of, facts_of, pronoun_of, sentences
from personagen.personas.english.verbs import ADVERBS, FUNCTION, bag, base_form
from personagen.personas.words import MARKS, words

__all__ = ["attributes_of", "facts_of", "fold", "normalised", "pronoun_of", "sentences", "words"]

_PLAIN = re.compile(rf"[\w{MARKS}]+")
_ACCENTS = re.compile("[\u0300-\u036f]")
_ONE_NAME = rf"{CAPITAL}[\w'\u2019-]*"
# A pattern that starts with a character set is fast to search, so the lookbehind comes second.
_NAME = re.compile(
    rf"{CAPITAL}(?<![\w'\u2019-].)[\w'\u2019-]*(?:(?:(?<=\bSt|\bDr|\bMr)\.|(?<=\b[A-Z])\.)? "
    rf"(?:(?:de|da|del|dos|di|van|von|of|al|el|bin|la|le) )?{_ONE_NAME})*"
)
_OPENING = re.compile(r"[\"'\u201c\u2018(\s]*")
_START = re.compile(rf"[.!?:;\u2026\n]{_OPENING.pattern}")
_INTRODUCED = re.compile(
    r",? (?:is|was|has been|lives|grew up|works|keeps|runs|turned)\b|, (?:\d|an?\b|aged|now|who)", re.I
)
_WHO = dict.fromkeys(bag("she he they her him them his their hers theirs herself himself themselves themself"), "_who")
_WHO |= dict.fromkeys(bag("shes hes theyre theyve"), "_who is")
_COMMON = bag("born most two three four five six seven self every mother father single no yes i i'm i've")
_COMMON |= FUNCTION | ADVERBS | frozenset(_WHO)
_ONE_FORM = {"are": "is", "were": "was", "has": "have"}
_I = bag("i i'm i've i'd i'll")
_NOUNS_IN_CAPITALS = ("de", "lb", "nds")
_NAMING = bag("named called nicknamed")


def fold(text: str) -> str:
    """``text`` in lower case, without accents, with straight apostrophes."""
    if text.isascii():
        return text.lower()
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text)).casefold().replace("\u2019", "'")
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFKD", plain)))


def normalised(text: str, language: str = "en") -> str:
    """``text`` for duplicate search: folded, without punctuation, names, pronouns and age.

    Proper names become ``_name``, third-person pronouns ``_who``, the subject's age ``_age``; other numbers stay. So
    texts that differ only in name, gender or age are equal, also "they work" and "she works". In another ``language``
    than English only names are masked, and where nouns have capitals not even those.
    """
    if language not in ("en", ANY):
        return " ".join(words(fold(text if base_of(language) in _NOUNS_IN_CAPITALS else _nameless(text))))
    tokens = _PLAIN.findall(fold(_nameless(_aged(text))).replace("'", ""))
    if not _NAMING.isdisjoint(tokens):
        tokens = [_named(token, before) for before, token in zip(["", *tokens], tokens, strict=False)]
    masked = [_WHO.get(token, token) for token in tokens]
    for at, token in enumerate(masked[1:], 1):
        if masked[at - 1] == "_who":
            masked[at] = _verb(token)
    return _aged(" ".join(masked))


def _verb(word: str) -> str:
    """A verb after she, he or they, in one form for all three."""
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return base_form(word)
    return _ONE_FORM.get(word, word)


def _nameless(text: str) -> str:
    """``text`` with every proper name replaced by ``_name``."""
    found = list(_NAME.finditer(text))
    starts = {match.end() for match in (_OPENING.match(text), *_START.finditer(text)) if match}
    inside = {word for match in found if match.start() not in starts for word in match.group().split()}
    parts, end = [], 0
    for match in found:
        parts += [text[end : match.start()], _mask(match, opens=match.start() in starts, inside=inside)]
        end = match.end()
    return "".join([*parts, text[end:]])


def _mask(match: re.Match[str], *, opens: bool, inside: set[str]) -> str:
    """The mask of one or more capitalised words: ``_name``, except for words that only open a sentence."""
    first, _, rest = match.group().partition(" ")
    lower = first.lower()
    if lower in _I:
        return first
    if opens and first not in inside:
        if lower in _COMMON or first.endswith(("ed", "ing", "ly")):
            return f"{first} _name" if rest else first
        if not rest and not _INTRODUCED.match(match.string, match.end()):
            return first
    return "_name"


def _named(token: str, before: str) -> str:
    known = token[0] == "_" or token in FUNCTION or token in _WHO
    return "_name" if before in _NAMING and not known else token


def _aged(text: str) -> str:
    """``text`` with the number of every age replaced by ``_age``."""
    return AGE.sub(lambda age: age[0].replace(age[str(age.lastgroup)], "_age", 1), text)
