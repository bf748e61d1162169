"""The draws: whom the author is asked for, by the packaged table and by a user's file."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace

import pytest

from personagen.errors import UsageError
from personagen.personas.form import PACKAGED
from personagen.personas.lexicon import VALENCE
from personagen.personas.population import draws, holds, value_of
from personagen.personas.population_file import identity, packaged, population
from personagen.personas.traits import opposed


def people(count=4000, kind="profile", table=None, form=PACKAGED):
    table = table or packaged()
    return [one for call in range(count // 20) for one in draws(table, kind, form, f"7/{call}", 20)]


def share(people, holds):
    return sum(map(holds, people)) / len(people)


@pytest.fixture
def given(tmp_path):
    def given(text, name="people.toml"):
        file = tmp_path / name
        file.write_text(text)
        return population(file)

    return given


@pytest.mark.slow
@pytest.mark.parametrize(
    ("low", "high", "holds"),
    [
        (0.24, 0.28, lambda one: one["age"] < 30),
        (0.04, 0.07, lambda one: one["age"] >= 75),
        (0.5, 0.62, lambda one: one["region"].endswith("Asia")),
        (0.09, 0.12, lambda one: one["region"] == "Europe"),
        (0.11, 0.15, lambda one: one["schooling"] == "no schooling"),
        (0.15, 0.20, lambda one: one["schooling"].startswith("a degree")),
        (0.21, 0.31, lambda one: one["religion"] == "no religion"),
        (0.20, 0.28, lambda one: one["religion"] == "Muslim"),
        (0.13, 0.19, lambda one: not one["health"].startswith("no ")),
        (0.55, 0.70, lambda one: one["household"].startswith(("married", "with", "couple"))),
        (0.005, 0.015, lambda one: one["pronoun"] == "they"),
        (0.025, 0.05, lambda one: one["origin"] == "immigrant"),
    ],
)
def test_totals_are_those_of_world_adults(low, high, holds):
    assert low <= share(people(), holds) <= high


def test_of_those_who_work_as_many_farm_as_in_the_world():
    workers = [one for one in people() if one["work"] == "works"]
    assert 0.22 <= share(workers, lambda one: one["sector"].startswith("farming")) <= 0.31


def test_what_depends_on_something_else_follows_it():
    for one in people():
        assert one["household"] != "widowed" or one["age"] > 24
        assert one["country"] != "India" or one["religion"] != "Orthodox Christian"
        assert ("sector" in one) == (one["work"] in ("works", "looks for work", "retired"))
        assert one["work"] != "retired" or one["age"] >= 55


def test_a_draw_depends_on_its_seed_call_and_slot_alone():
    first = draws(packaged(), "profile", PACKAGED, "7/3", 20)
    assert draws(packaged(), "profile", PACKAGED, "7/3", 20) == first
    assert draws(packaged(), "profile", PACKAGED, "7/4", 20) != first
    assert draws(packaged(), "profile", PACKAGED, "8/3", 20) != first


def test_each_call_is_spread_evenly_and_both_pools_get_the_same_pronouns():
    for call in range(30):
        both = [draws(packaged(), kind, PACKAGED, f"7/{call}", 20) for kind in ("profile", "personality")]
        first, second = ([one["pronoun"] for one in drawn] for drawn in both)
        assert first == second
        assert 9 <= Counter(first)["she"] <= 11


def test_leading_traits_go_together_and_as_many_are_hard_to_bear_as_was_drawn():
    drawn = people(2000, "personality")
    assert {one["leading"] for one in drawn} == {3, 4, 5}
    assert min(one["unflattering"] for one in drawn) < 5 < 75 < max(one["unflattering"] for one in drawn)
    for one in drawn:
        traits = one["traits"].split(", ")
        assert len(set(traits)) == len(traits) == one["leading"]
        assert opposed(traits) == []
        hard = sum(VALENCE[trait] == "unflattering" for trait in traits)
        assert abs(hard - len(traits) * one["unflattering"] / 100) < 1


def test_nearly_every_trait_of_the_lexicon_leads_somebody():
    led = {trait for one in people(4000, "personality") for trait in one["traits"].split(", ")}
    assert len(led) > 0.98 * len(VALENCE)


def test_a_short_form_gets_no_more_than_it_has_room_for():
    short = replace(PACKAGED, items=(1, 3), length=(8, 20), one_sentence=True, pronoun=False)
    for one in people(200, form=short):
        assert len(one) <= 2
        assert "pronoun" not in one
        assert "sector" not in one
    assert len({name for one in people(200, form=short) for name in one}) == 6
    traits = people(200, "personality", form=replace(short, items=(1, 2)))
    assert {one["leading"] for one in traits} == {1}


def test_a_form_without_counted_facts_is_short_by_its_length():
    unlisted = replace(PACKAGED, items=(0, 0))
    assert "sector" in {name for one in people(100, form=unlisted) for name in one}
    assert "sector" not in {name for one in people(100, form=replace(unlisted, length=(10, 20))) for name in one}


def test_a_range_is_drawn_evenly_to_its_ends():
    counts = Counter(value_of({"3-5": 1.0, "9": 1.0}, (step + 0.5) / 600) for step in range(600))
    assert counts == {3: 100, 4: 100, 5: 100, 9: 300}
    assert value_of({"3-5": 1.0}, 0.0) == 3
    assert value_of({"3-5": 1.0}, 1.0) == 5


@pytest.mark.parametrize(
    ("values", "drawn", "answer"),
    [("18-24", 18, True), ("18-24", 25, False), ("a|b", "b", True), ("a|b", "c", False), ("3", 3, True)],
)
def test_a_case_holds_for_its_values(values, drawn, answer):
    assert holds(values, drawn) is answer


def test_a_file_replaces_adds_and_leaves_out_attributes(given):
    table = given(
        """
        [profile]
        religion = false
        [profile.age]
        65-80 = 1
        [profile.pet]
        "a dog" = 3
        "none" = 1
        [profile.pet.age]
        65-70 = {"a cat" = 1}
        """
    )
    drawn = people(400, table=table)
    assert all("religion" not in one and 65 <= one["age"] <= 80 for one in drawn)
    assert {one["pet"] for one in drawn if one["age"] <= 70} == {"a cat"}
    assert {one["pet"] for one in drawn if one["age"] > 70} == {"a dog", "none"}
    assert list(table["profile"])[-1] == "pet"
    assert table["personality"] == packaged()["personality"]
    assert identity(table) != identity(packaged()) == identity(population(None))


def test_json_says_the_same_and_own_traits_replace_the_lexicon(given):
    table = given(
        json.dumps({"personality": {"traits": {"zäh": 1, "sanft": 1, "laut": 2}, "leading": {"2": 1}}}), "p.json"
    )
    drawn = people(100, "personality", table)
    assert {trait for one in drawn for trait in one["traits"].split(", ")} == {"zäh", "sanft", "laut"}
    assert all(len(set(one["traits"].split(", "))) == 2 for one in drawn)


def test_regions_of_a_users_own_leave_out_what_hangs_on_the_packaged_ones(given):
    table = given('[profile.region]\n"Wales" = 1\n')
    for one in people(60, table=table):
        assert one["region"] == "Wales"
        assert "country" not in one
        assert one["schooling"] in packaged()["profile"]["schooling"].own


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[people.age]\n18-20 = 1\n", r"people.toml:1: people is neither profile nor personality"),
        ("[profile.age]\n18-20 = 1\n\n[profile.pet]\ndog = -1\n", r":5: the weight of 'dog' is no number from 0 up"),
        ("[profile.pet]\ndog = 'many'\n", r":2: the weight of 'dog' is no number"),
        ("[profile.pet]\ndog = true\n", r":2: the weight of 'dog' is no number"),
        ("[profile.pet]\ndog = inf\n", r":2: the weight of 'dog' is no number"),
        ("[profile.pet]\ndog = 0\ncat = 0\n", r":1: all weights of profile.pet are 0: give one more than 0"),
        ("[profile.pet]\n", r":1: profile.pet has no values"),
        ("[profile]\npet = 3\n", r":2: pet is no table of values and weights: write \[profile.pet\]"),
        ("profile = 3\n", r":1: profile holds no attributes"),
        ("[profile.age]\nyoung = 1\n", r":2: 'young' is no age: write a whole number, or a range such as 18-24"),
        (
            "[profile.pet.town]\nbig = {dog = 1}\n",
            r":1: 'town' is no attribute that is drawn before pet: there are pron",
        ),
        ("[profile.age.religion]\nHindu = {18 = 1}\n", r":1: 'religion' is no attribute that is drawn before age"),
        (
            "[profile.pet]\ndog = 1\n[profile.pet.country.Idnia]\ncat = 1\n",
            r":3: 'Idnia' is no value of country: there",
        ),
        ("[profile.pet.age.3-9]\ndog = 1\n", r":1: '3-9' is no value of age"),
        ("[profile.pet.age]\n20-29 = 1\n", r":2: profile.pet.age.20-29 is no table: write \[profile.pet.age.20-29\]"),
        ("[profile.pet]\ndog = = 1\n", r":2: it is no TOML"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_line(given, text, said):
    with pytest.raises(UsageError, match=said):
        given(text)


def test_mistakes_in_json_and_missing_files_are_named(given, tmp_path):
    with pytest.raises(UsageError, match=r"people.json:2: .*so it is no JSON"):
        given('{"profile":\n {,}}', "people.json")
    with pytest.raises(UsageError, match=r":1: it holds no attributes"):
        given("[]", "people.json")
    with pytest.raises(UsageError, match=r"--population .*missing.toml can't be read: No such file"):
        population(tmp_path / "missing.toml")
