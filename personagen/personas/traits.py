"""Traits of character in a text, and the canonical word for each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations

from personagen.personas.english.text import fold
from personagen.personas.lexicon import (
    ADJECTIVES,
    AKIN,
    CONTEXT,
    CONTRADICTED,
    FIRSTS,
    FORMS,
    OPPOSED,
    OPPOSITE,
    TURNS,
    VALENCE,
    Valence,
)

_DEGREE = re.compile(
    r"^(?:(?:a|an|the|very|quite|rather|somewhat|extremely|highly|really|so|too|fairly|pretty|deeply|often|always|"
    r"sometimes|easily|bit|little|touch|slightly|of|in|with|having|is|being) [ .,;:!?\"']*)+"
)
_NEGATIONS, _CARRIERS, _LINKS, _PURSUITS, _GLOSS_OPENERS, _ADVERBS = (
    CONTEXT[name] for name in ("negations", "carriers", "links", "pursuits", "gloss_openers", "adverbs")
)
_TOKEN = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*|[.,;:!?()\u2013\u2014]")
_STOPS = frozenset(".,;:!?()\u2013\u2014")
_TURN_STARTS = frozenset(turn[0] for turn in TURNS)
_POSSESSIVE = re.compile(r"h(?:is|er)\b(?<!\w...)")


@lru_cache(maxsize=16_384)
def canonical(word: str) -> str:
    """The lexicon's word for a trait ("a bit pig-headed": stubborn), else the word folded and without degree words."""
    plain = " ".join(fold(word).split()).strip(" .,;:!?\"'")
    if known := FORMS.get(plain.replace("-", "").replace(" ", "")):
        return known
    found = traits_of(plain)
    return found[0] if len(found) == 1 else _DEGREE.sub("", plain)


def valence(trait: str) -> Valence | None:
    """Whether a trait is flattering, unflattering or neutral; None if it is unknown."""
    return VALENCE.get(canonical(trait))


def go_together(one: str, other: str) -> bool:
    """Whether two traits differ and are often found in one person; unlike "warm" and "blunt"."""
    first, second = canonical(one), canonical(other)
    return first != second and second not in OPPOSED.get(first, ())


def akin(one: str, other: str) -> bool:
    """Whether two traits are the same or show alike in how somebody writes, like "punctual" and "organised"."""
    first, second = canonical(one), canonical(other)
    alike = first in AKIN and AKIN[first] == AKIN.get(second) and second not in OPPOSED.get(first, ())
    return first == second or alike


def opposed(traits: Sequence[str]) -> list[tuple[str, str]]:
    """The pairs of ``traits`` that rarely go together in one person, in their order."""
    return [
        (one, other) for one, other in combinations(traits, 2) if canonical(other) in OPPOSED.get(canonical(one), ())
    ]


def contradicted(profile: str) -> frozenset[str]:
    """The canonical traits that an English profile speaks against: of one who hosts parties, "withdrawn"."""
    plain = fold(profile)
    return frozenset().union(*(traits for phrases, traits in CONTRADICTED if phrases.search(plain)))


def traits_of(text: str) -> tuple[str, ...]:
    """The distinct canonical traits a text ascribes to its subject, in order of appearance.

    An adjective before a thing ("creative solutions") and the gloss after a trait ("patient, never rushing others")
    name none; a denied trait ("not patient", "lacks tact") counts as its opposite, if the lexicon has one.
    """
    return tuple(dict.fromkeys(_named(_TOKEN.findall(_POSSESSIVE.sub("their", fold(text))))))


def _named(tokens: list[str]) -> Iterator[str]:
    """The trait of every trait word or idiom among the tokens of a text."""
    at, explained = 0, False
    while at < len(tokens):
        if tokens[at] in _STOPS:
            # Between a trait and the end of its sentence, its gloss names no other.
            explained = explained and tokens[at] not in ".;!?"
            gloss = explained and tokens[at] != ":" and _opens_gloss(tokens, at + 1)
            at += 1
            while gloss and at < len(tokens) and tokens[at] not in _STOPS:
                at += 1
            continue
        trait, size = _match(tokens, at)
        if trait and not _is_of_a_thing(tokens, at, size):
            explained = True
            if named := OPPOSITE.get(trait) if _is_denied(tokens, at, size) else trait:
                yield named
        at += size


def _match(tokens: list[str], at: int) -> tuple[str | None, int]:
    """The trait named by the tokens from ``at``, and the number of these tokens."""
    token = tokens[at]
    if token in _TURN_STARTS:
        for size in (5, 4, 3, 2):
            if trait := TURNS.get(tuple(tokens[at : at + size])):
                return trait, size
    if token.split("-")[0] in FIRSTS:
        for size in (3, 2):
            if trait := FORMS.get("".join(tokens[at : at + size]).replace("-", "")):
                return trait, size
    return FORMS.get(token.replace("-", "")), 1


def _is_of_a_thing(tokens: list[str], at: int, size: int) -> bool:
    """Whether the word describes something other than the subject, or only the next trait ("quietly proud")."""
    word = "".join(tokens[at : at + size]).replace("-", "")
    after = tokens[at + size] if at + size < len(tokens) else "."
    if word.endswith("ly") and word not in ADJECTIVES:
        return after not in _STOPS and after not in _LINKS
    if word not in ADJECTIVES:
        return False
    before = tokens[at - 1] if at else ""
    if before in ("named", "called", "gluten", "lactose") or (word in _PURSUITS and after in ("about", "to")):
        return True
    if word.endswith("ing"):
        return not (after in _STOPS or after in ("and", "or", "but", "yet", "by", "in") or after in _CARRIERS)
    if after in _CARRIERS or (after in _STOPS - {"."} and before not in ("a", "an", "the")):
        return False
    if before in ("a", "an", "the", "every", "each", "another") and (after in _LINKS or after == "."):
        return after not in ("and", "or", "but", "yet", "if", "though")
    return not (after in _STOPS or after in _LINKS or after.endswith("ly") or bool(FORMS.get(after.replace("-", ""))))


def _is_denied(tokens: list[str], at: int, size: int) -> bool:
    """Whether a negation is up to three words before the trait, or right after a noun ("patience is not")."""
    for spot in range(at - 1, max(at - 4, -1), -1):
        word = tokens[spot]
        if word in _STOPS or word in ("but", "yet", "and", "only"):
            break
        if word in _NEGATIONS and not (word == "little" and spot and tokens[spot - 1] == "a"):
            return True
    after = tokens[at + size : at + size + 3]
    return len(after) > 1 and after[0] in ("is", "was", "has", "does") and after[1] in ("not", "never")


def _opens_gloss(tokens: list[str], at: int) -> bool:
    """Whether the words after a comma explain the trait before it: "never giving up", "able to wait"."""
    while at < len(tokens) and (tokens[at] in _ADVERBS or tokens[at].endswith("ly")):
        at += 1
    if at >= len(tokens) or tokens[at] in _STOPS:
        return False
    if tokens[at] in _GLOSS_OPENERS:
        return True
    trait, size = _match(tokens, at)
    return tokens[at].endswith("ing") and tokens[at] != "being" and (trait is None or _is_of_a_thing(tokens, at, size))
