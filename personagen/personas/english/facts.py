"""Sentences and facts of a profile, and the pronoun, age and gender of its subject."""

from __future__ import annotations

import re
from collections.abc import Iterator
from operator import itemgetter
from typing import Literal

from personagen.personas.words import CLOSING, STOPS

Pronoun = Literal["she", "he", "they"]

MAX_FACTS = 15
CAPITAL = f"[{''.join(chr(c) for c in range(0x41, 0x2000) if chr(c).isupper())}]"

# A pattern that starts with a character set is fast to search.
_END = re.compile(
    rf"[.!?\u2026{STOPS}\n](?:(?<=[.!?\u2026])[\"'\u201d\u2019)\]]*\s+|"
    rf"(?<=[{STOPS}])[{CLOSING}]*|(?<=\n)[^\S\n]*(?=\n))"
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:dr|mr|mrs|ms|prof|st|jr|sr|vs|mt|ft|e\.g|i\.e|ph\.d)|\b[a-z](?:\.[a-z])*)\.$", re.I
)

_UNITS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = tuple(f"{stem}teen" for stem in ("thir", "four", "fif", "six", "seven", "eigh", "nine"))
_TENS = tuple(f"{stem}ty" for stem in ("twen", "thir", "for", "fif", "six", "seven", "eigh", "nine"))
NUMBERS = {word: n for n, word in enumerate(_UNITS, 1)} | {word: n for n, word in enumerate(_TEENS, 13)}
NUMBERS |= {"ten": 10, "eleven": 11, "twelve": 12}
NUMBERS |= {ten: 20 + 10 * n for n, ten in enumerate(_TENS)}
NUMBERS |= {f"{ten}-{unit}": NUMBERS[ten] + NUMBERS[unit] for ten in _TENS for unit in _UNITS}
_NUMBER = rf"\d{{1,3}}|(?:{'|'.join(_TENS)})(?:[- ](?:{'|'.join(_UNITS)}))?|{'|'.join(_TEENS)}"
# In order of confidence: a later kind counts only if no earlier one matches.
_AGE_KINDS = (
    rf"(?P<years>{_NUMBER})[ -]years?[ -]olds?",
    rf"aged? (?:of )?(?P<aged>{_NUMBER})|\b(?:woman|man|person) of (?P<of>{_NUMBER})",
    rf"(?:is|are|turned|turning|turns|now|just|nearly|almost|(?:she|he|they)['\u2019](?:s|re)) (?P<is>{_NUMBER})"
    rf"(?=\s*(?:[,.;:]|$|(?:and|but|now|years old|(?:in|this|last|on) [a-z]+)\b))",
    rf"(?:(?<=^)|(?<=[.!?]\s))(?P<opening>{_NUMBER})(?= and\b|,| years old)",
    rf"at (?P<at>{_NUMBER})(?=,? (?:she|he|they)\b)",
)
AGE = re.compile(rf"\b(?:{'|'.join(_AGE_KINDS)})(?!\w)", re.I)
_DIGITS = re.compile(r"\d+")
_WORD_NUMBER = re.compile("|".join((*_TENS, *_TEENS)), re.I)
_LONGEST_BEFORE, _LONGEST_AFTER = 12, 60  # characters of an age before its number, and from it to what must follow
_RELATIVE = re.compile(
    r"\s*(?:[\w-]+ )?(?:son|daughter|child|boy|girl|twin|toddler|baby|dog|cat|horse|car|house|van|truck|grand\w+|"
    r"nephew|niece|brother|sister|mother|father|step\w+|pony|parrot|tortoise|building|company|business|bike)s?"
    r"(?=\s*(?:[.,;]|$|(?:named|called|and|with|who|from|in|that|at|to|by|has|is|lives)\b))",
    re.I,
)
_SOMEONES = re.compile(r"(?:\b(?:her|his|their)|\b(?:has|have|with|and|raises|raising|to) an?)\s*$", re.I)
_CHILDREN = re.compile(r"\b(?:sons?|daughters?|child|children|boys?|girls?|twins|brothers?|sisters?)[, (]*$", re.I)
_WOMAN = re.compile(r"\b(?:woman|mother|wife|widow|grandmother|girl|lady|daughter)\b", re.I)
_MAN = re.compile(r"\b(?:man|father|husband|widower|grandfather|boy|gentleman|son)\b", re.I)

_PRONOUNS: dict[Pronoun, str] = {
    "she": "she her hers herself",
    "he": "he him his himself",
    "they": "they them their theirs themselves themself",
}
_PRONOUN_OF: dict[str, Pronoun] = {form: who for who, forms in _PRONOUNS.items() for form in forms.split()}
_ANY_PRONOUN = re.compile(rf"(?<![\w-])(?:{'|'.join(sorted(_PRONOUN_OF, key=len, reverse=True))})(?![\w-])", re.I)


def sentences(text: str) -> list[str]:
    """The sentences of ``text``, stripped; abbreviations and decimal points do not end one."""
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        part = text[start : match.end()].strip()
        if text[match.start()] == "." and _ABBREVIATION.search(part, len(part) - 12):
            continue
        start = match.end()
        if part:
            found.append(" ".join(part.split()))
    rest = " ".join(text[start:].split())
    return [*found, rest] if rest else found


def pronoun_of(text: str) -> Pronoun | None:
    """The pronoun of the subject of ``text``: the first in subject form, else the first in any form."""
    # A "they" after a "her" or "his" means other people.
    first: Pronoun | None = None
    for match in _ANY_PRONOUN.finditer(text):
        form = match.group().lower()
        if form in ("she", "he") or (form == "they" and first in (None, "they")):
            return _PRONOUN_OF[form]
        first = first or _PRONOUN_OF[form]
    return first


def attributes_of(text: str) -> dict[str, str | int]:
    """``age`` in years and ``gender`` (female, male, or other for "they") of a profile's subject, if stated."""
    found: dict[str, str | int] = {}
    if own := list(_ages(text)):
        found["age"] = min(own, key=itemgetter(0))[1]
    if gender := {"she": "female", "he": "male", "they": "other"}.get(pronoun_of(text) or "") or _gender_by_noun(text):
        found["gender"] = gender
    return found


def _gender_by_noun(text: str) -> str:
    nouns = [(m.start(), name) for rx, name in ((_WOMAN, "female"), (_MAN, "male")) if (m := rx.search(text))]
    return min(nouns, default=(0, ""))[1]


def _ages(text: str) -> Iterator[tuple[int, int]]:
    """(kind, years) of every age of the subject, not of a relative or animal, in ``text``, up to 120."""
    for match in _stated(text):
        kind = str(match.lastgroup)
        before = text[max(0, match.start() - 20) : match.start()]
        others = _RELATIVE.match(text, match.end()) or (kind == "years" and _SOMEONES.search(before))
        if kind == "aged":
            others = others or _CHILDREN.search(before)
        said = match[kind].casefold().replace(" ", "-")
        years = int(said) if said.isdecimal() else NUMBERS[said]
        if not others and 0 < years <= 120:
            yield AGE.groupindex[kind], years


def _stated(text: str) -> Iterator[re.Match[str]]:
    """The matches of ``AGE``, which is slow, so that it is tried around numbers only."""
    starts = [number.start() for number in _DIGITS.finditer(text)]
    if "ty" in (lower := text.lower()) or "teen" in lower:
        starts = sorted([*starts, *(word.start() for word in _WORD_NUMBER.finditer(text))])
    end = 0
    for start in starts:
        match = AGE.search(text, max(end, start - _LONGEST_BEFORE), start + _LONGEST_AFTER) if start >= end else None
        if match and match.start() <= start:  # the end of the search would count as that of the text for a later one
            yield match
            end = match.end()


def facts_of(text: str) -> tuple[str, ...]:
    """The distinct sentences of a profile as facts, without the final stop; at most ``MAX_FACTS``."""
    facts = [sentence.rstrip(f" .!?;:{STOPS}") for sentence in sentences(text)]
    return tuple(dict.fromkeys(fact for fact in facts if fact))[:MAX_FACTS]
