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


def rates(tables: Sequence[Counts]) -> list[Interval | None]:
    """The share of each of ``tables``, one (numerator, denominator) a conversation, which are drawn for all at once.

    None for a share without a denominator. Every table has the same conversations.
    """
    whole = np.array(tables, np.float64).reshape(len(tables), -1, 2)
    size = whole.shape[1]
    if not size:
        return [None] * len(whole)
    random, step = np.random.default_rng(0), max(1, _CHUNK // size)
    drawn = [np.ones((1, size))]
    found = []
    for start in range(0, RESAMPLES, step):
        count = min(step, RESAMPLES - start)
        places = random.integers(0, size, (count, size)) + size * np.arange(count)[:, None]
        drawn.append(np.bincount(places.ravel(), minlength=count * size).reshape(count, size).astype(np.float64))
        with np.errstate(invalid="ignore", divide="ignore"):
            found += [(times @ whole[:, :, 0].T) / (times @ whole[:, :, 1].T) for times in drawn]
        drawn = []
    return [_bounds(column) for column in np.concatenate(found).T]


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
    return _bounds(np.concatenate(drawn))


def _bounds(drawn: npt.NDArray[np.float64]) -> Interval | None:
    """The interval whose estimate is the first of ``drawn``, of the others; None if the first is no number."""
    value, resampled = drawn[0], drawn[1:]
    if not np.isfinite(value):
        return None
    low, high = np.percentile(resampled[np.isfinite(resampled)], [(100 - COVERAGE) / 2, (100 + COVERAGE) / 2])
    return Interval(float(value), float(low), float(high))


def _rates(table: npt.NDArray[np.float64], rows: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The rate, or the difference of the two, for each row of drawn conversations."""
    with np.errstate(invalid="ignore"):
        rates = [(wins := run[rows].sum(axis=1))[:, 0] / wins[:, 1] for run in table]
    found: npt.NDArray[np.float64] = rates[-1] - rates[0] if len(rates) > 1 else rates[0]
    return found
