"""The values of ``--grow``: which replies of a tree continue."""

from __future__ import annotations

import re

GROWTHS = ("coin", "best", "all", "best-hard", "information")
BEAM = "beam:"
MIN_BEAM, MAX_BEAM = 2, 1000
# Growths whose trees have several branches that are answered to their ends; so has a beam.
BRANCHING = ("all", "best-hard")


def growth(text: str) -> str:
    """The normalized ``text``.

    Raises:
        ValueError: it is no growth; says what to choose.
    """
    plain = "".join(text.split()).lower()
    if plain in GROWTHS or beam_width(plain):
        return plain if plain in GROWTHS else f"{BEAM}{beam_width(plain)}"
    if plain.startswith(BEAM.rstrip(":")):
        raise ValueError(f"give a beam a width from {MIN_BEAM} to {MAX_BEAM:,}, such as {BEAM}4")
    raise ValueError(f"choose one of {', '.join(GROWTHS)} or {BEAM}B, where B is the number of branches")


def beam_width(grow: str) -> int:
    """The B of ``beam:B``; 0 for any other growth."""
    found = re.fullmatch(rf"{BEAM}([0-9]{{1,6}})", grow)
    width = int(found[1]) if found else 0
    return width if MIN_BEAM <= width <= MAX_BEAM else 0


def is_branching(grow: str) -> bool:
    """Whether trees of this growth have several branches that are answered to their ends."""
    return grow in BRANCHING or bool(beam_width(grow))
