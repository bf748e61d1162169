"""Growing a pool: draws, screens and admission."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personagen.personas import pool
from personagen.personas.filters import FILTERS, SCREENS, PoolView, Refusal, Rules, Threshold, candidate
from tests.personas.filters.pools import FACTS, PROFILE, described, pool_of, profile, vector

ALOE = Path(os.environ.get("TEST_PERSONAGEN_ALOE") or Path(__file__).parents[3] / "shared" / "data" / "aloe")
RULES = Rules(similarity=Threshold.fixed(0.9))


def entry(text, at=0, angle=0.0):
    return candidate(described(text, FACTS), f"profile/0/0/{at}", vector(np.cos(angle), np.sin(angle)))


def round_of(*angles):
    return [entry(f"Text number {at} of many others", at, angle) for at, angle in enumerate(angles)]


SIMILARITY = {"similarity": FILTERS["profile"]["similarity"]}


def test_a_pool_starts_with_every_seed_however_alike():
    seeds = [described(PROFILE), described(PROFILE)]
    view = pool.start(seeds, np.stack([vector(1, 0), vector(1, 0)]), RULES)
    assert view.entries == tuple(seeds)


def test_a_draw_depends_on_the_seed_and_the_place_alone():
    view = pool_of(*(profile(f"text {n}") for n in range(30)))
    assert pool.draw(view, 1, "a") == pool.draw(view, 1, "a")
    draws = {tuple(e.id for e in pool.draw(view, seed, place)) for seed in range(5) for place in "abcde"}
    assert len(draws) == 25


def test_a_draw_gives_different_entries_and_all_of_a_small_pool():
    view = pool_of(*(profile(f"text {n}") for n in range(7)))
    assert len({e.id for e in pool.draw(view, 1, "a")}) == 5
    assert {e.id for e in pool.draw(view, 1, "a", 50)} == {e.id for e in view.entries}
    assert pool.draw(PoolView(), 1, "a") == []


def test_a_draw_reaches_every_entry():
    view = pool_of(*(profile(f"text {n}") for n in range(12)))
    drawn = Counter(e.id for n in range(600) for e in pool.draw(view, 0, f"profile/{n}"))
    assert len(drawn) == 12
    assert max(drawn.values()) < 1.4 * min(drawn.values())


def test_screening_needs_no_vectors_and_says_where_what_and_why():
    good, bad = replace(profile(), place="profile/0/0/0"), candidate(described("Too short.", FACTS), "profile/0/0/1")
    passed, [rejection] = pool.screen([good, bad], PoolView(), SCREENS)
    assert passed == [good]
    assert (rejection.place, rejection.gate, rejection.reason) == ("profile/0/0/1", "format", "2 words, not 30 to 250")
    assert (rejection.text, rejection.score, rejection.nearest) == ("Too short.", 2.0, None)


def test_a_repeat_within_a_round_loses_to_the_earlier_slot():
    view = pool_of(profile(), rules=RULES, vectors=[vector(-1, 0.0)])
    candidates = round_of(0.0, 0.1, 1.5, 1.6)
    admission = pool.admit(candidates, view, SIMILARITY)
    assert [d.text[:13] for d in admission.admitted] == ["Text number 0", "Text number 2"]
    assert [r.nearest for r in admission.rejections] == [candidates[0].description.id, candidates[2].description.id]
    assert [r.score for r in admission.rejections] == pytest.approx([np.cos(0.1)] * 2, abs=1e-6)


def test_a_rejected_candidate_stands_in_nobodys_way():
    view = pool_of(profile(), rules=RULES, vectors=[vector(1, 0.0)])
    admission = pool.admit(round_of(0.4, 0.8), view, SIMILARITY)
    assert [d.text[:13] for d in admission.admitted] == ["Text number 1"]
    assert [r.nearest for r in admission.rejections] == [view[0].id]


def test_a_repeat_of_the_frozen_pool_names_the_entry():
    view = pool_of(profile(), rules=RULES, vectors=[vector(1, 0)])
    [rejection] = pool.admit(round_of(0.05), view, SIMILARITY).rejections
    assert (rejection.gate, rejection.nearest) == ("similarity", view[0].id)


def test_the_pool_that_was_frozen_does_not_change():
    view = pool_of(profile(), rules=RULES, vectors=[vector(-1, 0)])
    grown = pool.admit(round_of(0.0, 1.5), view, SIMILARITY).view
    assert (len(view), len(grown)) == (1, 3)
    assert view.entries == grown.entries[:1]


def test_filters_are_asked_in_order_and_the_first_verdict_counts():
    asked = []

    def named(name, verdict):
        def ask(_, view):
            asked.append((name, len(view)))
            return verdict

        return ask

    filters = {"one": named("one", None), "two": named("two", Refusal("no")), "three": named("three", Refusal("never"))}
    [rejection] = pool.admit(round_of(0.0), PoolView(RULES), filters).rejections
    assert (rejection.gate, rejection.reason) == ("two", "no")
    assert asked == [("one", 0), ("two", 0)]


def test_a_filter_of_ones_own_sees_the_pool_and_those_admitted_before():
    def three_at_most(_, view):
        return Refusal("full", score=len(view), nearest=view[-1].id) if len(view) >= 3 else None

    admission = pool.admit(round_of(0.0, 1.0, 2.0, 3.0, 4.0), PoolView(RULES), {"mine": three_at_most})
    assert len(admission.admitted) == 3
    assert [(r.gate, r.score) for r in admission.rejections] == [("mine", 3.0)] * 2


def test_a_round_without_candidates_changes_nothing():
    view = pool_of(profile(), rules=RULES)
    admission = pool.admit([], view, FILTERS["profile"])
    assert (admission.view, admission.admitted, admission.rejections) == (view, (), ())


def test_a_candidate_without_a_vector_is_an_error():
    with pytest.raises(ValueError, match="no vector"):
        pool.admit([profile()], PoolView(RULES), {})


@settings(deadline=None)
@given(seed=st.integers(0, 500), cuts=st.lists(st.integers(1, 9), min_size=1, max_size=12))
def test_what_is_admitted_does_not_depend_on_how_slots_fall_into_rounds(seed, cuts):
    """At a fixed threshold, one candidate after the other and all at once come to the same pool."""
    random = np.random.default_rng(seed)
    candidates = round_of(*random.uniform(0, 7, size=sum(cuts)))
    once = pool.admit(candidates, PoolView(RULES), SIMILARITY)
    view, rejections = PoolView(RULES), []
    for cut in cuts:
        admission = pool.admit(candidates[:cut], view, SIMILARITY)
        view, rejections, candidates = admission.view, [*rejections, *admission.rejections], candidates[cut:]
    assert view.entries == once.view.entries
    assert [(r.place, r.nearest) for r in rejections] == [(r.place, r.nearest) for r in once.rejections]
