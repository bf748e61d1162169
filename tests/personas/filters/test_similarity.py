"""The similarity filter, exact search, and the threshold that rises with the pool."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personagen.personas.filters import PoolView, Rules, Threshold, candidate
from personagen.personas.filters.nearest import Nearest, Rows
from personagen.personas.filters.repeats import similarity
from personagen.personas.filters.threshold import fit
from tests.personas.filters.pools import described, pool_of, profile, vector

RULES = Rules(similarity=Threshold.fixed(0.8))


def rows_of(matrix):
    rows = Rows()
    for row in matrix:
        rows.add(row)
    return rows


def texts(random, count, dims, topics=8, noise=0.4):
    """Vectors in clusters, as those of texts are."""
    centres = random.standard_normal((topics, dims))
    found = centres[random.integers(topics, size=count)] + noise * random.standard_normal((count, dims))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float32)


def brute(matrix, query, threshold, start, stop):
    scores = matrix[start:stop].astype(np.float64) @ query.astype(np.float64)
    if not len(scores) or scores.max() < threshold:
        return None
    return float(scores.max()), start + int(np.argmax(scores >= scores.max() - 1e-12))


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    count=st.integers(0, 5000),
    dims=st.sampled_from([2, 5, 16, 48]),
    threshold=st.floats(0.1, 0.999),
    noise=st.sampled_from([0.01, 0.4, 3.0]),
    data=st.data(),
)
def test_the_search_finds_what_comparing_every_pair_finds(seed, count, dims, threshold, noise, data):
    random = np.random.default_rng(seed)
    matrix = texts(random, count + 4, dims, noise=noise)
    rows, queries = rows_of(matrix[:count]), matrix[count:]
    stop = data.draw(st.integers(0, count))
    start = data.draw(st.integers(0, stop))
    for found, query in zip(rows.search(queries, threshold, start, stop), queries, strict=True):
        expected = brute(matrix, query, threshold, start, stop)
        assert found.searched == stop
        assert (found.score is None) == (expected is None)
        if expected:
            assert found.score == pytest.approx(expected[0], abs=1e-9)
            assert found.row is not None
            assert matrix[found.row].astype(float) @ query.astype(float) == pytest.approx(expected[0], abs=1e-9)


def test_the_search_stays_exact_while_rows_are_added_between_searches():
    random = np.random.default_rng(5)
    matrix = texts(random, 12_000, 32)
    rows = Rows()
    for at, row in enumerate(matrix):
        if at % 1500 == 1499:
            query = (matrix[at // 2] + 0.05 * random.standard_normal(32)).astype(np.float32)
            query /= np.linalg.norm(query)
            [found] = rows.search(query[None], 0.5, 0, at)
            assert (found.score, found.row) == pytest.approx(brute(matrix, query, 0.5, 0, at))
        rows.add(row)


def near(random, row, noise=0.05):
    found = row + noise * random.standard_normal(len(row))
    return (found / np.linalg.norm(found)).astype(np.float32)


def test_copies_with_a_little_noise_are_found_by_sketches_that_hold_only_part_of_a_row():
    random = np.random.default_rng(2)
    # The later rows are about other things, so the axes have to turn.
    matrix = np.concatenate([texts(random, count, 64, topics=20, noise=0.15) for count in (2000, 4000)])
    rows, asked = Rows(), []
    for at, row in enumerate(matrix):
        rows.add(row)
        if at in (1500, 3500, 5999):
            queries = np.stack([near(random, matrix[n], 0.02) for n in range(at % 7, at, 97)])
            asked.append(rows._prepared(queries) is not None)
            for found, query in zip(rows.search(queries, 0.95, 0, at), queries, strict=True):
                assert (found.score, found.row) == pytest.approx(brute(matrix, query, 0.95, 0, at))
    assert asked == [True, True, True]


def test_of_equal_rows_the_oldest_is_named():
    matrix = np.tile(vector(1, 2, 2), (9000, 1))
    [found] = rows_of(matrix).search(matrix[:1], 0.9, 0, 9000)
    assert found.row == 0


def test_most_pairs_of_texts_are_settled_by_their_sketches(monkeypatch):
    random = np.random.default_rng(1)
    matrix = texts(random, 6000, 64, topics=200, noise=0.3)
    rows = rows_of(matrix)
    widths = []
    plain = Rows._close

    def spied(self, queries, sketches, threshold, low, high):
        q, r = plain(self, queries, sketches, threshold, low, high)
        widths.append((sketches is not None, len(q) / (len(queries) * (high - low))))
        return q, r

    monkeypatch.setattr(Rows, "_close", spied)
    rows.search(matrix[:50], 0.95, 0, 6000)
    assert widths[0][0]
    assert widths[0][1] < 0.02


def test_rows_of_another_length_are_refused():
    rows = rows_of(np.eye(3, dtype=np.float32))
    with pytest.raises(ValueError, match="shape"):
        rows.add(np.ones(2, np.float32))


def test_rows_handed_out_cannot_be_written_to():
    rows = rows_of(np.eye(3, dtype=np.float32))
    with pytest.raises(ValueError, match="read-only"):
        rows.first(2)[0, 0] = 5.0


def test_a_text_close_to_an_entry_is_turned_away_with_the_closest():
    pool = pool_of(profile(), profile("B" * 9), rules=RULES, vectors=[vector(1, 0.4), vector(1, 0.1)])
    verdict = similarity(replace(profile("C" * 9), vector=vector(1, 0)), pool)
    assert verdict.nearest == pool[1].id
    assert verdict.score == pytest.approx(float(vector(1, 0.1)[0]), abs=1e-6)


def test_a_text_close_to_none_passes():
    pool = pool_of(profile(), rules=RULES, vectors=[vector(1, 0)])
    assert similarity(replace(profile("C" * 9), vector=vector(1, 1)), pool) is None


def test_what_was_searched_for_the_round_is_believed_and_the_rest_is_searched():
    pool = pool_of(profile(), profile("B" * 9), rules=RULES, vectors=[vector(1, 0), vector(0, 1)])
    asks = replace(profile("C" * 9), vector=vector(1, 0.05), known=Nearest(1))
    assert similarity(asks, pool) is None
    assert similarity(replace(asks, known=Nearest(1, 0.9, 0)), pool).nearest == pool[0].id
    assert similarity(replace(asks, vector=vector(0.05, 1)), pool).nearest == pool[1].id


def test_a_hit_that_the_risen_threshold_no_longer_counts_passes():
    rising = Rules(similarity=Threshold(0.5, 0.05, 0.0, 0.9))
    pool = pool_of(*(profile(c * 9) for c in "ABCD"), rules=rising, vectors=[vector(0, 0, 1)] * 4)
    score = (rising.similarity.at(3) + rising.similarity.at(4)) / 2
    asks = replace(profile("E" * 9), vector=vector(1, 0, 0), known=Nearest(3, score, 0))
    assert similarity(asks, pool) is None


def test_an_empty_pool_turns_nothing_away():
    assert similarity(replace(profile(), vector=vector(1, 0)), PoolView(RULES)) is None


def test_a_candidate_without_a_vector_is_an_error_not_a_pass():
    with pytest.raises(ValueError, match="no vector"):
        similarity(profile(), PoolView())
    with pytest.raises(ValueError, match="no vector"):
        PoolView().with_entry(profile())


def test_a_view_does_not_change_when_it_grows():
    first = pool_of(profile(), vectors=[vector(1, 0)])
    second = first.with_entry(candidate(described("B" * 9), "", vector(0, 1)))
    assert (len(first), len(second)) == (1, 2)
    assert first.vectors.shape == (1, 2)
    assert [entry.text for entry in first.entries] == [profile().description.text]
    with pytest.raises(IndexError):
        first[1]
    with pytest.raises(ValueError, match="largest view"):
        first.with_entry(candidate(described("C" * 9), "", vector(0, 1)))


def test_a_fixed_threshold_is_the_same_at_every_size():
    assert {Threshold.fixed(0.6).at(size) for size in (0, 1, 10, 10**6)} == {0.6}


@settings(deadline=None)
@given(
    start=st.floats(0, 0.9),
    scale=st.floats(0, 0.2),
    shape=st.floats(-0.5, 0),
    ceiling=st.floats(0, 1),
    sizes=st.lists(st.integers(0, 10**6), min_size=2, max_size=2).map(sorted),
)
def test_a_threshold_never_falls_as_the_pool_grows_nor_passes_its_ceiling(start, scale, shape, ceiling, sizes):
    threshold = Threshold(start, scale, shape, ceiling)
    small, large = (threshold.at(size) for size in sizes)
    assert small <= large + 1e-12
    assert large <= ceiling


@pytest.mark.parametrize("shape", ["exponential", "normal", "uniform"])
def test_a_fitted_threshold_keeps_false_alarms_to_a_few_in_a_hundred_as_the_pool_grows(shape):
    random = np.random.default_rng(3)
    draw = {
        "exponential": lambda n: 0.1 + random.exponential(0.03, n),
        "normal": lambda n: random.normal(0.3, 0.08, n),
        "uniform": lambda n: random.uniform(0.0, 0.6, n),
    }[shape]
    threshold = fit(draw(20_000), np.full(100, 0.95))
    for size in (10, 100, 1000):
        nearest = np.array([draw(size).max() for _ in range(3000)])
        assert np.mean(nearest >= threshold.at(size)) < 0.05


def test_a_fitted_ceiling_is_what_95_of_100_repeats_reach_and_repeats_among_the_seeds_do_not_move_it():
    random = np.random.default_rng(4)
    different, repeats = random.normal(0.2, 0.05, 2000), random.uniform(0.8, 1.0, 500)
    clean, mixed = fit(different, repeats), fit(np.concatenate([different, np.full(40, 0.97)]), repeats)
    assert clean.ceiling == pytest.approx(0.81, abs=0.01)
    assert mixed == clean


def test_with_few_pairs_the_tail_is_taken_as_exponential():
    random = np.random.default_rng(4)
    assert fit(random.uniform(0, 0.5, 190), np.full(60, 0.9)).shape == 0.0
    assert fit(random.uniform(0, 0.5, 5000), np.full(60, 0.9)).shape < -0.2
