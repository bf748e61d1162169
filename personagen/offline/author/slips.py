"""The author's slips, like those of real models, so that every filter has something to reject.

Each slip occurs in a known share of the descriptions; about 90 % have none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from random import Random

from personagen.offline.author.grammar import inflected, pick
from personagen.offline.texts import bank, capital, fill
from personagen.personas.english.text import pronoun_of
from personagen.personas.traits import traits_of
from personagen.records import Kind

#: An example with one detail or one to three traits changed.
REPEATED = 0.03
#: Too few facts or traits.
SHORT = 0.015
#: A trait in a profile, or a fact in a personality.
MIXED = 0.015
#: Written as a list.
LISTED = 0.01
#: An earlier one of the same reply in other words and another order.
REWORDED = 0.015
TOTAL = REPEATED + SHORT + MIXED + LISTED + REWORDED

# Longer examples are cut.
MAX_EXAMPLE_CHARS = 2000
_NUMBER = re.compile(r"\b\d{1,3}\b")
_DETAIL = re.compile(r"(?<=[a-z,] )[a-z]{5,}\b")
_JOINT = re.compile(r"[.,;:]\s+| and ")
_STOP = re.compile(r"(?<=\.) ")


def drawn(rng: Random) -> str | None:
    """The slip of the next description, or None."""
    dice = rng.random()
    if dice >= TOTAL:
        return None
    shares = {"repeated": REPEATED, "short": SHORT, "mixed": MIXED, "listed": LISTED, "reworded": REWORDED}
    for name, share in shares.items():
        if dice < share:
            return name
        dice -= share
    return None


def repeated(examples: Sequence[str], rng: Random, kind: Kind) -> tuple[str, list[str]] | None:
    """An example with a detail or one to three traits changed, and its facts or traits.

    None if no example has words.
    """
    shown = [example for example in examples if example.strip()]
    if not shown:
        return None
    # JSON can't hold lone surrogates.
    text = pick(shown, rng)[:MAX_EXAMPLE_CHARS].encode("utf-8", "replace").decode()
    if kind == "profile":
        text = _with_another_detail(text, rng)
        return text, [part for part in _JOINT.split(text.rstrip(".")) if part][:10]
    text = _with_other_traits(text, rng)
    words = list(dict.fromkeys(match.group().lower() for match in _trait_words().finditer(text)))
    return text, words[:10] if len(words) > 7 else list(traits_of(text))[:10]


def _with_another_detail(text: str, rng: Random) -> str:
    spots = list(_NUMBER.finditer(text)) or list(_DETAIL.finditer(text))
    if not spots:
        return text
    spot = pick(spots, rng)
    if spot.group().isdecimal():
        other = str(max(1, int(spot.group()) + pick((-3, -2, -1, 1, 2, 3), rng)))
    else:
        other = pick(bank("author_slips")["details"], rng)
    return text[: spot.start()] + other + text[spot.end() :]


def _with_other_traits(text: str, rng: Random) -> str:
    spots = list(_trait_words().finditer(text))
    others = rng.sample(list(bank("author_traits")["traits"]), 3)
    chosen = rng.sample(spots, min(len(spots), pick((1, 2, 3), rng)))
    for spot, other in zip(sorted(chosen, key=lambda spot: -spot.start()), others, strict=False):
        text = text[: spot.start()] + (capital(other) if spot.group()[0].isupper() else other) + text[spot.end() :]
    return text


@cache
def _trait_words() -> re.Pattern[str]:
    words = sorted(bank("author_traits")["traits"], key=len, reverse=True)
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, words))})(?![\w-])", re.I)


def mixed(text: str, rng: Random, kind: Kind) -> str:
    """``text`` with a sentence of the wrong kind after its first."""
    who = pronoun_of(text) or "they"
    said = fill(pick(bank("author_slips")[f"in_a_{kind}"], rng), rng, {"age": str(rng.randint(19, 80))})
    first, stop, rest = text.partition(". ")
    return f"{first}. {capital(who)} {inflected(said, who)}.{' ' + rest if stop else ''}"


def listed(text: str, rng: Random) -> str:
    """The sentences of ``text`` as a list."""
    mark = pick(("- ", "* ", "{}. ", "{}) "), rng)
    lines = _STOP.split(text)
    return "\n".join(f"{mark.format(number)}{line}" for number, line in enumerate(lines, 1))
