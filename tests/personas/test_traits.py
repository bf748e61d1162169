from __future__ import annotations

import json
import os
import re
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from personagen.personas.lexicon import AKIN, CONTRADICTED, FORMS, OPPOSED, OPPOSITE, TURNS, VALENCE
from personagen.personas.seeds import load_seeds
from personagen.personas.traits import akin, canonical, contradicted, go_together, opposed, traits_of, valence

ALOE = Path(os.environ.get("TEST_PERSONAGEN_ALOE") or Path(__file__).parents[3] / "shared" / "data" / "aloe")


def test_the_lexicon_is_large_and_knows_faults_as_well_as_virtues():
    sounds = Counter(VALENCE.values())
    assert len(VALENCE) >= 200
    assert len(FORMS) >= 2000
    assert sounds["unflattering"] >= 80
    assert sounds["neutral"] >= 30


def test_every_canonical_trait_is_its_own_canonical_word():
    assert {trait: canonical(trait) for trait in VALENCE} == {trait: trait for trait in VALENCE}


def test_everything_the_lexicon_points_to_is_in_it():
    assert {*FORMS.values(), *TURNS.values(), *OPPOSITE, *OPPOSITE.values()} <= set(VALENCE)


@pytest.mark.parametrize(
    ("word", "trait"),
    [
        ("Sceptical", "sceptical"),
        ("skepticism", "sceptical"),
        ("patience", "patient"),
        ("impatiently", "impatient"),
        ("untidiness", "messy"),
        ("stubbornness", "stubborn"),
        ("generosity", "generous"),
        ("level headed", "calm"),
        ("kind-hearted", "kind"),
        ("kindhearted", "kind"),
        ("organized", "organised"),
        ("self-centered", "self-centred"),
        ("honorable", "honest"),
        ("naïve", "gullible"),
        ("a bit of a worrier", "anxious"),
        ("very blunt.", "blunt"),
        ("not patient", "impatient"),
        ("patient with children", "patient"),
        ("good sense of humor", "humorous"),
        ("left-handed", "left-handed"),
        ("A very keen eye", "keen eye"),
        ("", ""),
    ],
)
def test_synonyms_inflections_and_spellings_have_one_word(word: str, trait: str):
    assert canonical(word) == trait


@given(st.text(max_size=40))
@example("0?\r")
@example("a .b")
def test_the_canonical_word_of_a_canonical_word_is_itself(word: str):
    once = canonical(word)
    assert canonical(once) == once


@pytest.mark.parametrize(
    ("trait", "sound"),
    [
        ("warm", "flattering"),
        ("good-hearted", "flattering"),
        ("terse", "unflattering"),
        ("forgetfulness", "unflattering"),
        ("reserved", "neutral"),
        ("introverted", "neutral"),
        ("tall", None),
    ],
)
def test_a_trait_sounds_good_or_bad_or_neither(trait: str, sound: str | None):
    assert valence(trait) == sound


@pytest.mark.parametrize(
    ("text", "traits"),
    [
        ("She is impatient, blunt and warm.", ("impatient", "blunt", "warm")),
        ("Warm, blunt, impatient.", ("warm", "blunt", "impatient")),
        ("He forgets names and worries a lot.", ("forgetful", "anxious")),
        ("Quietly proud, she waits patiently.", ("proud", "patient")),
        ("A man of few words, he speaks his mind and holds grudges.", ("taciturn", "straightforward", "vengeful")),
        ("Her patience is legendary.", ("patient",)),
        ("An impulsive woman with a generous nature.", ("impulsive", "generous")),
        ("She can be rude, yet she is fiercely loyal.", ("impolite", "loyal")),
        ("They are shy. Shyness rules their days.", ("shy",)),
        ("He is easily annoyed.", ("irritable",)),
        ("Down to earth, well organised and open minded.", ("down-to-earth", "organised", "broad-minded")),
    ],
)
def test_traits_are_found_once_each_in_order_of_appearance(text: str, traits: tuple[str, ...]):
    assert traits_of(text) == traits


@pytest.mark.parametrize(
    ("text", "traits"),
    [
        ("He is not patient, lacks tact and hates dishonesty.", ("impatient", "blunt", "honest")),
        ("Patience is not her strong suit.", ("impatient",)),
        ("She is never impatient but rarely punctual.", ("patient", "unpunctual")),
        ("He is not only kind but witty.", ("kind", "witty")),
        ("He is a little anxious.", ("anxious",)),
        ("She is not curious.", ()),
        ("He has no sense of humour.", ()),
    ],
)
def test_a_denied_trait_counts_as_its_opposite_or_not_at_all(text: str, traits: tuple[str, ...]):
    assert traits_of(text) == traits


@pytest.mark.parametrize(
    "text",
    [
        "He has creative solutions and clever jokes.",
        "She is a social worker in a quiet village.",
        "He was a patient of Dr. Ho.",
        "She is passionate about photography and dedicated to nature.",
        "He has a dog named Sunny and is gluten intolerant.",
        "Her days go into caring for her mother.",
    ],
)
def test_what_describes_a_thing_or_a_pastime_is_no_trait(text: str):
    assert traits_of(text) == ()


def test_the_gloss_after_a_trait_adds_none():
    text = (
        "She is patient, never rushing kind people. She is humble, always ready to be quiet. "
        "He is caring, loving and calm."
    )
    assert traits_of(text) == ("patient", "humble", "compassionate", "affectionate", "calm")


@given(st.lists(st.sampled_from(sorted(VALENCE)), min_size=1, max_size=6, unique=True))
def test_every_trait_of_the_lexicon_is_found_in_a_plain_sentence(traits: list[str]):
    assert traits_of(f"She is {', '.join(traits[:-1]) or 'one thing'} and {traits[-1]}.") == tuple(traits)


@given(st.text(max_size=200) | st.lists(st.sampled_from([*FORMS, *", . ; is not a the very".split()])).map(" ".join))
def test_any_text_gives_known_traits_once_each(text: str):
    found = traits_of(text)
    assert set(found) <= set(VALENCE)
    assert len(set(found)) == len(found)


def plain_lists(texts: list[str]) -> list[frozenset[str]]:
    """The words after "She is" of texts that are nothing but such sentences: an oracle apart from the lexicon."""
    heads = [re.findall(r"(?:^|\. )(?:She|He) is (?:very )?([a-z-]+),", text) for text in texts]
    return [
        frozenset(h) if len(h) == text.count(". ") + 1 else frozenset([text])
        for h, text in zip(heads, texts, strict=True)
    ]


@pytest.mark.skipif(not ALOE.is_dir(), reason="ALOE's data are not here")
def test_the_pairs_of_aloe_that_list_the_same_traits_are_found():
    texts = [json.loads(line) for line in (ALOE / "personality.jsonl").read_text(encoding="utf-8").splitlines()]
    heads, found = plain_lists(texts), [frozenset(traits_of(text)) for text in texts]
    same = [pair for pair in combinations(range(len(texts)), 2) if found[pair[0]] == found[pair[1]]]
    assert same == [pair for pair in combinations(range(len(texts)), 2) if heads[pair[0]] == heads[pair[1]]]
    assert len(same) >= 2


@pytest.mark.skipif(not ALOE.is_dir(), reason="ALOE's data are not here")
def test_nearly_all_of_aloes_traits_are_known_and_its_profiles_have_next_to_none():
    seeds = load_seeds(ALOE)
    heads = [h for entry in seeds.personalities for h in re.findall(r"(?:She|He) is ([a-z-]+),", entry.text)]
    assert sum(valence(head) is not None for head in heads) >= 0.99 * len(heads)
    uses = [trait for entry in seeds.personalities for trait in traits_of(entry.text)]
    assert sum(valence(trait) == "unflattering" for trait in uses) / len(uses) == pytest.approx(0.013, abs=0.003)
    assert sum(bool(traits_of(entry.text)) for entry in seeds.profiles) <= 3


@pytest.mark.parametrize(
    ("one", "other"), [("warm", "blunt"), ("chatty", "terse"), ("tidy", "scatterbrained"), ("patient", "impatient")]
)
def test_traits_of_opposed_groups_and_opposites_do_not_go_together(one, other):
    assert not go_together(one, other)
    assert not go_together(other, one)
    assert opposed([one, "witty", other]) == [(one, other)]


def test_other_traits_go_together_but_not_with_themselves():
    assert go_together("witty", "stubborn")
    assert not go_together("stubborn", "pig-headed")
    assert opposed(["witty", "stubborn", "pig-headed"]) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [("punctual", "well-organised"), ("stingy", "frugal"), ("solitary", "reserved"), ("pig-headed", "stubborn")],
)
def test_traits_that_show_alike_are_akin(one, other):
    assert akin(one, other)
    assert akin(other, one)


@pytest.mark.parametrize(
    ("one", "other"), [("warm", "blunt"), ("punctual", "messy"), ("honest", "cruel"), ("zebra", "xylophone")]
)
def test_traits_that_show_differently_or_are_unknown_are_not_akin(one, other):
    assert not akin(one, other)
    assert akin(one, one)


def test_akin_traits_are_words_of_the_lexicon():
    assert AKIN.keys() <= VALENCE.keys()


def test_opposed_and_contradicted_traits_are_words_of_the_lexicon():
    assert OPPOSED.keys() <= VALENCE.keys()
    assert all(one in OPPOSED[other] for one, others in OPPOSED.items() for other in others)
    assert frozenset().union(*(traits for _, traits in CONTRADICTED)) <= VALENCE.keys()


@pytest.mark.parametrize(
    ("profile", "trait"),
    [
        ("He volunteers at a hospice on Mondays.", "selfish"),
        ("She is a bookkeeper at a  dairy.", "careless"),
        ("They won't set foot on a plane.", "adventurous"),
        ("She calls herself an atheist.", "pious"),
    ],
)
def test_a_profile_speaks_against_some_traits(profile, trait):
    assert trait in contradicted(profile)
    assert trait not in contradicted("She is 40 and lives in Porto with a cat.")
