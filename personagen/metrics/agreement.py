"""Agreement of judges, and rates, with intervals. The sums they need can be added over conversations.

A rate's interval allows for verdicts of one conversation being alike: its variance is that of a ratio estimator with
conversations as clusters (Cochran 1977, Sampling Techniques, section 3.9).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Z = 1.959964  # of a 95 % interval


@dataclass(frozen=True)
class Estimate:
    """An estimate, the bounds of its 95 % interval, and the number of verdicts or pairs of verdicts behind it."""

    value: float
    low: float
    high: float
    count: int


def sums(hits: int, count: int) -> dict[str, int]:
    """What ``rate`` needs of one conversation with ``hits`` among ``count``."""
    return {"hits": hits, "count": count, "hits2": hits * hits, "count2": count * count, "both": hits * count}


def rate(added: Mapping[str, int]) -> Estimate | None:
    """The share of hits from the ``sums`` of all conversations; None without any.

    Around 0 and 1 the interval is Wilson's (1927, JASA 22) with the effective number of verdicts, so never a point.
    """
    count = added.get("count", 0)
    if not count:
        return None
    value = added["hits"] / count
    spread = added["hits2"] - 2 * value * added["both"] + value**2 * added["count2"]
    plain = value * (1 - value) * count
    # As many independent verdicts as would vary so; never more than there are.
    size = count / max(1.0, spread / plain) if plain > 0 else float(count)
    middle = (value + Z**2 / (2 * size)) / (1 + Z**2 / size)
    half = Z / (1 + Z**2 / size) * math.sqrt(value * (1 - value) / size + Z**2 / (4 * size**2))
    return Estimate(value, max(0.0, min(value, middle - half)), min(1.0, max(value, middle + half)), count)


def kappa(table: Mapping[str, int], categories: Sequence[str], *, ordinal: bool = False) -> Estimate | None:
    """Cohen's kappa of two raters: 1 is full agreement, 0 what chance would give.

    ``table`` counts ``one/other`` verdicts by their ``categories``. With ``ordinal`` a disagreement counts by the
    square of the distance of its categories in their order (weighted kappa, Cohen 1968). None for an empty table, or
    if both raters use only one category.

    Sources: Cohen 1960, Educational and Psychological Measurement 20; Cohen 1968, Psychological Bulletin 70; the
    interval: Fleiss, Cohen and Everitt 1969, Psychological Bulletin 72, for independent pairs of verdicts.
    """
    size = len(categories)
    counts = [[table.get(f"{one}/{other}", 0) for other in categories] for one in categories]
    count = sum(map(sum, counts))
    if not count or size < 2:
        return None
    share = [[n / count for n in row] for row in counts]
    rows, columns = [sum(row) for row in share], [sum(column) for column in zip(*share, strict=True)]
    weight = [[1 - ((i - j) / (size - 1)) ** 2 if ordinal else float(i == j) for j in range(size)] for i in range(size)]
    cells = [(i, j) for i in range(size) for j in range(size)]
    observed = sum(weight[i][j] * share[i][j] for i, j in cells)
    chance = sum(weight[i][j] * rows[i] * columns[j] for i, j in cells)
    if chance > 1 - 1e-12:
        return None
    value = (observed - chance) / (1 - chance)
    by_row = [sum(weight[i][j] * columns[j] for j in range(size)) for i in range(size)]
    by_column = [sum(weight[i][j] * rows[i] for i in range(size)) for j in range(size)]
    total = sum(share[i][j] * (weight[i][j] - (by_row[i] + by_column[j]) * (1 - value)) ** 2 for i, j in cells)
    variance = max(0.0, total - (value - chance * (1 - value)) ** 2) / (count * (1 - chance) ** 2)
    half = Z * math.sqrt(variance)
    return Estimate(value, max(-1.0, value - half), min(1.0, value + half), count)
