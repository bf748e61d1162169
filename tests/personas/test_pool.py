"""Conversation a pool, and combining two into personas."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personagen.encoders import hashed
from personagen.personas import pool
from personagen.personas.english.text import pronoun_of
from personagen.personas.filters import FILTERS, SCREENS, PoolView, Refusal, Rules, Threshold, candidate
from personagen.personas.seeds import load_seeds
from personagen.records import Description, content_id
from tests.personas.filters.pools import FACTS, PERSONALITY, PROFILE, TRAITS, described, pool_of, profile, vector

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


# combine


def profiles(count, pronoun="She"):
    return [described(f"{pronoun} is {20 + n} and lives in house number {n}.", (f"is {20 + n}",)) for n in range(count)]


def personalities(count, pronoun="She"):
    return [described(f"{pronoun} was patient in way {n}.", ("patient",), "personality") for n in range(count)]


def pairs(personas):
    return [(p.profile, p.personality) for p in personas]


PRONOUNS = ("She", "He", "They", "Nobody")  # the last is none
MIXED = st.lists(st.sampled_from(PRONOUNS), max_size=25)


def mixed(make, pronouns):
    return [entry for at, pronoun in enumerate(pronouns) for entry in make(at + 1, pronoun)[-1:]]


def fit(profile, personality):
    used = {pronoun_of(profile.text), pronoun_of(personality.text)}
    return len(used) == 1 or None in used


@settings(deadline=None)
@given(of_profiles=MIXED, of_personalities=MIXED, per=st.integers(1, 12), seed=st.integers(0, 99))
def test_each_profile_gets_different_personalities_that_fit_it_and_no_text_changes(
    of_profiles, of_personalities, per, seed
):
    people, characters = mixed(profiles, of_profiles), mixed(personalities, of_personalities)
    made = pool.combine(people, characters, per_profile=per, seed=seed)
    for person in people:
        fitting = {character.text for character in characters if fit(person, character)}
        given_to = [p.personality for p in made if p.profile == person.text]
        assert len(given_to) == len(set(given_to)) == min(per, len(fitting))
        assert set(given_to) <= fitting
    assert len({p.id for p in made}) == len(made)


@settings(deadline=None)
@given(of_profiles=MIXED, of_personalities=MIXED, per=st.integers(1, 12), seed=st.integers(0, 99))
def test_personalities_of_one_pronoun_are_used_equally_often(of_profiles, of_personalities, per, seed):
    characters = mixed(personalities, of_personalities)
    uses = Counter(
        p.personality for p in pool.combine(mixed(profiles, of_profiles), characters, per_profile=per, seed=seed)
    )
    for pronoun in ("she", "he", "they", None):
        counts = [uses[character.text] for character in characters if pronoun_of(character.text) == pronoun]
        assert not counts or max(counts) - min(counts) <= 1


def test_a_personality_that_the_profile_speaks_against_is_taken_only_if_no_other_is_left():
    host = described("She hosts the street party each June and is 40.", ("is 40",))
    quiet = described("She is withdrawn and neat.", ("withdrawn", "neat"), "personality")
    loud = described("She is loud and neat.", ("loud", "neat"), "personality")
    for seed in range(20):
        [made] = pool.combine([host], [quiet, loud], per_profile=1, seed=seed)
        assert made.personality == loud.text
        [first, second] = pool.combine([host], [quiet, loud], per_profile=2, seed=seed)
        assert (first.personality, second.personality) == (loud.text, quiet.text)
    [alone] = pool.combine([host], [quiet], per_profile=1, seed=0)
    assert alone.personality == quiet.text
    others = {made.personality for seed in range(20) for made in combined(profiles(1), [quiet, loud], seed)}
    assert others == {quiet.text, loud.text}


def combined(people, characters, seed):
    return pool.combine(people, characters, per_profile=1, seed=seed)


def test_one_that_was_passed_over_is_there_for_the_next_profile():
    host = described("She hosts the street party each June and is 40.", ("is 40",))
    quiet = described("She is withdrawn and neat.", ("withdrawn", "neat"), "personality")
    loud = described("She is loud and neat.", ("loud", "neat"), "personality")
    for seed in range(20):
        made = pool.combine([host, *profiles(1)], [quiet, loud], per_profile=1, seed=seed, most=1)
        assert [p.personality for p in made] == [loud.text, quiet.text]


@pytest.mark.parametrize("most", [1, 2, 5])
def test_no_personality_is_shared_by_more_than_it_may_be(most):
    made = pool.combine(profiles(30), personalities(7), per_profile=2, seed=0, most=most)
    uses = Counter(persona.personality for persona in made)
    assert max(uses.values()) == most
    assert len(made) == min(60, 7 * most)


def test_profiles_choose_from_the_personalities_that_are_open_to_them():
    people, characters = profiles(12), personalities(12)
    made = pool.combine(people, characters, per_profile=1, seed=1, open_to=lambda number: number + 1)
    for number, persona in enumerate(made):
        assert persona.personality in [character.text for character in characters[: number + 1]]
    smaller = pool.combine(people[:5], characters[:5], per_profile=1, seed=1, open_to=lambda number: number + 1)
    assert made[:5] == smaller


def test_a_note_tells_which_profiles_have_fewer_personas_than_asked_for():
    people = [*profiles(2), *profiles(3, "They")[2:], *profiles(4, "Nobody")[3:]]
    made = pool.combine(people, personalities(3), per_profile=2, seed=0)
    assert len(made) == 6
    [note] = pool.unpaired(people, made, 2)
    assert note.startswith("1 of 4 profiles (1 they) have fewer personas than --per-profile 2, 1 of them none")
    [note] = pool.unpaired(people, made, 4)
    assert (
        "4 of 4 profiles (2 she, 1 they, 1 no pronoun) have fewer personas than --per-profile 4, 1 of them none" in note
    )
    assert pool.unpaired(people[:2], made, 2) == []


def test_the_same_text_twice_counts_once():
    assert len(pool.combine(profiles(2) * 2, personalities(3) * 2, per_profile=9, seed=0)) == 6


def test_the_seed_decides_who_meets_whom():
    first, again, other = (
        pairs(pool.combine(profiles(9), personalities(9), per_profile=2, seed=seed)) for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_personas_stand_in_the_order_of_the_profiles():
    made = pool.combine(profiles(5), personalities(4), per_profile=3, seed=3)
    assert [p.profile for p in made] == [p.text for p in profiles(5) for _ in range(3)]


def test_the_packaged_seeds_give_every_profile_several_personalities():
    seeds = load_seeds(None)
    made = pool.combine(seeds.profiles, seeds.personalities, per_profile=3, seed=0)
    assert len(made) == 60
    assert {p.personality for p in made} == {entry.text for entry in seeds.personalities}


def test_a_persona_says_what_it_is_made_of_and_by_whom():
    half = Description(id="a", kind="profile", text=PROFILE, items=FACTS, origin="openai/x", prompt_hash="abc")
    other = Description(id="b", kind="personality", text=PERSONALITY, items=TRAITS, prompt_hash="def")
    [made] = pool.combine([half], [other], per_profile=1, seed=0)
    assert made.id == content_id(made.profile, made.personality)
    assert (made.facts, made.traits) == (FACTS, TRAITS)
    assert made.attributes == {"age": 34, "gender": "female"}
    assert made.origin == {"profile": "openai/x", "personality": "seed"}
    assert made.prompt_hash == "abc+def"


def test_facts_and_traits_are_read_off_texts_that_come_without_a_list():
    [made] = pool.combine([described(PROFILE)], [described(PERSONALITY, (), "personality")], per_profile=1, seed=0)
    assert made.facts == FACTS
    assert {"impatient", "generous", "blunt"} <= set(made.traits)


@pytest.mark.skipif(not ALOE.is_dir(), reason="needs ALOE's pools; set TEST_PERSONAGEN_ALOE to their folder")
@pytest.mark.parametrize(
    ("kind", "most"),
    [("profile", {"misplaced": 1, "duplicates": 0, "similarity": 7}),
     ("personality", {"misplaced": 0, "same_traits": 3, "duplicates": 2, "similarity": 3})],
)  # fmt: skip
def test_of_aloes_own_entries_only_the_near_ones_would_be_turned_away(kind, most):
    seeds, own = load_seeds(ALOE), load_seeds(None)
    entries = seeds.profiles if kind == "profile" else seeds.personalities
    encoder = hashed.encoder([e.text for e in (*own.profiles, *own.personalities)])
    vectors = asyncio.run(encoder.encode([e.text for e in entries]))
    asking = [candidate(e, e.source, v) for e, v in zip(entries, vectors, strict=True)]
    view = PoolView(Rules(similarity=(encoder.thresholds or {})[kind]))
    rejected_messages = {
        name: len(pool.screen(asking, view, {name: ask})[1]) for name, ask in SCREENS.items() if name == "misplaced"
    }
    for name, ask in FILTERS[kind].items():
        rejected_messages[name] = len(pool.admit(asking, PoolView(view.rules), {name: ask}).rejections)
    assert set(rejected_messages) == set(most)
    assert all(rejected_messages[name] <= most[name] for name in most), rejected_messages


def test_attributes_are_read_off_the_listed_facts_before_the_text():
    profile = Description(
        id="a",
        kind="profile",
        text="Sixty candles stood on her cake. She sells hats.",
        items=("She is 60", "She sells hats"),
    )
    personality = Description(id="b", kind="personality", text="She is blunt.", items=("blunt",))
    (persona,) = pool.combine([profile], [personality], per_profile=1, seed=0)
    assert persona.attributes == {"age": 60, "gender": "female"}
