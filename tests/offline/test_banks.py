"""The banks hold together: what one part says, the others understand."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

import pytest

from personagen.offline.facts import kinds_of
from personagen.offline.style import axes_cued, axes_in, axes_shown
from personagen.offline.texts import bank, canon, fill, wordings
from personagen.offline.topics import BANKS, framed_parts, given, located, named, topics
from personagen.personas.lexicon import AKIN

SLOTS = {"thing": "the shed", "name": "the shed", "h": "the tick list"}
DOMAINS = {"home", "work", "money", "health", "food", "travel", "social", "learn", "tech", "hobby", "feelings", "admin"}
KNOWN = {
    "user": {"h", "thing", "name", "i", "j", "w", "r"},
    "assistant": {"h", "thing", "name", "p", "m", "you", "t"},
    "judge": {"best", "worst", "why", "fact", "axis"},
}


def test_there_are_more_than_a_hundred_and_twenty_topics():
    assert len(topics()) > 120
    assert {t.domain for t in topics().values()} == DOMAINS


def test_every_topic_has_openings_questions_and_points_to_answer_them():
    for topic in topics().values():
        assert len(topic.openings) >= 2, topic.id
        assert len(topic.asks) >= 4, topic.id
        for ask in topic.asks:
            assert len(ask.questions) >= 3, (topic.id, ask.questions)
            assert len(ask.points) >= 3, (topic.id, ask.questions)


def test_no_question_belongs_to_two_topics():
    counts = Counter(
        wording
        for topic in topics().values()
        for wording in {canon(w) for a in topic.asks for q in a.questions for w in wordings(q)}
    )
    assert not [w for w, n in counts.items() if n > 1]


def test_every_question_in_every_wording_is_recognised_as_itself():
    for topic in topics().values():
        for number, ask in enumerate(topic.asks):
            for wording in (w for q in ask.questions for w in wordings(q)):
                assert any((p.topic, p.ask) == (topic.id, number) for p in located(wording)), wording


def test_a_question_asked_in_a_roundabout_way_is_still_recognised():
    rng = Random(1)
    for topic in topics().values():
        for number, ask in enumerate(topic.asks):
            parts = framed_parts(fill(ask.questions[0], rng, {}))
            if parts:
                text = fill(rng.choice(bank("user")[parts[0]]), rng, parts[1])
                assert any((p.topic, p.ask) == (topic.id, number) for p in located(text)), text


def test_nothing_a_user_says_besides_its_questions_is_taken_for_one():
    slots = {**SLOTS, "i": "I keep bees", "j": "I sing", "w": "how", "r": "mend the green door"}
    pools = [*bank("user").values(), bank("idiolect")["greetings"], *(a["markers"] for a in bank("style").values())]
    pools += [raw["tails"] for raw in bank("facts").values()]
    for template in (t for pool in pools for t in pool):
        for seed in range(4):
            text = fill(template, Random(seed), slots)
            assert not located(text), text


def test_every_point_is_found_in_a_text_that_gives_or_names_it():
    rng = Random(1)
    for topic in topics().values():
        for point in (p for a in topic.asks for p in a.points):
            assert point in given(topic.id, f"Also, {fill(point.advice, rng, {}).lower()}"), point.advice
            assert point in named(topic.id, f"I like {point.handle}."), point.handle


def test_handles_are_unique_within_a_topic():
    for topic in topics().values():
        handles = [p.handle for a in topic.asks for p in a.points]
        assert len(set(handles)) == len(handles), topic.id


@pytest.mark.parametrize("name", sorted(bank("style")))
def test_what_an_axis_says_gives_it_away_and_what_it_gets_is_what_it_likes(name):
    axis = bank("style")[name]
    rng = Random(1)
    cued = [name in axes_cued(fill(m, rng, SLOTS)) for m in axis["markers"]]
    assert sum(cued) >= 0.9 * len(cued)
    if bank("style")[name]["likes"]:
        liked = [name in axes_in(fill(t, rng, SLOTS), "likes") for t in (*axis["leads"], *axis["closers"])]
        assert sum(liked) >= 0.9 * len(liked)
    assert not [t for t in (*axis["leads"], *axis["closers"]) if name in axes_in(fill(t, rng, SLOTS), "dislikes")]


def test_what_the_observer_writes_about_an_axis_leads_back_to_it():
    for name, axis in bank("style").items():
        for statement in axis["seems"]:
            assert name in axes_shown(statement), statement


def test_reactions_and_questions_give_no_trait_away():
    rng = Random(1)
    slots = {**SLOTS, "i": "I keep bees", "j": "I sing", "w": "how", "r": "begin with it"}
    pools = bank("user")
    given_away = [
        (template, found)
        for name in ("reactions", "reactions_plain", "probes", "wraps", "asides", "shifts", "closings", "closings_q")
        for template in pools[name]
        if (found := axes_cued(fill(template, rng, slots)))
    ]
    assert len(given_away) <= 2, given_away


def test_an_axis_is_a_group_of_akin_traits():
    assert list(bank("style")) == list(dict.fromkeys(AKIN.values()))


@pytest.mark.parametrize("name", sorted(KNOWN))
def test_templates_use_only_known_slots_and_close_their_braces(name):
    for template in (t for pool in bank(name).values() for t in pool):
        assert {s.lower() for s in re.findall(r"<(\w+)>", template)} <= KNOWN[name], template
        assert template.count("{") == template.count("}"), template
        assert all("|" in part for part in re.findall(r"\{([^{}]*)\}", template)), template


def test_topics_use_no_slots_and_alternatives_in_pairs():
    for text in (t for b in BANKS for raw in bank(f"topics_{b}") for t in _texts(raw)):
        assert "<" not in text, text
        assert all("|" in part for part in re.findall(r"\{([^{}]*)\}", text)), text


def _texts(raw):
    yield from raw["open"]
    for ask in raw["asks"]:
        yield from ask["q"]
        yield ask["s"]
        for point in ask["p"]:
            yield from point


@pytest.mark.parametrize(
    ("fact", "kind"),
    [
        ("She is a nurse", "job_care"),
        ("He is married with two sons", "partner"),
        ("He has a degree in law", "degree"),
        ("They play the cello", "music"),
        ("She has two cats", "pets"),
        ("He has no children", None),
        ("She is 71 years old", "age_old"),
        ("He moved from Ibadan to Leeds", "migrant"),
    ],
)
def test_a_fact_is_of_the_kind_one_would_say(fact, kind):
    assert (kinds_of(fact) or (None,))[0] == kind


def test_every_kind_of_fact_has_ways_to_go_on():
    for kind, raw in bank("facts").items():
        assert len(raw["tails"]) >= 2, kind
