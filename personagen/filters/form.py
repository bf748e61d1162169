"""Turns away what is not one plain description with its list of facts or traits."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache, partial

from personagen.errors import UsageError
from personagen.filters.view import Candidate, Verdict, View
from personagen.text import words
from personagen.traits import canonical, traits_of

# The commonest words of a language: about a third of any text in it, and few of any other.
_BANKS = {
    "en": """the of and to in a is for on that with as at by an be this from his her their he she they it has was are
        who not but or when which never always about into out up them so if can who's one two""",
    "de": """der die das und in den von zu mit sich des auf ist im dem nicht ein eine als auch es an er sie hat aus bei
        nach wird war sind seine ihre seinen ihren einer einen einem wenn oder aber sehr gern""",
    "fr": """le la les de des du et à un une en est que qui dans pour pas sur il elle au avec se par son sa ses plus ne
        ce sont aux mais ou dont très leur lui aime a""",
    "es": """el la los las de del y a en un una que es por con para se su sus no al lo como más pero le muy está son
        tiene ha o cuando sin sobre entre donde quien le gusta desde""",
    "it": """il lo la i gli le di del della e un una in che è per con si non da al dei nel sono ha suo sua suoi molto
        più ma come anche o quando alla ogni dove le piace gli""",
    "pt": """o a os as de do da dos das e um uma em que é para com não se por no na ao sua seu seus suas mais como mas
        tem muito quando ou é ele ela foi desde gosta pelo""",
    "nl": """de het een en van in is op dat met voor te zijn aan er niet die om als ook naar bij uit hij ze zij haar
        heeft was maar over of door wordt nog wel graag""",
}


_COMMON = {code: frozenset(bank.split()) for code, bank in _BANKS.items()}
_CLEARLY = 0.35


def _is_in(code: str, found: Sequence[str]) -> bool:
    foreign = len([word for word in found if not word.isascii() and max(word) > "\u024f"])
    own = _share(code, found)
    if 10 * foreign > len(found) or own < 0.15:
        return False
    return own > _CLEARLY or all(own >= _share(other, found) for other in _COMMON)


def _share(code: str, found: Sequence[str]) -> float:
    common = _COMMON[code]
    return sum(map(common.__contains__, found)) / max(1, len(found))


# A language is a test of a text's words; to add one, add its commonest words, or any function.
LANGUAGES: dict[str, Callable[[Sequence[str]], bool]] = {
    **{code: partial(_is_in, code) for code in _COMMON},
    "any": lambda found: True,  # noqa: ARG005
}

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


def form(candidate: Candidate, view: View) -> Verdict | None:
    """Rejects a wrong number of facts or traits, an item its text does not bear out, another language, a length out of
    bounds, list markers, markup, headings and unfilled templates.

    The score is the number that is out of bounds (items, words), where there is one.

    Raises:
        UsageError: ``rules.language`` is not a key of ``LANGUAGES``.
    """
    description, rules = candidate.description, view.rules
    if rules.language not in LANGUAGES:
        raise UsageError(f"there is no language {rules.language!r}; known are {', '.join(LANGUAGES)}")
    text, items = description.text, description.items
    for what, pattern in _MARKUP.items():
        if match := pattern.search(text):
            return Verdict(f"{what}: {match.group().strip()[:40]!r}")
    found, (least, most) = words(text), rules.words
    if not least <= len(found) <= most:
        return Verdict(f"{len(found)} words, not {least} to {most}", len(found))
    if not LANGUAGES[rules.language](found):
        return Verdict(f"not in the language {rules.language}")
    what = "facts" if description.kind == "profile" else "traits"
    distinct, (least, most) = len({item.strip().casefold() for item in items}), rules.items
    if not least <= distinct <= most:
        return Verdict(f"{distinct} {what}, not {least} to {most}", distinct)
    stray = _stray(text, found, items, traits=description.kind == "personality")
    return Verdict(f"not in the text: {stray[0][:80]!r}", len(stray)) if stray else None


_NUMBERS = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip
_LIGHT = """have having had been being were does do did also very some any lives living works working likes enjoys loves
    name named years year old person someone often usually regularly currently former"""
_WEIGHTLESS = _COMMON["en"] | frozenset(_LIGHT.split())


def unsupported(text: str, items: tuple[str, ...], *, traits: bool) -> list[str]:
    """The ``items`` that ``text`` does not bear out.

    Of an item's weighty words at least half must stand in the text, in any inflection, and every number of it; a trait
    may also stand there in other words, as the lexicon knows them.
    """
    return _stray(text, words(text), items, traits=traits)


def _stray(text: str, found: Sequence[str], items: Sequence[str], *, traits: bool) -> list[str]:
    """``unsupported``, given the words that were ``found`` in ``text``."""
    said, named = frozenset(found), frozenset(traits_of(text)) if traits else frozenset()
    asked = [item for item in items if not (named and canonical(item) in named)]
    # An item all of whose words are the text's needs no stems.
    loose = [item for item in asked if not (own := words(item)) or not said.issuperset(own)]
    stems = {_stem(part) for part in _parts(found)} if loose else set()
    stray = []
    for item in loose:
        parts = _parts(words(item))
        weighty = [w for w in parts if w not in _WEIGHTLESS] or parts
        numbers = [w for w in weighty if w.isdigit()]
        here = sum(_stem(w) in stems for w in weighty)
        if not weighty or 2 * here < len(weighty) or any(n not in stems for n in numbers):
            stray.append(item)
    return stray


def _parts(found: Sequence[str]) -> list[str]:
    """The words ``found``, those joined by hyphens apart, numbers up to twelve as digits."""
    parts = []
    for word in found:
        parts += word.replace("'", "-").split("-") if "-" in word or "'" in word else [word]
    return [_NUMBERS.get(part, part) for part in parts]


@lru_cache(maxsize=10_000)
def _stem(word: str) -> str:
    """Crude on purpose: "gardens", "gardening" and "garden" meet, and so do a few strangers."""
    if word.isdigit() or len(word) <= 4:
        return word.rstrip("s") if len(word) > 3 else word
    for ending in ("ingly", "ness", "ing", "ers", "ies", "ed", "es", "er", "ly", "s", "y", "e"):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)][:7]
    return word[:7]
