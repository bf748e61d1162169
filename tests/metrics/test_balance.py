"""Pairs in which length says nothing: what is kept, and that no rule on length is left."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from personagen.metrics.balance import CALIPER, balanced


def gaps(count: int, shift: float, seed: int = 0) -> list[float]:
    rng = Random(seed)
    return [rng.gauss(shift, 0.5) for _ in range(count)]


def test_the_longer_reply_is_chosen_in_half_and_the_ratios_are_alike():
    made = gaps(3000, 0.4)
    kept = balanced(made)
    up, down = (np.sort([abs(made[at]) for at in kept if made[at] * sign > 0]) for sign in (1, -1))
    assert len(up) == len(down) > 550
    assert np.abs(up - down).max() <= CALIPER
    assert abs(up.mean() - down.mean()) < 0.005
    assert abs(np.mean([made[at] for at in kept])) < 0.005


def test_as_many_are_kept_as_can_be_where_there_are_plenty():
    made = gaps(4000, 0.2)
    few = sum(gap < 0 for gap in made)
    assert len(balanced(made)) > 2 * 0.97 * few


def test_each_pair_is_matched_once_with_one_of_about_its_ratio():
    made = [0.5, 0.52, 0.9, -0.5, -0.51, -2.0, 0.0]
    assert balanced(made) == [0, 1, 3, 4, 6]


@pytest.mark.parametrize("made", [[], [0.4, 0.8], [-0.4, -0.8], [0.1, -0.5]])
def test_pairs_without_a_counterpart_are_left_out(made: list[float]):
    assert balanced(made) == []


def test_the_draw_depends_on_the_seed_only():
    made = gaps(400, 0.6)
    assert balanced(made, 1) == balanced(made, 1)
    assert balanced(made, 1) != balanced(made, 2)


def test_the_nearest_free_one_is_taken():
    assert balanced([-0.5, 0.42, 0.49, 0.58]) == [0, 2]
    assert balanced([-0.5, -0.5, 0.42, 0.49, 0.61]) == [0, 1, 2, 3]


def test_a_hundred_thousand_pairs_take_a_moment():
    made = gaps(100_000, 0.8)
    assert 5_000 < len(balanced(made)) < 50_000
