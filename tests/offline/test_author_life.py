from __future__ import annotations

import re
from collections import Counter
from functools import cache
from random import Random

import pytest

from personagen.offline.author import family as author_family
from personagen.offline.author import grammar as author_grammar
from personagen.offline.author import life as author_life
from personagen.offline.author.prose import invented, profile
from personagen.offline.texts import bank, fill, with_article
from personagen.personas.english.text import attributes_of
from personagen.personas.traits import canonical


@cache
def lives(count=1500):
    rng = Random("lives")
    return [author_life.life(rng) for _ in range(count)]


def test_the_age_in_the_text_is_the_age_of_the_life_that_is_told():
    rng = Random("ages")
    for _ in range(200):
        somebody, facts = invented(rng)
        text, _ = profile((somebody, facts), rng)
        assert attributes_of(text).get("age", somebody.age) == somebody.age, text


def test_lives_span_ages_continents_schooling_families_and_faiths():
    ages = [somebody.age for somebody in lives()]
    assert min(ages) == 18
    assert 85 < max(ages) < 95
    marks = Counter(mark for somebody in lives() for mark in somebody.has)
    for mark in [
        *("africa", "asia", "europe", "latin", "mideast", "north", "oceania", "urban", "rural", "migrant", "heir"),
        *(f"e{level}" for level in range(7)),
        *("working", "retired", "student", "jobless", "carer", "samesex", "relatives"),
        *("single", "dating", "cohab", "married", "separated", "divorced", "widowed"),
        *("nokids", "onekid", "manykids", "grand", "catholic", "muslim", "hindu", "buddhist", "jewish", "sikh", "none"),
    ]:
        assert marks[mark] >= 1, mark
    said = {somebody.slots["anage"] for somebody in lives()}
    assert {"a 34-year-old", "a thirty-four-year-old"} <= said


def test_schooling_takes_its_years_and_work_has_its_age():
    jobs = {author_grammar.entry(job["title"]).text: job for job in bank("author_work")["jobs"]}
    for somebody in lives():
        level = next(int(mark[1]) for mark in somebody.has if re.fullmatch(r"e\d", mark))
        assert somebody.age >= author_life.LEVEL_AGES[level]
        title = somebody.slots["job"]
        if "retired" in somebody.has:
            assert somebody.age >= 55
        if "student" in somebody.has:
            assert somebody.age < 55
        if "working" in somebody.has and title in jobs:
            least, most = jobs[title]["school"]
            assert least <= level <= most
            job = author_grammar.entry(jobs[title]["title"])
            assert job.low <= somebody.age <= job.high


def test_children_come_in_the_years_in_which_people_have_them_and_grandchildren_after():
    rng = Random("children")
    for _ in range(3000):
        age = rng.randint(20, 85)
        ages = author_family.children_ages(age, rng)
        assert all(19 <= age - child <= 45 for child in ages)
        assert ages == sorted(set(ages), reverse=True)
        if any(author_family.grandchildren(ages, rng)):
            assert max(ages) >= 22


def test_nobody_in_a_family_has_the_name_of_another():
    for somebody in lives():
        names = [
            somebody.slots[who] for who in ("name", "partner", "kid", "sister", "brother") if who in somebody.slots
        ]
        assert len(set(names)) == len(names)


def test_a_fact_that_rules_out_another_is_never_told_beside_it():
    rng = Random("coherence")
    wheels = legs = 0
    for _ in range(1500):
        has = invented(rng)[0].has
        wheels += "wheels" in has
        legs += "legs" in has
        assert not {"wheels", "legs"} <= has
        assert not {"veg", "meat"} <= has
        assert not {"blind", "eyes"} <= has
        assert not {"muslim", "pork"} <= has
        assert not {"carless", "car"} <= has
    assert wheels > 0 < legs


def test_an_entry_is_drawn_for_those_alone_whom_its_tags_fit():
    one = author_grammar.entry("[rides] the night bus @30-40 @?urban @-car @+legs @!bus")
    assert one.fits(35, {"urban"}, set())
    assert not one.fits(29, {"urban"}, set())
    assert not one.fits(41, {"urban"}, set())
    assert not one.fits(35, set(), set())
    assert not one.fits(35, {"urban", "car"}, set())
    assert not one.fits(35, {"urban", "bus"}, set())
    assert not one.fits(35, {"urban"}, {"legs"})


@pytest.mark.parametrize(
    ("who", "named", "said"),
    [
        ("she", False, "carries her tea because she likes it"),
        ("he", True, "carries his tea because he likes it"),
        ("they", False, "carry their tea because they like it"),
        ("they", True, "carries their tea because they like it"),
    ],
)
def test_a_template_is_inflected_for_its_subject(who, named, said):
    assert author_grammar.inflected("[carries] <their> tea because <they> [likes] it", who, named) == said


@pytest.mark.parametrize(
    "noun", ["an hour", "a unicycle", "an 80-year-old", "a 70-year-old", "an 18-year-old", "an eighteen-year-old"]
)
def test_a_noun_gets_its_article(noun):
    assert with_article(noun.partition(" ")[2]) == noun


@pytest.mark.parametrize("who", ["she", "he", "they"])
def test_every_entry_of_the_bank_can_be_told_of_anybody_it_fits(who):
    known = {slot for somebody in lives() for slot in somebody.slots}
    slots = dict.fromkeys(known, "x")
    for name in bank("author_facts"):
        for one in map(author_grammar.entry, bank("author_facts")[name]):
            said = fill(author_grammar.inflected(one.text, who), Random(0), slots)
            assert not re.search(r"[<>{}\[\]@]", said), said


def test_the_first_frame_of_each_kind_fits_everybody():
    for kind in ("AJP", "AJ", "AP", "JP", "A", "J", "P"):
        first = bank("author_frames")[kind][0]
        assert "@" not in first
        assert "<p>" not in first


def test_there_are_two_hundred_occupations_and_a_hundred_and_fifty_traits_each_shown_in_several_ways():
    assert len({job["title"].partition(" @")[0] for job in bank("author_work")["jobs"]}) >= 200
    ways = bank("author_traits")["traits"]
    assert len({canonical(word) for word in ways}) >= 150
    assert min(len(set(shown)) for shown in ways.values()) >= 3
