"""Rates and kappas against figures worked out elsewhere, and against simulation."""

from __future__ import annotations

from collections import Counter
from random import Random
from statistics import fmean, stdev

import pytest

from personagen.metrics.agreement import kappa, rate, sums


def table(rows, categories):
    return {
        f"{a}/{b}": n for a, row in zip(categories, rows, strict=True) for b, n in zip(categories, row, strict=True)
    }


def test_kappa_of_a_table_worked_by_hand():
    # Observed 0.7, by chance 0.5: (0.7 - 0.5) / (1 - 0.5).
    found = kappa(table([[20, 5], [10, 15]], "ab"), "ab")
    assert found.value == pytest.approx(0.4)
    # The standard error by the delta method with a numerical gradient: 0.12700.
    assert (found.high - found.low) / 2 / 1.959964 == pytest.approx(0.1270, abs=5e-4)
    assert found.count == 50


def test_weighted_kappa_forgives_a_near_miss_and_punishes_a_far_one():
    near = kappa(table([[10, 5, 0], [5, 10, 5], [0, 5, 10]], "123"), "123", ordinal=True)
    far = kappa(table([[10, 0, 5], [5, 15, 0], [5, 0, 10]], "123"), "123", ordinal=True)
    plain = kappa(table([[10, 5, 0], [5, 10, 5], [0, 5, 10]], "123"), "123")
    assert near.value > plain.value > 0
    assert near.value > far.value


def test_weighted_kappa_of_two_categories_is_kappa():
    rows = table([[20, 5], [10, 15]], "ab")
    assert kappa(rows, "ab", ordinal=True) == kappa(rows, "ab")


def test_perfect_agreement_is_one_and_chance_is_zero():
    assert kappa(table([[7, 0], [0, 9]], "ab"), "ab").value == 1.0
    assert kappa(table([[9, 9], [9, 9]], "ab"), "ab").value == pytest.approx(0)
    assert kappa(table([[0, 9], [9, 0]], "ab"), "ab").value == -1.0


@pytest.mark.parametrize("rows", [[[0, 0], [0, 0]], [[30, 0], [0, 0]]])
def test_kappa_says_nothing_about_no_verdicts_or_one_category(rows):
    assert kappa(table(rows, "ab"), "ab") is None


def test_nine_in_ten_intervals_of_kappa_hold_the_truth():
    rng = Random(1)

    def pair():
        true = rng.random() < 0.7
        return "/".join("a" if (true if rng.random() < 0.9 else rng.random() < 0.5) else "b" for _ in range(2))

    truth = kappa(Counter(pair() for _ in range(200_000)), "ab").value
    found = [kappa(Counter(pair() for _ in range(120)), "ab") for _ in range(400)]
    assert fmean(one.low <= truth <= one.high for one in found) > 0.9
    assert fmean((one.high - one.low) / 2 / 1.96 for one in found) == pytest.approx(
        stdev(one.value for one in found), rel=0.15
    )


def added(parts):
    total = Counter()
    for part in parts:
        total.update(part)
    return total


def test_a_rate_is_that_of_all_verdicts():
    found = rate(added([sums(3, 4), sums(1, 4), sums(0, 0)]))
    assert (found.value, found.count) == (0.5, 8)


def test_verdicts_that_are_alike_in_a_conversation_widen_the_interval():
    alike = rate(added([sums(10, 10)] * 20 + [sums(0, 10)] * 20))
    mixed = rate(added([sums(5, 10)] * 40))
    assert alike.value == mixed.value == 0.5
    assert alike.high - alike.low > 2 * (mixed.high - mixed.low)
    assert 0.3 < alike.low < 0.4  # as 40 independent verdicts


def test_an_interval_at_the_edge_is_no_point_and_stays_inside():
    for hits in (0, 8):
        found = rate(added([sums(hits, 8)] * 3))
        assert found.low < found.high
        assert 0 <= found.low <= found.value <= found.high <= 1


def test_no_verdict_no_rate():
    assert rate({}) is None
