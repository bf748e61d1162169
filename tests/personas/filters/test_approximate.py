"""The index for large pools: what it finds, what it leaves out, and that the search through it tells the truth."""

from __future__ import annotations

import numpy as np
import pytest

from personagen.personas.filters import nearest
from personagen.personas.filters.approximate import MAX_HITS_PER_PIVOT, PIVOTS_PER_QUERY, ApproximateIndex
from personagen.personas.filters.nearest import Rows


def unit(rows):
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def texts(random, count, dims=96, vocabulary=400, words=6):
    """Vectors as those of texts are: sums of a few of many directions, some of them common."""
    directions = np.random.default_rng(7).standard_normal((vocabulary, dims))
    picked = (vocabulary * random.random((count, words)) ** 1.5).astype(int)
    return unit(directions[picked].sum(axis=1) + 0.3 * random.standard_normal((count, dims)))


def near(random, rows, cosine):
    """For each row a vector at that cosine from it."""
    noise = random.standard_normal(rows.shape)
    noise = unit(noise - np.einsum("ij,ij->i", noise, rows)[:, None] * rows)
    return unit(cosine * rows + np.sqrt(1 - cosine**2) * noise)


@pytest.fixture(scope="module")
def pool():
    return texts(np.random.default_rng(0), 20_000)


@pytest.fixture
def indexed(monkeypatch, pool):
    """The rows of ``pool``, searched through the index."""
    monkeypatch.setattr(nearest, "MAX_EXACT_ROWS", 1000)
    rows = Rows()
    for row in pool:
        rows.add(row)
    return rows


@pytest.mark.slow
@pytest.mark.parametrize("cosine", [0.86, 0.92, 0.98])
def test_of_a_thousand_repeats_in_a_large_pool_at_most_one_is_missed(indexed, pool, cosine):
    random = np.random.default_rng(1)
    rows = random.choice(len(pool), 1000, replace=False)
    found = indexed.search(near(random, pool[rows], cosine), 0.85, 0, len(pool))
    assert sum(hit.row is None for hit in found) <= 1
    assert sum(hit.row == row for hit, row in zip(found, rows, strict=True)) >= 990


@pytest.mark.slow
def test_the_index_turns_nothing_away_that_comparing_every_pair_lets_pass(indexed, pool):
    queries = np.concatenate([texts(np.random.default_rng(2), 300), near(np.random.default_rng(3), pool[:300], 0.8)])
    exact = queries.astype(np.float64) @ pool.T.astype(np.float64)
    for hit, scores in zip(indexed.search(queries, 0.8, 0, len(pool)), exact, strict=True):
        if hit.row is not None:
            assert hit.score == pytest.approx(scores[hit.row], abs=1e-9)
            assert hit.score >= 0.8


def test_the_index_names_few_pairs_beside_those_that_reach_the_threshold(pool):
    index = ApproximateIndex(pool)
    index.add(pool)
    queries = texts(np.random.default_rng(4), 400)
    q, r = index.close(queries, 0.85)
    assert len(q) < 0.002 * len(queries) * len(pool)
    assert len(q) == len({*zip(q.tolist(), r.tolist(), strict=True)})


def test_rows_added_after_the_index_was_made_are_found_and_those_past_the_view_are_not(indexed, pool):
    indexed.search(pool[:2], 0.85, 0, len(pool))
    later = texts(np.random.default_rng(5), 50)
    for row in later:
        indexed.add(row)
    stop = len(pool) + 30
    found = indexed.search(later, 0.99, 0, stop)
    assert [hit.row for hit in found] == [*range(len(pool), stop), *[None] * 20]
    assert all(hit.row is None for hit in indexed.search(pool[:20], 0.99, 100, stop))


def test_a_pool_that_outgrows_its_index_gets_a_larger_one_and_loses_nothing(monkeypatch, pool):
    monkeypatch.setattr(nearest, "MAX_EXACT_ROWS", 1000)
    rows, made_for = Rows(), []
    for at, row in enumerate(pool):
        rows.add(row)
        if at + 1 in (2000, 20_000):
            found = rows.search(pool[: at + 1 : 97], 0.999, 0, at + 1)
            assert [hit.row for hit in found] == list(range(0, at + 1, 97))
            made_for.append(rows._index.made_for)
    assert made_for == [2000, 20_000]


def test_the_same_rows_and_queries_give_the_same_answers(monkeypatch, pool):
    monkeypatch.setattr(nearest, "MAX_EXACT_ROWS", 1000)
    queries, answers = near(np.random.default_rng(6), pool[:500], 0.86), []
    for _ in range(2):
        rows = Rows()
        for row in pool:
            rows.add(row)
        answers.append(rows.search(queries, 0.85, 0, len(pool)))
    assert answers[0] == answers[1]
    assert isinstance(answers[0][0].row, int)


def test_a_search_without_queries_finds_nothing(indexed, pool):
    assert indexed.search(np.zeros((0, 96), np.float32), 0.9, 0, len(pool)) == []


def test_a_crowd_of_copies_is_not_compared_one_by_one_but_still_found(pool):
    crowd = np.concatenate([pool[:3000], np.tile(pool[:1], (3000, 1))])
    index = ApproximateIndex(crowd)
    index.add(crowd)
    q, r = index.close(pool[:5], 0.95)
    assert len(q) <= 5 * PIVOTS_PER_QUERY * MAX_HITS_PER_PIVOT
    assert all((crowd[r[q == at]] @ pool[at] > 0.999).any() for at in range(5))
