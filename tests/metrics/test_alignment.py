"""ALOE's metrics: the published figures for known series, undefined cases, intervals that hold what they should."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.metrics import alignment
from personagen.metrics.alignment import compared, curve, improvement

SERIES = st.lists(st.floats(1, 5), min_size=2, max_size=12)


def test_a_step_half_way_has_the_largest_normalized_slope_that_ten_turns_allow():
    found = improvement([1] * 5 + [2] * 5)
    assert round(found.n_ir, 4) == 0.1515
    assert found.ir == pytest.approx(found.n_ir)  # max - min is 1


@pytest.mark.parametrize(("first", "last"), [(1, 5), (4.00, 4.01), (3, 3.5)])
def test_any_straight_line_of_ten_turns_has_the_normalized_slope_one_ninth(first, last):
    found = improvement(np.linspace(first, last, 10).tolist())
    assert round(found.n_ir, 4) == 0.1111
    assert found.ir == pytest.approx((last - first) / 9)
    assert found.r2 == pytest.approx(1)


def test_a_flat_series_has_no_slope_and_nothing_to_explain():
    found = improvement([3.2] * 10)
    assert (found.ir, found.n_ir, found.r2, found.n_r2) == (0, 0, 0, 0)


@pytest.mark.parametrize("series", [[], [3.0], [1.0, float("nan")]])
def test_a_series_without_two_numbers_is_refused(series):
    with pytest.raises(ValueError, match="at least two turns"):
        improvement(series)


@given(SERIES)
def test_the_slope_is_that_of_least_squares(series):
    found, turns = improvement(series), np.arange(1, len(series) + 1)
    assert found.ir == pytest.approx(np.polyfit(turns, series, 1)[0], abs=1e-9)


@given(SERIES, st.floats(0.1, 10), st.floats(-5, 5))
def test_scaling_the_scores_changes_neither_the_normalized_slope_nor_the_fit(series, factor, added):
    if np.ptp(series) < 1e-3:
        return
    one, other = improvement(series), improvement([factor * value + added for value in series])
    assert one.n_ir == pytest.approx(other.n_ir, abs=1e-6)
    assert one.r2 == pytest.approx(other.r2, abs=1e-6)
    assert abs(one.n_ir) <= 0.5000001 * 2  # two turns: from 0 to 1 in one step


def test_al_is_the_mean_over_the_personas_rated_at_a_turn():
    found = curve(np.array([[1.0, 2.0], [3.0, np.nan]]))
    assert [one.value for one in found.al] == [2.0, 2.0]
    assert found.counts == (2, 1)
    assert found.figures["gain"].value == 0


def test_a_turn_without_a_rating_has_no_al_and_no_slope():
    found = curve(np.array([[1.0, np.nan], [3.0, np.nan]]))
    assert found.al[1] is None
    assert found.figures["ir"] is None
    assert found.figures["first"].value == 2
    assert found.smallest_slope is None


@pytest.mark.parametrize("scores", [np.zeros((0, 3)), np.zeros((3, 0)), np.zeros(3)])
def test_scores_without_personas_or_turns_are_refused(scores):
    with pytest.raises(ValueError, match=r"shape \(personas, turns\)"):
        curve(scores)


def test_the_interval_of_the_slope_holds_the_true_one_in_about_95_of_100_samples():
    rng, held = np.random.default_rng(3), 0
    for _ in range(100):
        person = rng.normal(0, 0.5, (60, 1))
        scores = 3 + 0.02 * np.arange(10) + person + rng.normal(0, 0.8, (60, 10))
        ir = curve(scores).figures["ir"]
        held += ir.low <= 0.02 <= ir.high
    assert 88 <= held <= 99


def test_pure_noise_gives_a_normalized_slope_as_large_as_the_paper_prints_and_an_interval_that_holds_0():
    rng = np.random.default_rng(0)
    found = [curve(rng.integers(1, 6, (100, 10)).astype(float)) for _ in range(40)]
    assert max(abs(one.figures["n_ir"].value) for one in found) > 0.05
    assert sum(one.figures["ir"].low <= 0 <= one.figures["ir"].high for one in found) >= 35


def test_the_smallest_slope_is_found_in_about_80_of_100_samples():
    rng = np.random.default_rng(5)
    least = curve(3 + rng.normal(0, 0.8, (60, 10))).smallest_slope
    drawn = [curve(3 + least * np.arange(10) + rng.normal(0, 0.8, (60, 10))) for _ in range(100)]
    assert 65 <= sum(one.figures["ir"].low > 0 for one in drawn) <= 92


def test_a_paired_difference_leaves_out_what_a_persona_adds_to_both():
    rng = np.random.default_rng(1)
    person = rng.normal(0, 1.5, (50, 1))
    base = 3 + person + rng.normal(0, 0.2, (50, 4))
    ours = base + 0.3 + rng.normal(0, 0.2, (50, 4))
    paired = compared(ours, base).figures["average"]
    alone = curve(ours).figures["average"]
    assert paired.low > 0.2
    assert paired.high - paired.low < (alone.high - alone.low) / 3


def test_a_persona_counts_in_a_comparison_only_where_both_are_rated():
    ours, base = np.array([[5.0, 2.0], [1.0, 2.0]]), np.array([[1.0, 2.0], [np.nan, 1.0]])
    found = compared(ours, base)
    assert found.difference[0].value == 4
    assert (found.wins[0].value, found.wins[1].value) == (1.0, 0.75)


def test_runs_with_other_turns_cannot_be_compared():
    with pytest.raises(ValueError, match="can't be paired"):
        compared(np.ones((2, 3)), np.ones((2, 4)))


def test_the_mean_of_two_groups_differs_with_an_interval():
    found = alignment.two_means(np.array([2.0, 2.5, 3.0]), np.array([1.0, 1.5, 2.0]))
    assert found.value == pytest.approx(1)
    assert found.low < 1 < found.high
    assert alignment.two_means(np.array([]), np.array([1.0])) is None


def test_the_same_scores_give_the_same_intervals():
    scores = np.random.default_rng(0).integers(1, 6, (20, 5)).astype(float)
    assert curve(scores) == curve(scores)
