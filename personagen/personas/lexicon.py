"""The trait lexicon: the words of ``lexicon.toml`` with their regular derivations and American spellings."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Literal

Valence = Literal["flattering", "unflattering", "neutral"]

_LEXICON = tomllib.loads((Path(__file__).parent / "lexicon.toml").read_text(encoding="utf-8"))

_NOUNS = {"ent": "ence", "ant": "ance", "ive": "ivity", "ous": "osity", "le": "ly", "ble": "bility", "ic": "icism"}


def _american(word: str) -> str:
    for ours, theirs in (("onour", "onor"), ("umour", "umor"), ("anis", "aniz"), ("centred", "centered")):
        word = word.replace(ours, theirs)
    return word


def _derived(adjective: str) -> Iterator[str]:
    """Regular nouns and adverbs of an adjective; forms that are not English words do no harm."""
    stem = adjective[:-1]
    if adjective.endswith("y"):
        yield from (f"{stem}iness", f"{stem}ily")
    else:
        yield f"{adjective}ness"
        yield f"{adjective}ly" if not adjective.endswith(("ic", "le")) else f"{adjective}ally"
    for ending, noun in _NOUNS.items():
        if adjective.endswith(ending):
            yield adjective.removesuffix(ending) + noun


def _read() -> tuple[dict[str, str], dict[str, Valence], frozenset[str], frozenset[str]]:
    """The values of ``FORMS``, ``VALENCE``, ``ADJECTIVES`` and ``FIRSTS``."""
    forms: dict[str, str] = {}
    valence: dict[str, Valence] = {}
    adjectives: set[str] = set()
    for sound, block in _LEXICON["traits"].items():
        for entry in " ".join(block.split()).split("; "):
            trait, _, others = entry.partition(":")
            plain, _, irregular = others.partition("|")
            valence[trait] = sound
            for word in (trait, *plain.split()):
                adjectives |= {word, _american(word)}
                for form in (word, *_derived(word)):
                    forms.setdefault(form, trait)
                    forms.setdefault(_american(form), trait)
            forms |= {form: trait for word in irregular.split() for form in (word, _american(word))}
    joined = {form.replace("-", ""): trait for form, trait in forms.items()}
    firsts = frozenset(form.split("-")[0] for form in forms if "-" in form)
    return joined, valence, frozenset(a.replace("-", "") for a in adjectives), firsts


#: Every known form without hyphens -> its canonical trait; the valence of each canonical trait; the forms that are
#: adjectives; the first parts of forms written with a hyphen.
FORMS, VALENCE, ADJECTIVES, FIRSTS = _read()
FORMS.pop("fairly")
#: Turns of phrase as tokens -> their trait.
TURNS: dict[tuple[str, ...], str] = {
    turn: trait
    for trait, phrases in _LEXICON["turns"].items()
    for phrase in phrases.split(", ")
    for turn in product(*(choice.split("/") for choice in phrase.split()))
}
OPPOSITE = {a: b for pair in _LEXICON["opposites"]["pairs"].split(",") for a, b in [pair.split()]}
OPPOSITE |= {b: a for a, b in OPPOSITE.items()}
CONTEXT = {name: frozenset(words.split()) for name, words in _LEXICON["context"].items()}

#: Each trait -> the group of those that show alike in how somebody writes: "punctual" and "organised".
AKIN = {trait: group for group, words in _LEXICON["akin"].items() for trait in words.split()}


def _opposed() -> dict[str, frozenset[str]]:
    """Each trait and those that rarely go with it: its opposite, and the words of the groups opposed to its own."""
    groups = {name: words.split() for name, words in _LEXICON["opposed"].items() if name != "pairs"}
    apart: dict[str, set[str]] = {one: {other} for one, other in OPPOSITE.items()}
    for pair in _LEXICON["opposed"]["pairs"].split(","):
        first, second = (groups[name] for name in pair.split())
        for one, other in product(first, second):
            apart.setdefault(one, set()).add(other)
            apart.setdefault(other, set()).add(one)
    return {one: frozenset(others) for one, others in apart.items()}


def _contradicted() -> list[tuple[re.Pattern[str], frozenset[str]]]:
    groups = _LEXICON["opposed"]
    return [
        (
            re.compile(
                r"\b(?:"
                + "|".join(re.escape(phrase.strip()) for phrase in phrases.split(",")).replace(r"\ ", r"\s+")
                + ")"
            ),
            frozenset(groups[name].split() if name in groups else [name]),
        )
        for name, phrases in _LEXICON["contradicted"].items()
    ]


OPPOSED = _opposed()
#: Phrases in a profile, and the traits that they contradict.
CONTRADICTED = _contradicted()
