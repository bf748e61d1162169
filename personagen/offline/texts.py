"""The cast's banks, and their template language.

A template is plain text with ``{this|that}`` (one is drawn) and ``<slot>`` (filled in; ``<Slot>`` is capitalised).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from random import Random
from typing import Any

import orjson

from personagen.personas.english.verbs import bag

_PART = re.compile(r"\{([^{}]*)\}|<([A-Za-z]+)>")
_TOKEN = re.compile(r"[^\W_][\w'-]*")
_CONSONANT = re.compile(r"(?:one|uni|use|eur|ukr|ukulele)", re.I)
_VOWEL = re.compile(r"[aeiou]|hour|honest|heir|8|1[18]\b", re.I)
OTHER_WORDS = ("it's", "we're", "i'll")  # without the apostrophe
_TRIES = 12
_TRACE = 6


@cache
def bank(name: str) -> Any:
    """The parsed content of ``bank/<name>.json``."""
    return orjson.loads((files("personagen.offline") / "bank" / f"{name}.json").read_bytes())


@cache
def word_list(name: str) -> frozenset[str]:
    """One of the word lists of ``bank/voice.json``."""
    return bag(bank("voice")[name])


@lru_cache(maxsize=8192)
def _parsed(template: str) -> tuple[str | tuple[str, ...], ...]:
    """Literal strings, and tuples: a slot if one element, else alternatives."""
    first, *rest = _PART.split(template)
    parts: list[str | tuple[str, ...]] = [first]
    for options, slot, literal in zip(rest[::3], rest[1::3], rest[2::3], strict=True):
        parts += [(slot,) if slot else tuple(options.split("|")), literal]
    return tuple(parts)


@cache
def _same() -> dict[str, str]:
    raw = bank("idiolect")
    same = {word: group.split()[0] for group in raw["same"] for word in group.split()}
    same |= {new: same.get(old, old) for old, new in raw["american"].items()}
    same |= {short: full.lower() for short, full in raw["long"].items()}
    same |= {short.replace("'", ""): full.lower() for short, full in raw["long"].items() if short not in OTHER_WORDS}
    voices = bank("voices")
    for written in (*voices["words"].values(), voices["slips"]):
        same |= {new: same.get(old, old) for old, new in written.items() if new not in same}
    return same


@lru_cache(maxsize=8192)
def canon(text: str) -> str:
    """``text`` in a canonical wording: lower case, one word of each synonym set, no contractions."""
    same = _same()
    return f" {' '.join(same.get(w, w) for w in _TOKEN.findall(text.lower().replace('’', chr(39))))} "


def pattern(template: str) -> str:
    """A regular expression for the ``canon`` of every text that ``template`` can become."""
    found = []
    for part in _parsed(template):
        if not isinstance(part, str):
            found.append(r"\b.+?\b" if len(part) == 1 else f"(?:{'|'.join(map(pattern, part))})")
        elif words := canon(part).strip():
            found.append(re.escape(words))
    return " *".join(found)


@lru_cache(maxsize=8192)
def skeleton(template: str) -> str:
    """The longest literal part of a template, in lower case."""
    return max((p for p in _parsed(template) if isinstance(p, str)), key=len).strip(" .,;:!?").lower()


def wordings(template: str) -> list[str]:
    """All texts of a template without slots."""
    out = [""]
    for part in _parsed(template):
        out = [text + option for text in out for option in ((part,) if isinstance(part, str) else part)]
    return out


def capital(text: str) -> str:
    """``text`` with its first letter in upper case."""
    return text[:1].upper() + text[1:]


def small(text: str) -> str:
    """``text`` with its first letter in lower case, unless the first word is ``I`` or an acronym."""
    first = text.split(" ", 1)[0].rstrip(",.;:")
    if first in {"I", "I'm", "I've", "I'd", "I'll"} or (len(first) > 1 and not first[1:].islower()):
        return text
    return text[:1].lower() + text[1:]


@cache
def with_article(noun: str) -> str:
    """``noun`` after a or an: a unicyclist, an hour, an 80-year-old."""
    vowel = _VOWEL.match(noun) and not _CONSONANT.match(noun)
    return f"{'an' if vowel else 'a'} {noun}"


def fill(template: str, rng: Random, slots: Mapping[str, str]) -> str:
    """The template with alternatives drawn and slots filled."""
    out: list[str] = []
    for part in _parsed(template):
        if isinstance(part, str):
            out.append(part)
        elif len(part) == 1:
            name = part[0]
            value = slots[name.lower()]
            out.append(capital(value) if name[0].isupper() else value)
        else:
            option = rng.choice(part)
            out.append(fill(option, rng, slots) if "<" in option else option)
    return "".join(out)


@lru_cache(maxsize=8192)
def _slots_of(template: str) -> frozenset[str]:
    return frozenset(name.lower() for name in re.findall(r"<([A-Za-z]+)>", template))


def pick(pool: Sequence[str], rng: Random, slots: Mapping[str, str], said: str = "") -> str:
    """A filled template of ``pool`` with known slots that ``said`` (``canon``) does not contain; empty if none."""
    for _ in range(_TRIES if pool else 0):
        template = pool[rng.randrange(len(pool))]
        if not _slots_of(template) <= slots.keys():
            continue
        trace = canon(skeleton(template)).strip()
        if len(trace) < _TRACE or trace not in said:
            text = fill(template, rng, slots)
            if not said or canon(text) not in said:
                return text
    return ""
