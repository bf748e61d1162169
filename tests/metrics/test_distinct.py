"""Distances of replies between people and for one person."""

from __future__ import annotations

import numpy as np
import pytest

from personagen.metrics.distinct import distances


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def brute(vectors):
    people, samples, _ = vectors.shape
    cosine = np.einsum("isd,jtd->ijst", vectors, vectors)
    between = [1 - cosine[i, j].mean() for i in range(people) for j in range(people) if i != j]
    within = [1 - cosine[i, i, s, t] for i in range(people) for s in range(samples) for t in range(samples) if s != t]
    return np.mean(between), np.mean(within)


@pytest.mark.parametrize("samples", [2, 3])
def test_the_means_are_those_of_all_pairs_of_replies(samples):
    vectors = unit(np.random.default_rng(0).normal(size=(7, samples, 5)))
    found = distances(vectors)
    between, within = brute(vectors)
    assert found is not None
    assert found.between.value == pytest.approx(between)
    assert found.within.value == pytest.approx(within)
    assert found.gap.value == pytest.approx(between - within)


def test_a_model_that_writes_for_nobody_has_no_gap_and_one_that_writes_for_each_has():
    rng = np.random.default_rng(1)
    for_nobody = distances(unit(rng.normal(size=(40, 2, 64))))
    own = rng.normal(size=(40, 1, 64))
    for_each = distances(unit(own + 0.5 * rng.normal(size=(40, 2, 64))))
    assert for_nobody is not None
    assert for_each is not None
    assert for_nobody.gap.low < 0 < for_nobody.gap.high
    assert for_each.gap.low > 0.5


def test_a_persona_that_is_drawn_twice_is_not_compared_with_itself():
    """Of people who are all equally far apart, every sample of them has the same distance."""
    found = distances(np.repeat(np.eye(6)[:, None], 2, axis=1))
    assert found is not None
    assert (found.between.low, found.between.high) == (1.0, 1.0)
    assert (found.within.value, found.gap.value) == (0.0, 1.0)


@pytest.mark.parametrize("shape", [(1, 2, 3), (4, 1, 3), (0, 2, 3)])
def test_two_people_and_two_samples_are_needed(shape):
    assert distances(np.ones(shape)) is None


def test_an_array_of_another_form_is_refused():
    with pytest.raises(ValueError, match="personas, samples, dimensions"):
        distances(np.ones((2, 3)))
