"""Numbers about how different texts are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personagen.metrics.diversity import Round, acceptance_curve, distinct_n, nearest_similarity, vendi_score


def rows(seed, count, dims):
    found = np.random.default_rng(seed).standard_normal((count, dims))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def test_distinct_counts_different_runs_over_all_runs():
    texts = ["the cat sat", "the cat ran", "The CAT sat"]
    assert distinct_n(texts, 1) == 4 / 9
    assert distinct_n(texts, 2) == 3 / 6
    assert distinct_n(texts, 3) == 2 / 3


def test_runs_do_not_cross_from_one_text_to_the_next():
    assert distinct_n(["a b", "c d"], 2) == 1.0
    assert distinct_n(["a", "b"], 2) == 0.0
    assert distinct_n([], 1) == 0.0


@pytest.mark.parametrize(("count", "dims"), [(6, 9), (9, 9), (6, 6)])
def test_texts_at_right_angles_count_in_full(count, dims):
    assert vendi_score(np.eye(count, dims, dtype=np.float32)) == pytest.approx(count)


def test_copies_of_one_text_count_as_one():
    assert vendi_score(np.tile(rows(1, 1, 8), (50, 1))) == pytest.approx(1.0)
    assert vendi_score(np.concatenate([np.eye(3, 8, dtype=np.float32)] * 20)) == pytest.approx(3.0)


def test_the_score_is_that_of_the_full_matrix_of_cosines():
    for count, dims in ((40, 12), (12, 40)):
        vectors = rows(2, count, dims).astype(float)
        values = np.linalg.eigvalsh(vectors @ vectors.T / count)
        values = values[values > 1e-12]
        assert vendi_score(vectors.astype(np.float32)) == pytest.approx(
            np.exp(-(values * np.log(values)).sum()), rel=1e-5
        )


@settings(deadline=None)
@given(st.integers(0, 99), st.integers(1, 40), st.integers(1, 20))
def test_the_score_lies_between_one_and_the_number_of_texts(seed, count, dims):
    assert 1 - 1e-6 <= vendi_score(rows(seed, count, dims)) <= count + 1e-6


def test_an_empty_pool_scores_nothing():
    assert vendi_score(np.zeros((0, 4), np.float32)) == 0.0
    assert nearest_similarity(np.zeros((0, 4), np.float32)) is None
    assert nearest_similarity(rows(0, 1, 4)) is None


def test_the_nearest_other_entry_is_found_across_blocks():
    vectors = rows(3, 9000, 6)
    vectors[8990] = vectors[5]
    found = nearest_similarity(vectors[:400])
    cosines = vectors[:400] @ vectors[:400].T
    np.fill_diagonal(cosines, -1)
    best = cosines.max(axis=1)
    assert (found.mean, found.max, found.of) == pytest.approx((best.mean(), best.max(), 400))
    assert (found.p50, found.p95) == pytest.approx(tuple(np.quantile(best, [0.5, 0.95])))
    assert nearest_similarity(vectors, sample=8999).max == pytest.approx(1.0)


def test_in_a_large_pool_a_sample_is_asked_about_every_entry_and_its_size_is_told():
    vectors = np.concatenate([rows(4, 500, 5), rows(4, 500, 5)])
    found = nearest_similarity(vectors, seed=1, sample=40)
    assert found.of == 40
    assert found.mean == pytest.approx(1.0)
    assert found == nearest_similarity(vectors, seed=1, sample=40)


def test_the_acceptance_curve_merges_rounds_and_loses_none():
    rounds = [Round(asked=10, admitted=10 - n // 5, pool=100 + n) for n in range(45)]
    curve = acceptance_curve(rounds, points=20)
    assert len(curve) <= 20
    assert sum(r.asked for r in curve) == 450
    assert sum(r.admitted for r in curve) == sum(r.admitted for r in rounds)
    assert curve[-1].pool == 144
    assert curve[0].share == pytest.approx(1.0)
    assert curve[0].share > curve[-1].share


def test_few_rounds_are_told_one_by_one():
    rounds = [Round(20, 18, 38), Round(20, 0, 38)]
    assert acceptance_curve(rounds) == rounds
    assert [r.share for r in rounds] == [0.9, 0.0]
    assert acceptance_curve([]) == []
    assert Round(0, 0, 5).share == 0.0
