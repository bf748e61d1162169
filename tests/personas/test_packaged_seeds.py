"""The seeds that come along: whom they describe, and in how many forms."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from personagen.personas.english.text import attributes_of, normalised, pronoun_of, sentences, words
from personagen.personas.filters import PoolView, Rules, candidate
from personagen.personas.filters.format import format
from personagen.personas.filters.misplaced import misplaced
from personagen.personas.seeds import load_seeds, packaged
from personagen.personas.traits import traits_of, valence
from personagen.records import Description

OURS = load_seeds(None)


def texts(pool: tuple[Description, ...]) -> list[str]:
    return [entry.text for entry in pool]


def test_there_are_twenty_of_each_with_eight_to_ten_facts_or_traits():
    assert (len(OURS.profiles), len(OURS.personalities), OURS.notes) == (20, 20, ())
    assert all(8 <= len(entry.items) <= 10 for entry in (*OURS.profiles, *OURS.personalities))


@pytest.mark.parametrize("entry", [*OURS.profiles, *OURS.personalities], ids=lambda entry: entry.source)
def test_every_seed_passes_the_filters_that_look_at_one_text_alone(entry: Description):
    view = PoolView(Rules())
    assert [gate(candidate(entry), view) for gate in (format, misplaced)] == [None, None]


def test_ages_run_from_eighteen_to_eighty_five_without_a_gap():
    ages = sorted(int(attributes_of(text)["age"]) for text in texts(OURS.profiles))
    assert (len(ages), ages[0], ages[-1]) == (20, 18, 85)
    assert max(b - a for a, b in pairwise(ages)) <= 8
    assert sum(age > 60 for age in ages) >= 4


def test_every_pronoun_is_used_in_both_pools():
    for pool in (OURS.profiles, OURS.personalities):
        counts = Counter(pronoun_of(text) for text in texts(pool))
        assert set(counts) == {"she", "he", "they"}
        assert min(counts.values()) >= 3


def test_no_two_seeds_open_alike_and_few_open_with_a_pronoun():
    for pool in (OURS.profiles, OURS.personalities):
        openings = [tuple(words(text)[:2]) for text in texts(pool)]
        assert len(set(openings)) == 20
        assert sum(first in ("she", "he", "they") for first, _ in openings) <= 3


def test_sentences_vary_in_length_and_in_what_they_start_with():
    for pool in (OURS.profiles, OURS.personalities):
        found = [words(sentence) for text in texts(pool) for sentence in sentences(text)]
        lengths = [len(sentence) for sentence in found if sentence]
        assert min(lengths) <= 6
        assert max(lengths) >= 20
        starts = Counter(sentence[0] for sentence in found if sentence)
        assert sum(starts[word] for word in ("she", "he", "they")) < 0.5 * len(found)


def test_no_two_seeds_share_a_frame_or_a_set_of_traits():
    assert len({normalised(text) for text in texts(OURS.profiles)}) == 20
    assert len({frozenset(entry.items) for entry in OURS.personalities}) == 20


def test_the_traits_given_are_canonical_and_just_those_the_text_names():
    assert [entry.items for entry in OURS.personalities] == [traits_of(text) for text in texts(OURS.personalities)]


def test_people_have_faults_and_no_trait_is_worn_out():
    uses = Counter(trait for entry in OURS.personalities for trait in entry.items)
    shares = Counter(valence(trait) for trait in uses.elements())
    assert None not in shares
    assert 0.3 <= shares["unflattering"] / uses.total() <= 0.45
    assert 0.4 <= shares["flattering"] / uses.total() <= 0.55
    assert max(uses.values()) <= 3
    assert len(uses) >= 120
    wanted = {"impatient", "sceptical", "terse", "blunt", "forgetful", "anxious", "warm"}
    assert wanted <= set(uses)


@pytest.mark.parametrize(
    ("matter", "signs"),
    [
        ("disability or illness", "Deaf|wheelchair|glaucoma|prosthetic|stroke|autistic|stammer|Diabetes|HIV|dementia"),
        ("religion", "church|mosque|Mass|Ganesha|Buddhist|Judaism|Ramadan|karakia"),
        ("migration", "visa|crossed the Aegean|left Busan|emigrated|leaving Oaxaca"),
        ("continents", "Samoa|Portugal|Canada|Mexico|Nigeria|India|Mongolia|Brazil|Japan|Sweden|Kenya|Egypt|Chile"),
        (
            "education",
            "doctorate|bachelor's|vocational|primary school|fourth grade|left school|dropping out|certificate",
        ),
        ("family", "widowed|divorced|married|fostered|ex-husband|twin|cousins|flatmates|lives alone|donor"),
    ],
)
def test_the_profiles_cover_what_the_readme_says(matter: str, signs: str):
    joined = " ".join(texts(OURS.profiles))
    assert [sign for sign in signs.split("|") if sign not in joined] == []


def test_the_packaged_seeds_lie_beside_the_package_or_inside_it(tmp_path: Path, monkeypatch):
    assert packaged() == Path(__file__).parents[2] / "seeds"
    installed = tmp_path / "personagen" / "data" / "seeds"
    installed.mkdir(parents=True)
    (installed / "profiles.jsonl").write_text("")
    monkeypatch.setattr("personagen.personas.seeds.__file__", str(tmp_path / "personagen" / "personas" / "seeds.py"))
    assert packaged() == installed
