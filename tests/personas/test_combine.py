"""Combining two pools into personas."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personagen.encoders import hashed
from personagen.personas import pool
from personagen.personas.english.text import pronoun_of
from personagen.personas.filters import FILTERS, SCREENS, PoolView, Rules, candidate
from personagen.personas.seeds import load_seeds
from personagen.records import Description, content_id
from tests.personas.filters.pools import FACTS, PERSONALITY, PROFILE, TRAITS, described

ALOE = Path(os.environ.get("TEST_PERSONAGEN_ALOE") or Path(__file__).parents[3] / "shared" / "data" / "aloe")


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
