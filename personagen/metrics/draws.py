"""What was drawn for new descriptions against what became of it: which were kept, and what their texts say."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from personagen.metrics.spread import AGES
from personagen.personas.english.text import attributes_of, pronoun_of
from personagen.personas.population import TRAITS, UNFLATTERING

Drawn = Mapping[str, str | int]
Shares = dict[str, dict[str, dict[str, int]]]

MIN_DRAWN = 20  # times, before a value counts as kept rarely
MIN_DEVIATIONS = 3.5  # below the others, so that among a hundred values chance rarely shows one


def _values(name: str, value: str | int) -> list[str]:
    """What is counted of a drawn value: an age by group, a share in steps of twenty, each trait by itself."""
    if name == "age" and isinstance(value, int):
        return [next(group for group, end in AGES if value < end)]
    if name == UNFLATTERING and isinstance(value, int):
        return [f"{value // 20 * 20}-{value // 20 * 20 + 19} %"]
    return str(value).split(", ") if name == TRAITS else [str(value)]


def drawn_and_kept(kept: Iterable[Drawn], rejected: Iterable[Drawn]) -> Shares:
    """For each attribute and value how often it was ``drawn`` for a description that was received, and ``kept``."""
    counts: dict[str, dict[str, Counter[str]]] = {}
    for people, stayed in ((kept, True), (rejected, False)):
        for person in people:
            for name, value in person.items():
                for one in _values(name, value):
                    count = counts.setdefault(name, {}).setdefault(one, Counter())
                    count.update(drawn=1, kept=int(stayed))
    return {
        name: {value: {"drawn": c["drawn"], "kept": c["kept"]} for value, c in sorted(values.items(), key=_most)}
        for name, values in counts.items()
    }


def _most(item: tuple[str, Counter[str]]) -> tuple[int, str]:
    return -item[1]["drawn"], item[0]


def rarely_kept(shares: Shares) -> list[tuple[str, str, float]]:
    """(attribute, value, share kept) of values that the filters reject far more often than others, the worst first.

    Two proportions are compared with a pooled z-test, of values drawn ``MIN_DRAWN`` times or more.
    """
    found = []
    for name, values in shares.items():
        drawn, kept = (sum(count[what] for count in values.values()) for what in ("drawn", "kept"))
        for value, count in values.items():
            n, others = count["drawn"], drawn - count["drawn"]
            if n < MIN_DRAWN or not others:
                continue
            share, pooled = count["kept"] / n, kept / drawn
            below = (kept - count["kept"]) / others - share
            spread = math.sqrt(pooled * (1 - pooled) * (1 / n + 1 / others))
            if spread and below / spread >= MIN_DEVIATIONS:
                found.append((below / spread, name, value, share))
    return [(name, value, share) for _, name, value, share in sorted(found, reverse=True)]


def as_drawn(people: Sequence[tuple[str, Drawn]]) -> dict[str, dict[str, int]]:
    """How many English texts state an age or a pronoun (``read``) and the drawn one (``same``), by attribute."""
    found = {name: {"drawn": 0, "read": 0, "same": 0} for name in ("age", "pronoun")}
    for text, drawn in people:
        said = {"age": attributes_of(text).get("age"), "pronoun": pronoun_of(text)}
        for name, count in found.items():
            if name in drawn:
                count["drawn"] += 1
                count["read"] += said[name] is not None
                count["same"] += said[name] == drawn[name]
    return {name: count for name, count in found.items() if count["drawn"]}
