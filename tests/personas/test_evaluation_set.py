"""The personas that come along for evaluation: whom they describe, what they want, and that no seed is among them."""

from __future__ import annotations

import json
import shutil
from collections import Counter, defaultdict
from itertools import combinations, pairwise
from pathlib import Path

import numpy as np
import pytest

from personagen.encoders.hashed import THRESHOLDS, fit, hashed
from personagen.offline.circumstances import circumstances_of, names
from personagen.offline.style import leading, wished_length
from personagen.offline.texts import bank
from personagen.personas.english.text import pronoun_of, sentences, words
from personagen.personas.filters import PoolView, Rules, candidate
from personagen.personas.filters.format import format
from personagen.personas.filters.misplaced import misplaced
from personagen.personas.near import wording
from personagen.personas.seeds import load_personas, load_seeds, packaged
from personagen.personas.traits import contradicted, traits_of, valence
from personagen.records import Description, Kind, Persona, content_id

FILE = packaged() / "evaluation.jsonl"
PERSONAS, NOTES = load_personas(FILE)
SEEDS = load_seeds(None)


def described(kind: Kind, text: str, items: tuple[str, ...]) -> Description:
    return Description(id=content_id(kind, text), kind=kind, text=text, items=items, source=FILE.name)


PROFILES = tuple(dict.fromkeys((p.profile, p.facts) for p in PERSONAS))
PERSONALITIES = tuple(dict.fromkeys((p.personality, p.traits) for p in PERSONAS))
PAIRS_OF_POOLS = [
    pytest.param([text for text, _ in PROFILES], [seed.text for seed in SEEDS.profiles], "profile", id="profiles"),
    pytest.param(
        [text for text, _ in PERSONALITIES],
        [seed.text for seed in SEEDS.personalities],
        "personality",
        id="personalities",
    ),
]
ENTRIES = [
    *(described("profile", text, facts) for text, facts in PROFILES),
    *(described("personality", text, traits) for text, traits in PERSONALITIES),
]


def by_profile() -> dict[str, list[Persona]]:
    found = defaultdict(list)
    for persona in PERSONAS:
        found[persona.profile].append(persona)
    return found


def test_there_are_a_hundred_personas_of_twenty_profiles_with_five_personalities_each():
    assert (len(PERSONAS), NOTES) == (100, ())
    assert Counter(Counter(p.profile for p in PERSONAS).values()) == {5: 20}
    assert len({(p.profile, p.personality) for p in PERSONAS}) == 100


def test_twenty_personalities_are_used_about_equally_often():
    uses = Counter(p.personality for p in PERSONAS)
    assert len(uses) == 20
    assert set(uses.values()) <= {4, 5, 6}


def test_a_text_has_the_same_facts_or_traits_in_every_row():
    assert (len(PROFILES), len(PERSONALITIES)) == (20, 20)


def test_every_twenty_rows_hold_every_profile_once():
    assert [len({p.profile for p in PERSONAS[at : at + 20]}) for at in range(0, 100, 20)] == [20] * 5


def test_a_row_is_read_as_it_stands():
    rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    assert rows == [
        {"profile": p.profile, "personality": p.personality, "facts": list(p.facts), "traits": list(p.traits)}
        for p in PERSONAS
    ]


def test_a_personality_goes_to_profiles_of_its_own_pronoun():
    assert [p.profile for p in PERSONAS if pronoun_of(p.profile) != pronoun_of(p.personality)] == []


def test_no_profile_speaks_against_its_personality():
    assert [p.profile for p in PERSONAS if contradicted(p.profile) & set(p.traits)] == []


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: " ".join(entry.text.split()[:4]))
def test_every_text_passes_the_filters_that_look_at_one_text_alone(entry: Description):
    view = PoolView(Rules())
    assert [gate(candidate(entry), view) for gate in (format, misplaced)] == [None, None]


def test_the_traits_given_are_canonical_and_just_those_the_text_names():
    assert [traits for _, traits in PERSONALITIES] == [traits_of(text) for text, _ in PERSONALITIES]


def test_ages_run_from_twenty_to_eighty_eight_without_a_gap():
    ages = sorted(int(rows[0].attributes["age"]) for rows in by_profile().values())
    assert (len(set(ages)), ages[0], ages[-1]) == (20, 20, 88)
    assert max(b - a for a, b in pairwise(ages)) <= 8
    assert sum(age > 60 for age in ages) >= 4


def test_every_pronoun_is_used():
    assert Counter(pronoun_of(text) for text, _ in PROFILES) == {"she": 8, "he": 8, "they": 4}
    assert Counter(pronoun_of(text) for text, _ in PERSONALITIES) == {"she": 8, "he": 7, "they": 5}


@pytest.mark.parametrize(
    ("matter", "signs"),
    [
        (
            "health",
            "macular|Epilepsy|achondroplasia|kidney|Arthritis|tinnitus|Parkinson|pacemaker|blind|Psoriasis|cancer",
        ),
        ("religion", "Church of Scotland|Adventist|Pachamama|Murugan|Orthodox|mosque|Dashain|humanist|Quakers|monks"),
        ("migration", "moved from Taichung|left Dhading|born in Oran|fled Turbo|Mozambique|from Dundee"),
        (
            "homes",
            "Ghana|Ethiopia|South Africa|Nepal|Thailand|Georgia|Norway|Estonia|Jamaica|Bolivia|Suriname|Tasmania",
        ),
        ("education", "doctorate|master's|bachelor's|vocational|apprenticed|left school|finished primary|not finish"),
        ("family", "Widowed|separated|never married|divorced|bringing up a niece|stepson|five housemates|grandparents"),
    ],
)
def test_the_profiles_cover_what_the_readme_says(matter: str, signs: str):
    joined = " ".join(text for text, _ in PROFILES)
    assert [sign for sign in signs.split("|") if sign not in joined] == []


@pytest.mark.parametrize(("ours", "seeds", "kind"), PAIRS_OF_POOLS)
def test_no_text_opens_like_another_or_like_a_seed_and_none_with_a_pronoun(ours, seeds, kind):
    openings = [tuple(words(text)[:2]) for text in (*ours, *seeds)]
    assert [opening for opening, count in Counter(openings).items() if count > 1] == []
    assert not {first for first, _ in openings[:20]} & {"she", "he", "they"}


@pytest.mark.parametrize(("ours", "seeds", "kind"), PAIRS_OF_POOLS)
def test_sentences_vary_in_length_and_in_what_they_start_with(ours, seeds, kind):
    found = [words(sentence) for text in ours for sentence in sentences(text)]
    lengths = [len(sentence) for sentence in found if sentence]
    assert min(lengths) <= 6
    assert max(lengths) >= 20
    starts = Counter(sentence[0] for sentence in found if sentence)
    assert sum(starts[word] for word in ("she", "he", "they")) < 0.5 * len(found)


@pytest.mark.parametrize(("ours", "seeds", "kind"), PAIRS_OF_POOLS)
def test_no_text_is_near_a_seed_or_another_text(ours, seeds, kind):
    together = [*ours, *seeds]
    vectors = hashed(together, fit([seed.text for seed in (*SEEDS.profiles, *SEEDS.personalities)]))
    cosines = vectors @ vectors.T
    np.fill_diagonal(cosines, 0)
    assert cosines[: len(ours)].max() < 0.22 < THRESHOLDS[kind].at(1)
    shingles = [wording(text) for text in together]
    assert max(len(a & b) / len(a | b) for a, b in combinations(shingles, 2)) < 0.1


def test_no_personality_shares_more_than_four_traits_with_a_seed_or_two_with_another():
    ours = [set(traits) for _, traits in PERSONALITIES]
    seeds = [set(seed.items) for seed in SEEDS.personalities]
    assert max(len(one & other) for one in ours for other in seeds) <= 4
    assert max(len(one & other) for one, other in combinations(ours, 2)) <= 2


def test_people_have_faults_and_no_trait_is_worn_out():
    uses = Counter(trait for _, traits in PERSONALITIES for trait in traits)
    shares = Counter(valence(trait) for trait in uses.elements())
    assert None not in shares
    assert 0.3 <= shares["unflattering"] / uses.total() <= 0.45
    assert 0.4 <= shares["flattering"] / uses.total() <= 0.55
    assert max(uses.values()) <= 3
    assert len(uses) >= 120


def test_every_style_axis_leads_in_at_least_two_personalities():
    leads = Counter(axis for _, traits in PERSONALITIES for axis in leading(traits))
    assert [axis for axis in bank("style") if leads[axis] < 2] == []


def test_no_two_personalities_have_the_same_leading_axes():
    assert len({frozenset(leading(traits)) for _, traits in PERSONALITIES}) == 20


def test_of_the_five_of_a_profile_one_wants_replies_at_least_twice_as_long_as_another():
    for rows in by_profile().values():
        wished = [wished_length(leading(persona.traits)) for persona in rows]
        assert max(wished) >= 2 * min(wished)


def test_every_profile_has_circumstances_that_change_advice():
    found = [{name for fact in facts for name in circumstances_of(fact)} for _, facts in PROFILES]
    assert min(map(len, found)) >= 2
    assert len(set().union(*found)) >= 30


def test_the_readme_has_the_figures_of_traits_lengths_and_circumstances():
    text = (packaged() / "README.md").read_text("utf-8")
    uses = Counter(trait for _, traits in PERSONALITIES for trait in traits)
    assert f"{uses.total()} uses of {len(uses)} traits" in text
    wished = [round(wished_length(leading(traits))) for _, traits in PERSONALITIES]
    assert f"{min(wished)} to {max(wished)} words" in text
    found = [{name for fact in facts for name in circumstances_of(fact)} for _, facts in PROFILES]
    kinds = len(set().union(*found))
    assert f"{sum(map(len, found))} in all, of {kinds} of the {len(names())} kinds" in text


@pytest.mark.parametrize("source", [None, packaged()], ids=["default", "folder"])
def test_the_seeds_hold_none_of_them(source: Path | None):
    seeds = load_seeds(source)
    assert {seed.text for seed in (*seeds.profiles, *seeds.personalities)}.isdisjoint(
        text for text, _ in (*PROFILES, *PERSONALITIES)
    )
    assert seeds == SEEDS


@pytest.mark.parametrize("kept", ["profiles.jsonl", "personalities.jsonl"])
def test_a_folder_that_keeps_one_file_of_seeds_holds_none_of_them(tmp_path: Path, kept: str):
    for name in (kept, FILE.name):
        shutil.copy(packaged() / name, tmp_path)
    seeds = load_seeds(tmp_path)
    assert (len(seeds.profiles), len(seeds.personalities)) == (20, 20)
    assert not any("not read" in note for note in seeds.notes)


def test_a_folder_above_the_seeds_gives_none_of_them(tmp_path: Path):
    shutil.copytree(packaged(), tmp_path / "study" / "seeds")
    seeds = load_seeds(tmp_path / "study")
    assert (len(seeds.profiles), len(seeds.personalities)) == (20, 20)


def test_elsewhere_a_file_of_that_name_is_data(tmp_path: Path):
    (tmp_path / "train.jsonl").write_text('{"profile": "He is 50 and bakes bread."}\n')
    (tmp_path / "evaluation.jsonl").write_text('{"profile": "She is 40 and keeps bees."}\n')
    assert {seed.text for seed in load_seeds(tmp_path).profiles} == {
        "He is 50 and bakes bread.",
        "She is 40 and keeps bees.",
    }
