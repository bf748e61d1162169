"""ALOE's alignment metrics (arXiv 2410.03642), with intervals: does a model fit a user better as they talk?

AL(k) is the mean judge score of the replies at turn k over all personas. Scores come as an array (personas, turns) of
numbers from 1 to 5, NaN where a reply was not rated. Intervals hold 95 % of bootstrap samples over personas (Efron
1979, Annals of Statistics 7), since the turns of one conversation are not independent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from personagen.metrics.win_rate import COVERAGE, RESAMPLES, Interval

Scores = npt.NDArray[np.float64]
POWER = 2.802  # 1.960 + 0.842: a slope this many standard errors from 0 is found at 95 % in 80 of 100 samples


@dataclass(frozen=True)
class Improvement:
    """How AL(k) changes over the turns.

    ``ir`` is the least-squares slope of AL(k) on k, in points a turn; ``n_ir`` the slope after AL is scaled to [0, 1],
    which is ir / (max - min); ``r2`` the share of the variance of AL that the line explains, ``n_r2`` that of the
    scaled line, which is the same. Where max = min there is nothing to scale or explain: all four are 0.
    """

    ir: float
    n_ir: float
    r2: float
    n_r2: float


def improvement(al: Sequence[float]) -> Improvement:
    """The improvement of the series AL(1..K); arXiv 2410.03642, section 4.1.

    ``n_ir`` says nothing about size: every straight line of ten turns has 0.1111, from 4.00 to 4.01 as from 1 to 5.
    Look at ``ir`` with its interval.

    Raises:
        ValueError: there are fewer than two turns, or one is not a number.
    """
    series = np.asarray(al, np.float64)
    if series.ndim != 1 or len(series) < 2 or not np.isfinite(series).all():
        raise ValueError("AL needs a number for each of at least two turns")
    ir, n_ir, r2 = (float(values[0]) for values in _improvements(series[None]))
    return Improvement(ir, n_ir, r2, r2)


@dataclass(frozen=True)
class Curve:
    """AL(k) with its interval at each turn, the ``counts`` of rated replies, and the ``figures`` by name.

    Figures: ``average`` of AL, ``ir``, ``n_ir``, ``r2``, ``first`` and ``last`` AL, their difference ``gain``, ``area``
    under the curve by the number of steps. ``smallest_slope`` is the least slope that a sample of this size finds in 80
    of 100 cases; None if it can't be known. A turn without a rated reply is None, and so are figures that need it.
    """

    al: tuple[Interval | None, ...]
    counts: tuple[int, ...]
    figures: dict[str, Interval | None]
    smallest_slope: float | None


def curve(scores: Scores, seed: int = 0) -> Curve:
    """AL(k) and its figures for ``scores`` (personas, turns).

    Raises:
        ValueError: there is no persona, or no turn.
    """
    _check(scores)
    drawn = _resampled(scores, seed)
    al = _means(scores[None])
    turns = tuple(_interval(al[0, k], drawn[:, k]) for k in range(scores.shape[1]))
    values, spread = _figures(al), _figures(drawn)
    figures = {name: _interval(value[0], spread[name]) for name, value in values.items()}
    slopes = spread["ir"][np.isfinite(spread["ir"])]
    known = len(scores) > 1 and len(slopes) > 1 and figures["ir"] is not None
    least = POWER * float(np.std(slopes, ddof=1)) if known else None
    counts = tuple(int(count) for count in np.isfinite(scores).sum(axis=0))
    return Curve(turns, counts, figures, least)


@dataclass(frozen=True)
class Comparison:
    """One model minus another on the same personas, with intervals.

    ``difference`` of AL(k) and ``wins``, the share of personas whose reply is rated higher at turn k (equal ones count
    half), by turn; ``figures`` are the differences of the figures of ``Curve``.
    """

    difference: tuple[Interval | None, ...]
    wins: tuple[Interval | None, ...]
    figures: dict[str, Interval | None]


def compared(scores: Scores, base: Scores, seed: int = 0) -> Comparison:
    """``scores`` against those of a ``base`` model; both (personas, turns), row i of the same persona.

    A persona counts at a turn where both replies are rated. Both are resampled together, so that what a persona adds to
    both cancels.

    Raises:
        ValueError: the shapes differ, or there is no persona or no turn.
    """
    _check(scores)
    if scores.shape != base.shape:
        raise ValueError(f"scores of shape {scores.shape} can't be paired with {base.shape}")
    both = np.isfinite(scores) & np.isfinite(base)
    ours, theirs = np.where(both, scores, np.nan), np.where(both, base, np.nan)
    won = np.where(both, (ours > theirs) + 0.5 * (ours == theirs), np.nan)
    ours_drawn, theirs_drawn, won_drawn = (_resampled(one, seed) for one in (ours, theirs, won))
    al, base_al, wins = (_means(one[None]) for one in (ours, theirs, won))
    turns = range(scores.shape[1])
    figures, spread = _minus(al, base_al), _minus(ours_drawn, theirs_drawn)
    return Comparison(
        tuple(_interval((al - base_al)[0, k], (ours_drawn - theirs_drawn)[:, k]) for k in turns),
        tuple(_interval(wins[0, k], won_drawn[:, k]) for k in turns),
        {name: _interval(value[0], spread[name]) for name, value in figures.items()},
    )


def mean(values: npt.ArrayLike, seed: int = 0) -> Interval | None:
    """The mean of one number a persona, NaN where there is none, with its interval; None without any."""
    column = np.asarray(values, np.float64).reshape(-1, 1)
    return curve(column, seed).al[0] if len(column) else None


def _check(scores: Scores) -> None:
    if scores.ndim != 2 or not scores.size:
        raise ValueError(f"scores have the shape (personas, turns), not {scores.shape}")


def _resampled(scores: Scores, seed: int) -> Scores:
    """AL of each of ``RESAMPLES`` samples of the personas, as (samples, turns)."""
    rows = np.random.default_rng(seed).integers(0, len(scores), (RESAMPLES, len(scores)))
    return np.concatenate([_means(scores[part]) for part in np.array_split(rows, max(1, rows.size // 200_000))])


def _means(scores: Scores) -> Scores:
    """The mean over the personas of (samples, personas, turns), as (samples, turns); NaN where there is none."""
    known = np.isfinite(scores)
    count = known.sum(axis=1)
    total = np.where(known, scores, 0.0).sum(axis=1)
    found: Scores = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0)
    return found


def _improvements(al: Scores) -> tuple[Scores, Scores, Scores]:
    """``ir``, ``n_ir`` and ``r2`` of each series of (series, turns)."""
    turn = np.arange(1, al.shape[1] + 1) - (al.shape[1] + 1) / 2
    around = al - al.mean(axis=1, keepdims=True)
    spread, total = np.ptp(al, axis=1), (around**2).sum(axis=1)
    flat = spread <= 1e-12 * np.maximum(1.0, np.abs(al).max(axis=1))
    ir = np.where(flat, 0.0, around @ turn / (turn**2).sum())
    n_ir = np.divide(ir, spread, out=np.zeros_like(ir), where=~flat)
    r2 = np.divide(ir**2 * (turn**2).sum(), total, out=np.zeros_like(ir), where=~flat)
    return ir, np.where(np.isnan(al).any(axis=1), np.nan, n_ir), np.where(np.isnan(al).any(axis=1), np.nan, r2)


def _figures(al: Scores) -> dict[str, Scores]:
    """The figures of each series of (series, turns), as (series,); those of slopes need two turns."""
    found: dict[str, Scores] = {"average": al.mean(axis=1), "first": al[:, 0], "last": al[:, -1]}
    found["gain"] = found["last"] - found["first"]
    ir, n_ir, r2 = _improvements(al) if al.shape[1] > 1 else (np.full(len(al), np.nan),) * 3
    steps = (al[:, 1:] + al[:, :-1]) / 2
    area = steps.mean(axis=1) if al.shape[1] > 1 else al[:, 0]
    return found | {"ir": ir, "n_ir": n_ir, "r2": r2, "area": area}


def _minus(one: Scores, other: Scores) -> dict[str, Scores]:
    theirs = _figures(other)
    return {name: value - theirs[name] for name, value in _figures(one).items()}


def _interval(value: float, drawn: Scores) -> Interval | None:
    """``value`` with the bounds that ``drawn`` gives it; None if it is not a number."""
    finite = drawn[np.isfinite(drawn)]
    if not math.isfinite(value) or not len(finite):
        return None
    low, high = np.percentile(finite, [(100 - COVERAGE) / 2, (100 + COVERAGE) / 2])
    return Interval(float(value), min(float(low), float(value)), max(float(high), float(value)))


def row_means(scores: Scores) -> Scores:
    """The mean of each persona over the turns of (personas, turns), NaN where there is none."""
    means: Scores = _means(scores.T[None])[0]
    return means


def two_means(one: Scores, other: Scores, seed: int = 0) -> Interval | None:
    """The mean of ``one`` minus that of ``other``, two groups of personas, resampled each by itself."""
    if not len(one) or not len(other):
        return None
    drawn = _resampled(one[:, None], seed) - _resampled(other[:, None], seed + 1)
    return _interval(float((_means(one[None, :, None]) - _means(other[None, :, None]))[0, 0]), drawn[:, 0])
