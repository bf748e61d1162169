"""The filters on descriptions in other languages than English."""

from __future__ import annotations

from random import Random

import pytest

from personagen.options.language import language
from personagen.personas.filters import PoolView, Rules, candidate
from personagen.personas.filters.format import format, unsupported
from personagen.personas.filters.misplaced import misplaced
from personagen.personas.filters.repeats import duplicates
from personagen.records import Description
from tests.servers.tongues import banks, described

NAMES = tuple(banks())


def described_as(kind, text, items=()):
    return Description(id=text[:9], kind=kind, text=text, items=tuple(items), origin="m", source="", prompt_hash="")


def new(name, kind, seed=0):
    made = described(name, kind, Random(seed))
    items = made["facts" if kind == "profile" else "traits"]
    return candidate(described_as(kind, made["text"], items), language=language(name))


def view(name):
    return PoolView(Rules(language=language(name)))


@pytest.mark.parametrize("kind", ["profile", "personality"])
@pytest.mark.parametrize("name", NAMES)
def test_a_description_in_its_language_has_the_right_form(name: str, kind: str):
    for seed in range(20):
        assert format(new(name, kind, seed), view(name)) is None
        assert misplaced(new(name, kind, seed), view(name)) is None


@pytest.mark.parametrize("name", [name for name in NAMES if name != "English"])
def test_a_description_in_english_is_in_the_wrong_language(name: str):
    refused = format(new("English", "profile"), view(name))
    assert refused is not None
    assert refused.reason == f"not in the language {language(name)}"


@pytest.mark.parametrize("name", NAMES)
def test_what_a_text_does_not_say_is_not_in_it(name: str):
    profile, others = new(name, "profile").description, banks()[name]["advice"]
    assert unsupported(profile.text, profile.items, traits=False, language=language(name)) == []
    assert len(unsupported(profile.text, tuple(others), traits=False, language=language(name))) >= 0.8 * len(others)


@pytest.mark.parametrize(
    ("code", "text", "item"),
    [
        ("de", "Er arbeitete lange als Bäcker und zog dann nach Bremen.", "arbeitet als Bäckerin"),
        ("ar", "هي صبورة جدا مع الأطفال الصغار.", "صبور"),
        ("sw", "Anafanya kazi hospitalini kila siku.", "hufanya kazi hospitali"),
        ("hi", "वह अस्पतालों में काम करती है।", "अस्पताल में काम"),
        ("zh", "她今年三十五岁，在医院工作。", "35岁"),
    ],
)
def test_an_item_may_be_inflected_or_numbered_otherwise(code: str, text: str, item: str):
    assert unsupported(text, (item,), traits=False, language=code) == []


def test_a_number_that_the_text_has_otherwise_is_not_in_it():
    assert unsupported("她今年35岁，在医院工作。", ("她今年53岁",), traits=False, language="zh")


def test_a_german_child_is_no_english_trait():
    profile = candidate(described_as("profile", "Sie hat ein Kind. Sie wohnt in Kiel."), language="de")
    assert misplaced(profile, PoolView(Rules(language="de"))) is None
    assert misplaced(profile, PoolView(Rules())) is not None


def test_german_nouns_are_no_names_that_make_two_people_one():
    frame = "Sie lebt mit {} in einer {} und repariert am Wochenende {} für das {} ihrer {} aus der {}."
    words = ("Hund Hütte Uhren Museum Tante Stadt", "Katze Wohnung Räder Heim Oma Schule")
    first, second = (candidate(described_as("profile", frame.format(*w.split())), language="de") for w in words)
    pool = PoolView(Rules(language="de", duplicate=0.4))
    pool._store.shingles.add(first.shingles)
    grown = PoolView(pool.rules, 1, pool._store)
    assert duplicates(second, grown) is None
    masked = [candidate(described_as("profile", frame.format(*w.split()))).shingles for w in words]
    assert len(masked[0] & masked[1]) > 0.4 * len(masked[0] | masked[1])
