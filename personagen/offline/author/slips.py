"""The author's slips, like those of real models, so that every filter has something to reject."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from random import Random

from personagen.offline.author.grammar import inflected
from personagen.offline.texts import bank, capital, fill
from personagen.personas.english.text import pronoun_of
from personagen.records import Kind

# Repeated: an example with one detail or one to three traits changed. Short: too few facts or traits. Mixed: a trait
# in a profile, or a fact in a personality. Listed: written as a list. Reworded: an earlier one of the same reply in
# other words.
SHARES = {"repeated": 0.03, "short": 0.015, "mixed": 0.015, "listed": 0.01, "reworded": 0.015}

MAX_EXAMPLE_CHARS = 2000
_NUMBER = re.compile(r"\b\d{1,3}\b")
_DETAIL = re.compile(r"(?<=[a-z,] )[a-z]{5,}\b")
_JOINT = re.compile(r"[.,;:]\s+| and ")


def drawn(rng: Random) -> str | None:
    """The slip of the next description, or None."""
    return rng.choices([*SHARES, None], [*SHARES.values(), 1 - sum(SHARES.values())])[0]


def repeated(examples: Sequence[str], rng: Random, kind: Kind) -> tuple[str, list[str]] | None:
    """An example with a detail or one to three traits changed, and its facts or traits; None without examples."""
    shown = [example for example in examples if example.strip()]
    if not shown:
        return None
    # JSON can't hold lone surrogates.
    text = rng.choice(shown)[:MAX_EXAMPLE_CHARS].encode("utf-8", "replace").decode()
    patterns = (_NUMBER, _DETAIL) if kind == "profile" else (_trait_words(),)
    spots = next((found for pattern in patterns if (found := list(pattern.finditer(text)))), [])
    changed = rng.sample(spots, min(len(spots), 1 if kind == "profile" else rng.randint(1, 3)))
    for spot in sorted(changed, key=lambda spot: -spot.start()):
        text = text[: spot.start()] + _other(spot.group(), kind, rng) + text[spot.end() :]
    if kind == "profile":
        return text, [part for part in _JOINT.split(text.rstrip(".")) if part][:10]
    return text, list(dict.fromkeys(word.lower() for word in _trait_words().findall(text)))[:10]


def _other(said: str, kind: Kind, rng: Random) -> str:
    """Another number, detail or trait than ``said``."""
    if said.isdecimal():
        return str(int(said) + rng.randint(1, 3))
    others = bank("author_slips")["details"] if kind == "profile" else [*bank("author_traits")["traits"]]
    other: str = rng.choice(others)
    return capital(other) if said[0].isupper() else other


@cache
def _trait_words() -> re.Pattern[str]:
    words = sorted(bank("author_traits")["traits"], key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])", re.I)


def mixed(text: str, rng: Random, kind: Kind) -> str:
    """``text`` with a sentence of the wrong kind after its first."""
    who = pronoun_of(text) or "they"
    said = fill(rng.choice(bank("author_slips")[f"in_a_{kind}"]), rng, {"age": str(rng.randint(19, 80))})
    first, stop, rest = text.partition(". ")
    return f"{first}. {capital(who)} {inflected(said, who)}.{' ' + rest if stop else ''}"


def listed(text: str, rng: Random) -> str:
    """The sentences of ``text`` as a list."""
    mark = rng.choice(("- ", "* ", "{}. ", "{}) "))
    lines = text.replace(". ", ".\n").split("\n")
    return "\n".join(f"{mark.format(number)}{line}" for number, line in enumerate(lines, 1))
