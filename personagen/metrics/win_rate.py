"""Win rates with intervals: turns of one conversation are not independent, so whole conversations are resampled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

RESAMPLES = 2000
COVERAGE = 95.0  # percent of the resamples that an interval holds
_CHUNK = 4_000_000  # numbers drawn at a time
Counts = Sequence[tuple[float, int]]


@dataclass(frozen=True)
class Interval:
    """An estimate, and the bounds of its 95 % interval."""

    value: float
    low: float
    high: float


def win_rate(counts: Counts) -> Interval | None:
    """The share of wins from ``(wins, pairs)`` of each conversation; None without a pair."""
    return _interval(_table([counts]))


def difference(one: Counts, other: Counts) -> Interval | None:
    """The win rate of ``other`` minus that of ``one``, from ``(wins, pairs)`` of the same conversations in each."""
    return _interval(_table([one, other]))


def _table(runs: Sequence[Counts]) -> npt.NDArray[np.float64]:
    """(run, conversation, wins and pairs), without conversations that have no pair at all."""
    table = np.array(runs, np.float64).reshape(len(runs), -1, 2)
    return table[:, table[:, :, 1].sum(axis=0) > 0]


def _interval(table: npt.NDArray[np.float64]) -> Interval | None:
    size = table.shape[1]
    if not table[:, :, 1].sum(axis=1).all():
        return None
    drawn = [_rates(table, np.arange(size)[None])]
    random, step = np.random.default_rng(0), max(1, _CHUNK // size)
    for start in range(0, RESAMPLES, step):
        drawn.append(_rates(table, random.integers(0, size, (min(step, RESAMPLES - start), size))))
    [value], *resampled = drawn
    rates = np.concatenate(resampled)
    rates = rates[np.isfinite(rates)]
    low, high = np.percentile(rates, [(100 - COVERAGE) / 2, (100 + COVERAGE) / 2])
    return Interval(float(value), float(low), float(high))


def _rates(table: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The rate, or the difference of the two, for each row of drawn conversations."""
    with np.errstate(invalid="ignore"):
        rates = [(wins := run[rows].sum(axis=1))[:, 0] / wins[:, 1] for run in table]
    found: npt.NDArray[np.float64] = rates[-1] - rates[0] if len(rates) > 1 else rates[0]
    return found
