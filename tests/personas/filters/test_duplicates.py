"""The duplicates filter and the index behind it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personagen.personas.filters import PoolView, Rules
from personagen.personas.filters.jaccard import JaccardIndex
from personagen.personas.filters.pool_view import shingles
from personagen.personas.filters.repeats import duplicates
from tests.personas.filters.pools import PERSONALITY, PROFILE, personality, pool_of, profile

SETS = st.lists(st.frozensets(st.integers(0, 25), max_size=12), max_size=25)
MEMBERS = st.frozensets(st.integers(0, 25), min_size=1, max_size=12)


def brute(sets, members, threshold):
    scores = [(len(s & members) / len(s | members), -at) for at, s in enumerate(sets) if s | members]
    best = max(scores, default=(0.0, 0))
    return (best[0], -best[1]) if best[0] >= threshold else None


@settings(deadline=None)
@given(SETS, MEMBERS, st.sampled_from([0.2, 0.5, 0.6, 2 / 3, 0.75, 1.0]))
def test_the_index_finds_what_comparing_every_pair_finds(sets, members, threshold):
    index = JaccardIndex()
    for s in sets:
        index.add(s)
    assert index.nearest(members, threshold, len(sets)) == brute(sets, members, threshold)


@settings(deadline=None)
@given(SETS, MEMBERS, st.integers(0, 25))
def test_the_index_leaves_out_what_came_later(sets, members, among):
    index = JaccardIndex()
    for s in sets:
        index.add(s)
    assert index.nearest(members, 0.4, among) == brute(sets[:among], members, 0.4)


def test_the_index_counts_the_same_way_when_thousands_share_a_member():
    sets = [frozenset({1, 2, 3, 100 + at}) for at in range(3000)]
    index = JaccardIndex()
    for s in sets:
        index.add(s)
    assert index.nearest(frozenset({1, 2, 3, 1234}), 0.6, 3000) == (1.0, 1134)
    assert index.nearest(frozenset({1, 2, 3, 1234}), 0.6, 1000) == (0.6, 0)


def test_a_new_text_passes():
    assert duplicates(profile("He breeds snails in Ghent. " * 6), pool_of(profile())) is None


@pytest.mark.parametrize(
    "text",
    [
        PROFILE,
        PROFILE.replace("Trieste", "Antwerp").replace("Graz", "Lublin"),
        PROFILE.replace("She", "He").replace("Her", "His").replace("34", "61"),
    ],
)
def test_the_same_text_with_other_names_pronouns_or_age_is_turned_away_as_the_same(text):
    entry = profile()
    verdict = duplicates(profile(text), pool_of(profile("He breeds snails in Ghent. " * 6), entry))
    assert verdict.reason == "the same text as an entry, except for names and pronouns"
    assert (verdict.score, verdict.nearest) == (1.0, entry.description.id)


def test_a_text_with_two_details_changed_is_turned_away_with_the_overlap():
    verdict = duplicates(
        profile(PROFILE.replace("accordions", "clocks").replace("walnuts", "wasps")), pool_of(profile())
    )
    assert 0.6 <= verdict.score < 1.0
    assert verdict.reason == f"{verdict.score:.0%} of the wording is an entry's"


def test_the_bound_is_that_of_the_rules():
    changed = profile(PROFILE.replace("accordions", "clocks"))
    assert duplicates(changed, pool_of(profile(), rules=Rules(duplicate=0.5))) is not None
    assert duplicates(changed, pool_of(profile(), rules=Rules(duplicate=0.99))) is None


def test_an_empty_pool_turns_nothing_away():
    assert duplicates(profile(), PoolView()) is None
    assert duplicates(personality(PERSONALITY), PoolView()) is None


@settings(deadline=None)
@given(st.text(max_size=80))
def test_every_text_with_words_has_shingles(text):
    assert bool(shingles(text)) == bool(text.split())
