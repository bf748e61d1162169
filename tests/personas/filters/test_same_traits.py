"""The filter for personalities with the same traits."""

from __future__ import annotations

from personagen.personas.filters import PoolView, Rules
from personagen.personas.filters.repeats import same_traits
from tests.personas.filters.pools import PERSONALITY, TRAITS, personality, pool_of

OTHER = ("calm", "shy", "stubborn", "honest", "lazy", "gentle", "moody", "sceptical")


def test_other_traits_pass():
    assert same_traits(personality("Something else altogether.", OTHER), pool_of(personality())) is None


def test_the_same_traits_in_any_order_and_wording_are_one():
    entry = personality()
    synonyms = (
        "steadfast",
        "inquisitive",
        *TRAITS[::-1][2:3],
        "open-handed",
        "forgetful",
        "tactless",
        "impatient",
        "witty",
    )
    again = personality(
        "Told in another way.", [*("loyalty", "curiosity"), *(t for t in TRAITS if t not in ("loyal", "curious"))]
    )
    verdict = same_traits(again, pool_of(personality("x", OTHER), entry))
    assert verdict.reason == "the same traits as an entry"
    assert (verdict.score, verdict.nearest) == (1.0, entry.description.id)
    assert len(synonyms) == 8


def test_seven_of_eight_traits_in_common_are_too_many_and_six_are_not():
    seven = personality("x", (*TRAITS[:7], "lazy"))
    six = personality("x", (*TRAITS[:6], "lazy", "shy"))
    verdict = same_traits(seven, pool_of(personality()))
    assert verdict.score == round(7 / 9, 6)
    assert verdict.reason == "78% of the traits are an entry's"
    assert same_traits(six, pool_of(personality())) is None


def test_a_trait_that_no_entry_has_still_counts_as_a_difference():
    new = personality("x", (*TRAITS, "lazy", "shy", "moody"))
    assert same_traits(new, pool_of(personality())) is None


def test_the_bound_is_that_of_the_rules():
    six = personality("x", (*TRAITS[:6], "lazy", "shy"))
    assert same_traits(six, pool_of(personality(), rules=Rules(traits=0.6))).score == 0.6


def test_traits_are_read_off_a_text_that_came_without_a_list():
    assert same_traits(personality(PERSONALITY, ()), pool_of(personality())).score == 1.0


def test_an_empty_pool_turns_nothing_away():
    assert same_traits(personality(), PoolView()) is None
