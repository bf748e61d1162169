"""What the author gets wrong, as a real model would, so that every filter has something to turn away.

Each slip happens in a known share of the descriptions: of a hundred about ninety are in order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from random import Random

from personagen.llm.offline.author_grammar import inflected, pick
from personagen.llm.offline.texts import bank, capital, fill
from personagen.records import Kind
from personagen.text import facts_of, pronoun_of
from personagen.traits import traits_of

#: One of the examples again, with one detail changed.
REPEATED = 0.03
#: Too few facts or traits.
SHORT = 0.015
#: A trait in a profile, or a fact in a personality.
MIXED = 0.015
#: Written as a list.
LISTED = 0.01
#: An earlier one of the same reply again, in other words and in another order.
RETOLD = 0.015
TOTAL = REPEATED + SHORT + MIXED + LISTED + RETOLD

# Longer examples are cut: a repeat is a description, whatever was shown.
_LONGEST = 2000
_NUMBER = re.compile(r"\b\d{1,3}\b")
_DETAIL = re.compile(r"(?<=[a-z,] )[a-z]{5,}\b")
_STOP = re.compile(r"(?<=\.) ")


def drawn(rng: Random) -> str | None:
    """The slip that happens to the next description, or None."""
    dice = rng.random()
    if dice >= TOTAL:
        return None
    shares = {"repeated": REPEATED, "short": SHORT, "mixed": MIXED, "listed": LISTED, "retold": RETOLD}
    for name, share in shares.items():
        if dice < share:
            return name
        dice -= share
    return None


def repeated(examples: Sequence[str], rng: Random, kind: Kind) -> tuple[str, list[str]] | None:
    """An example with one detail changed, and the facts or traits in it; None where no example has words."""
    shown = [example for example in examples if example.strip()]
    if not shown:
        return None
    # Half a surrogate pair, which JSON can't hold, becomes a question mark.
    text = pick(shown, rng)[:_LONGEST].encode("utf-8", "replace").decode()
    spots = list(_NUMBER.finditer(text)) or list(_DETAIL.finditer(text))
    if spots:
        spot = pick(spots, rng)
        number = spot.group().isdigit()
        other = (
            str(max(1, int(spot.group()) + rng.choice((-3, -2, -1, 1, 2, 3))))
            if number
            else pick(bank("author_slips")["details"], rng)
        )
        text = text[: spot.start()] + other + text[spot.end() :]
    found: Callable[[str], tuple[str, ...]] = facts_of if kind == "profile" else traits_of
    return text, list(found(text))[:10]


def mixed(text: str, rng: Random, kind: Kind) -> str:
    """``text`` with a sentence of the wrong kind somewhere behind its first."""
    who = pronoun_of(text) or "they"
    said = fill(pick(bank("author_slips")[f"in_a_{kind}"], rng), rng, {"age": str(rng.randint(19, 80))})
    first, stop, rest = text.partition(". ")
    return f"{first}. {capital(who)} {inflected(said, who)}.{' ' + rest if stop else ''}"


def listed(text: str, rng: Random) -> str:
    """The sentences of ``text`` as a list of the kind models fall into."""
    mark = pick(("- ", "* ", "{}. ", "{}) "), rng)
    lines = _STOP.split(text)
    return "\n".join(f"{mark.format(number)}{line}" for number, line in enumerate(lines, 1))
