"""The filter ``format``: rejects anything but one plain description with its facts or traits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from personagen.personas.english.facts import NUMBERS
from personagen.personas.english.text import words
from personagen.personas.filters.pool_view import Candidate, PoolView, Refusal
from personagen.personas.language import BANKS, MIN_WORDS, is_in, other_language
from personagen.personas.scripts import is_unspaced, is_written_in, length
from personagen.personas.traits import canonical, traits_of
from personagen.records import Description

UNSUPPORTED = "unsupported"

_MARKUP = {
    "a list marker": re.compile(
        r"^\s*(?:[-*•‣–—]\s|\(?\d{1,2}[.)]\s|\(?[a-z]\)\s)|\s\(?1[.)]\s.*\s\(?2[.)]\s", re.M | re.S
    ),
    "a heading": re.compile(
        r"^\s*(?:#{1,6}\s|[^\n.:]{1,40}:\s*(?:\n|$)|(?:profile|persona(?:lity)?|name|age)\b[^\n.:]{0,20}:)", re.M | re.I
    ),
    "markup": re.compile(r"\*\*|```|`|</?[a-z][^>]*>|\]\(|&[a-z]+;|\\[nt]", re.I),
    "a gap left open": re.compile(
        r"\[[^\]\n]*\]|\{[^}\n]*\}|_{2,}|\bX{3,}\b|\b(?:TBD|TODO|N/A|lorem ipsum)\b|(?:…|\.\.\.)\s*$", re.I
    ),
    "the writer speaking": re.compile(
        r"^\s*(?:sure|certainly|of course|okay|here (?:is|are|'s))\b|\bas an? (?:ai|language model)\b", re.I
    ),
}


def format(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a wrong number of facts or traits, items that the text does not support, another language or script, a
    wrong length, list markers, markup, headings and unfilled templates.

    The score is the number that is out of bounds (items, words or characters), if any.
    """
    description, rules = candidate.description, view.rules
    text, items = description.text, description.items
    for what, pattern in _MARKUP.items():
        if what not in rules.tolerated and (match := pattern.search(text)):
            return Refusal(f"{what}: {match.group().strip()[:40]!r}")
    size, (least, most) = length(text, rules.unit), rules.words
    if not least <= size <= most:
        return Refusal(f"{size} {rules.unit}, not {least} to {most}", size)
    if not fits_language(text, rules.language):
        return Refusal(f"not in the language {rules.language}")
    if rules.scripts and not is_written_in(text, rules.scripts):
        return Refusal(f"not in the script of the seeds, {' or '.join(sorted(rules.scripts)).lower()}")
    what = "facts" if description.kind == "profile" else "traits"
    distinct, (least, most) = len({item.strip().casefold() for item in items}), rules.items
    if not least <= distinct <= most:
        return Refusal(f"{distinct} {what}, not {least} to {most}", distinct)
    stray = () if UNSUPPORTED in rules.tolerated else unsupported(text, items, traits=description.kind == "personality")
    return Refusal(f"not in the text: {stray[0][:80]!r}", len(stray)) if stray else None


def faults(description: Description) -> set[str]:
    """The faults of ``description`` that rules may tolerate: kinds of markup, or ``UNSUPPORTED`` items."""
    found = {what for what, pattern in _MARKUP.items() if pattern.search(description.text)}
    stray = unsupported(description.text, description.items, traits=description.kind == "personality")
    return found | {UNSUPPORTED} if stray else found


def fits_language(text: str, language: str) -> bool:
    """Whether ``text`` is in ``language``; a text too short to tell is, unless it is in another script."""
    found = words(text)
    if language != "any" and len(found) < MIN_WORDS:
        return other_language(found, language) is None
    return is_in(found, language)


_NUMBERS = {word: str(number) for word, number in NUMBERS.items() if number <= 12}
_LIGHT = """have having had been being were does do did also very some any lives living works working likes enjoys loves
    name named years year old person someone often usually regularly currently former"""
_WEIGHTLESS = BANKS["en"] | frozenset(_LIGHT.split())


def unsupported(text: str, items: tuple[str, ...], *, traits: bool) -> list[str]:
    """The ``items`` of which ``text`` has, in any inflection, less than half of the content words or not all numbers.

    A trait may also occur as a synonym in the lexicon. In a script without spaces pairs of characters are compared.
    """
    if is_unspaced(text):
        pairs = _pairs(text)
        return [item for item in items if item not in text and 2 * len(_pairs(item) & pairs) < len(_pairs(item))]
    named = traits_of(text) if traits else ()
    stems = {_stem(part) for part in _parts(words(text))}
    stray = []
    for item in items:
        if named and canonical(item) in named:
            continue
        parts = _parts(words(item))
        weighty = [w for w in parts if w not in _WEIGHTLESS] or parts
        numbers = [w for w in weighty if w.isdigit()]
        here = sum(_stem(w) in stems for w in weighty)
        if not weighty or 2 * here < len(weighty) or any(n not in stems for n in numbers):
            stray.append(item)
    return stray


def _pairs(text: str) -> set[str]:
    """The pairs of neighbouring letters and digits of ``text``, its only units where no spaces part words."""
    plain = "".join(filter(str.isalnum, text.casefold()))
    return {plain[at : at + 2] for at in range(max(1, len(plain) - 1))}


def _parts(found: Sequence[str]) -> list[str]:
    """The words ``found``, split at hyphens, with numbers up to twelve as digits."""
    parts = []
    for word in found:
        parts += word.replace("'", "-").split("-") if "-" in word or "'" in word else [word]
    return [_NUMBERS.get(part, part) for part in parts]


@lru_cache(maxsize=10_000)
def _stem(word: str) -> str:
    """A deliberately crude stem: "gardens", "gardening" and "garden" agree, and so do a few unrelated words."""
    if word.isdigit() or len(word) <= 4:
        return word.rstrip("s") if len(word) > 3 else word
    for ending in ("ingly", "ness", "ing", "ers", "ies", "ed", "es", "er", "ly", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)][:7]
    return word[:7]
