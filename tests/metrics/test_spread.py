"""Numbers about whom a pool describes."""

from __future__ import annotations

import pytest

from personagen.metrics.spread import ages, genders, opposed_share, tone


def test_neutral_and_unflattering_traits_count_as_not_flattering_and_unknown_ones_as_neither():
    found = tone([("generous", "kind"), ("rude", "private", "zorbly")])
    assert (found.flattering, found.unflattering, found.neutral, found.unknown) == (2, 1, 1, 1)
    assert found.share == 0.5


def test_synonyms_sound_as_their_trait_does():
    found = tone([("open-handed", "tactless", "conceited")])
    assert (found.flattering, found.unflattering) == (1, 2)


def test_no_traits_have_no_share():
    assert tone([]).share == 0.0
    assert tone([("zorbly",)]).share == 0.0


def test_every_age_falls_into_one_bucket_and_no_age_is_unknown():
    found = ages([{"age": a} for a in (17, 18, 29, 30, 59, 60, 75, 104)] + [{}, {"gender": "male"}])
    assert found == {
        "under 18": 1, "18-29": 2, "30-44": 1, "45-59": 1, "60-74": 1, "75 and over": 2, "unknown": 2,
    }  # fmt: skip


def test_genders_are_counted_and_no_gender_is_unknown():
    found = genders([{"gender": "female"}, {"gender": "other"}, {"gender": "female"}, {"age": 3}, {"gender": "x"}])
    assert found == {"female": 2, "male": 0, "other": 1, "unknown": 2}


@pytest.mark.parametrize("count", [ages, genders])
def test_nobody_is_spread_over_nothing(count):
    assert set(count([]).values()) == {0}


def test_the_share_with_opposed_traits_counts_each_person_once():
    assert opposed_share([("warm", "blunt", "cold"), ("warm", "witty"), ("terse",), ("loud", "quiet")]) == 0.5
    assert opposed_share([]) == 0.0
