"""Traits of character in a text, and the canonical word for each."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from personagen.personas.english.text import fold
from personagen.personas.lexicon import ADJECTIVES, CONTEXT, FIRSTS, FORMS, OPPOSITE, TURNS, VALENCE, Valence

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


def canonical(word: str) -> str:
    """The lexicon's word for a trait; an unknown word is returned folded and without degree words.

    >>> canonical("a bit pig-headed"), canonical("Patience"), canonical("left-handed")
    ('stubborn', 'patient', 'left-handed')
    """
    plain = " ".join(fold(word).split()).strip(" .,;:!?\"'")
    known = FORMS.get(plain.replace("-", "").replace(" ", ""))
    if known:
        return known
    found = traits_of(plain)
    if len(found) == 1:
        return found[0]
    return _DEGREE.sub("", plain)


def valence(trait: str) -> Valence | None:
    """Whether a trait is flattering, unflattering or neutral; None if it is unknown."""
    return VALENCE.get(canonical(trait))


def is_flattering(trait: str) -> bool | None:
    """True for a flattering trait, False for an unflattering one, None for a neutral or unknown one."""
    sound = valence(trait)
    return None if sound in (None, "neutral") else sound == "flattering"


def traits_of(text: str) -> tuple[str, ...]:
    """The distinct canonical traits a text ascribes to its subject, in order of appearance.

    An adjective before a thing ("creative solutions") and the gloss after a trait ("patient, never rushing others")
    name none; a denied trait ("not patient", "lacks tact") counts as its opposite, if the lexicon has one.
    """
    return tuple(dict.fromkeys(_named(_TOKEN.findall(_POSSESSIVE.sub("their", fold(text))))))


def _named(tokens: list[str]) -> Iterator[str]:
    """The trait of every trait word or idiom among the tokens of a text."""
    at, seen = 0, False
    for spot in [at for at, token in enumerate(tokens) if _may_open_a_trait(token)]:
        # The tokens between matter only as the gloss of a trait.
        while seen and at < spot:
            at, seen = _past(tokens, at)
        at = max(at, spot)
        if at > spot:
            continue
        trait, size = _match(tokens, at)
        if trait and not _is_of_a_thing(tokens, at, size):
            seen = True
            named = OPPOSITE.get(trait) if _is_denied(tokens, at, size) else trait
            if named:
                yield named
        at += size


def _past(tokens: list[str], at: int) -> tuple[int, bool]:
    """The next position after the token at ``at``, which follows a trait, and whether a gloss may still come."""
    if tokens[at] in ".;!?":
        return at + 1, False
    if tokens[at] in _STOPS and tokens[at] != ":" and _opens_gloss(tokens, at + 1):
        return _clause_end(tokens, at + 1), True
    return at + 1, True


@lru_cache(maxsize=20_000)
def _may_open_a_trait(token: str) -> bool:
    """Whether ``_match`` can find anything at ``token``, which it can't for most words."""
    return token in _TURN_STARTS or token.partition("-")[0] in FIRSTS or token.replace("-", "") in FORMS


def _match(tokens: list[str], at: int) -> tuple[str | None, int]:
    """The trait named by the tokens from ``at``, and the number of these tokens."""
    token = tokens[at]
    if token in _TURN_STARTS:
        for size in (5, 4, 3, 2):
            trait = TURNS.get(tuple(tokens[at : at + size]))
            if trait:
                return trait, size
    if token.split("-")[0] in FIRSTS:
        for size in (3, 2):
            trait = FORMS.get("".join(tokens[at : at + size]).replace("-", ""))
            if trait:
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
    for back in range(1, 4):
        if at - back < 0 or tokens[at - back] in _STOPS or tokens[at - back] in ("but", "yet", "and", "only"):
            break
        word = tokens[at - back]
        if word == "little" and at - back > 0 and tokens[at - back - 1] == "a":
            continue
        if word in _NEGATIONS:
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


def _clause_end(tokens: list[str], at: int) -> int:
    """The next stop at or after ``at``."""
    while at < len(tokens) and tokens[at] not in _STOPS:
        at += 1
    return at
