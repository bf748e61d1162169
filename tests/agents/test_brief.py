"""The brief of a user turn: what is drawn, on what it depends, and what it never does."""

from __future__ import annotations

import statistics
from collections import Counter
from dataclasses import replace
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.agents.brief import NOISE, STYLES, Brief, brief_of, style_of
from personagen.agents.reception import received
from personagen.metrics.disclosure import is_told
from personagen.personas.topics import load_topics
from personagen.records import Message, Persona

TOPICS = load_topics()
FACTS = tuple(f"owns {what} in {where}" for what, where in zip(
    "goats boats clocks maps drums knives stamps kites".split(),
    "Porto Leiden Quito Hanoi Tunis Osaka Perth Turin".split(), strict=True))  # fmt: skip


def person(number=0, **fields):
    given = {
        "id": f"p{number}",
        "profile": "P",
        "personality": "Q",
        "facts": FACTS,
        "traits": ("kind", "vain", "shy", "loyal"),
    }
    return Persona(**given | fields)


def talk(*texts):
    return tuple(Message(role="assistant" if n % 2 else "user", content=text) for n, text in enumerate(texts))


def told(brief: Brief) -> str:
    return "hm. " + " ".join(fact["text"] for fact in brief.facts)


def spoken(number: int, turns: int = 10, reply="Try this one.", **style) -> list[Brief]:
    """The briefs of a conversation whose user says just the facts that may come up."""
    who, said, briefs = person(number), [], []
    style = style_of(who, f"t{number}") | style
    for _ in range(turns):
        briefs.append(brief_of(who, talk(*said), style, f"t{number}", TOPICS))
        said += [told(briefs[-1]), f"{reply} {len(said)}"]
    return briefs


def test_the_same_place_gets_the_same_brief_and_another_one_another():
    one, same, other = (
        [brief_of(person(), talk("a", "b"), style_of(person(), place), f"{place}{n}", TOPICS) for n in range(20)]
        for place in ("s", "s", "t")
    )
    assert one == same != other


def test_the_number_of_turns_is_no_part_of_a_brief():
    assert spoken(1, 4) == spoken(1, 9)[:4]


def test_no_fact_comes_up_again_once_it_was_told_and_none_is_made_up():
    for number in range(40):
        facts = [fact["text"] for brief in spoken(number) for fact in brief.facts]
        assert len(set(facts)) == len(facts)
        assert set(facts) <= set(FACTS)


def test_many_turns_reveal_nothing_and_no_turn_more_than_two_facts():
    counts = Counter(len(brief.facts) for number in range(200) for brief in spoken(number))
    assert set(counts) == {0, 1, 2}
    assert 0.4 < counts[0] / counts.total() < 0.65


def test_who_is_upfront_tells_most_in_the_first_turns_and_others_tell_bit_by_bit():
    def curve(way):
        every = [spoken(number, disclosure=way) for number in range(100)]
        return [statistics.fmean(len(b.facts) for b in turn) for turn in zip(*every, strict=True)]

    upfront, gradual = curve("upfront"), curve("gradual")
    assert sum(upfront[:2]) > 2.5 > 1.5 > sum(gradual[:2])
    assert sum(gradual[2:]) > sum(upfront[2:])
    assert 0.5 < sum(gradual) / len(FACTS) < 0.9


def test_a_question_of_the_assistant_invites_a_fact():
    asked, not_asked = (
        sum(
            bool(brief_of(person(n), talk("hm", reply), style_of(person(n), f"{n}"), f"{n}", ()).facts)
            for n in range(300)
        )
        for reply in ("And how old are you?", "Try this one.")
    )
    assert asked > 1.15 * not_asked


def test_what_the_talk_touches_comes_up_first():
    firsts = [
        brief.facts[0]["text"]
        for n in range(200)
        if (
            brief := brief_of(
                person(n), talk("What about drums?", "Tune the drums?"), style_of(person(n), "x"), f"x{n}", ()
            )
        ).facts
    ]
    assert set(firsts) == {"owns drums in Tunis"}


def test_who_implies_states_little():
    how = {
        way: Counter(fact["how"] for n in range(150) for brief in spoken(n, explicitness=way) for fact in brief.facts)
        for way in STYLES["explicitness"]
    }
    assert how["stated"]["stated"] > 3 * how["implied"]["stated"]
    assert how["implied"]["implied"] > 3 * how["stated"]["implied"]
    assert set(how["implied"]) == {"stated", "mentioned", "shown", "implied"}


def test_lengths_are_those_of_real_users_and_vary_within_a_conversation():
    every = [[brief.words for brief in spoken(number)] for number in range(300)]
    flat = sorted(n for sizes in every for n in sizes)
    p10, median, p90 = (flat[int(share * len(flat))] for share in (0.1, 0.5, 0.9))
    assert (3 <= p10 <= 6, 8 <= median <= 13, 18 <= p90 <= 35) == (True, True, True), (p10, median, p90)
    assert statistics.fmean(statistics.pstdev(s) / statistics.fmean(s) for s in every) > 0.5
    means = [statistics.fmean(sizes) for sizes in every]
    assert statistics.pstdev(means) > 0.2 * statistics.fmean(means)


def test_curt_people_are_asked_for_less_than_chatty_ones():
    sizes = {
        trait: statistics.fmean(
            brief_of(person(n, traits=(trait,)), (), style_of(person(n), "x"), f"{n}", ()).words for n in range(300)
        )
        for trait in ("taciturn", "rambling")
    }
    assert 1.3 * sizes["taciturn"] < sizes["rambling"]


def test_a_style_has_one_value_of_each_kind_and_all_are_drawn():
    styles = [style_of(person(n, traits=()), f"x{n}") for n in range(200)]
    for name, values in STYLES.items():
        assert {style[name] for style in styles} == set(values)
    assert len({tuple(style_of(person(1), f"y{n}")["noise"] for n in range(50))}) == 1
    assert {style_of(person(1), f"y{n}")["noise"] for n in range(50)} == {style_of(person(1), "z")["noise"]}


def test_traits_decide_how_patient_someone_is():
    assert {style_of(person(n, traits=("irritable",)), f"{n}")["patience"] for n in range(30)} == {"low"}
    assert {style_of(person(n, traits=("patient",)), f"{n}")["patience"] for n in range(30)} == {"high"}


@pytest.mark.parametrize("noise", list(NOISE))
def test_a_person_types_with_the_noise_of_the_style(noise):
    low, high = NOISE[noise]
    drawn = {brief_of(person(n), (), style_of(person(n), "x") | {"noise": noise}, "x", ()).noise for n in range(30)}
    assert low <= min(drawn) < max(drawn) <= high


SAME = "Bleed the radiators from the lowest floor upwards, with a cloth under the valve."


def test_frustration_grows_with_replies_that_repeat_and_ends_with_a_good_one():
    style = dict.fromkeys(STYLES, "low") | {"disclosure": "gradual", "explicitness": "stated"}
    said = ["It knocks.", SAME, "And now?", SAME, "And then?", SAME]
    for patience, moods in (("low", ["annoyed"]), ("high", ["impatient"])):
        made = {brief_of(person(n), talk(*said), style | {"patience": patience}, f"{n}", ()).mood for n in range(40)}
        assert sorted(made) == moods
    aims = Counter(brief_of(person(n), talk(*said), style, f"{n}", ()).aim for n in range(200))
    assert aims["object"] > aims["ask"]
    assert aims["close"] > 20
    after = brief_of(person(), talk(*said[:4]), style, "0", (), "good")
    assert (after.last_reply, after.mood) == ("good", "content")


def test_a_reply_that_repeats_is_poor_and_one_that_remembers_is_good():
    assert received(talk("It knocks.", SAME)) == ""
    assert received(talk("It knocks.", SAME, "And now?", SAME)) == "poor"
    assert (
        received(
            talk("I breed canaries in Porto.", "Nice.", "It knocks at night.", "Knocks may scare canaries in Porto.")
        )
        == "good"
    )
    assert received(talk("I breed canaries in Porto.", "Nice.", "It knocks at night.", "Air in the pipes.")) == ""


def test_nobody_stops_before_the_third_turn_or_tells_more_while_stopping():
    for number in range(300):
        briefs = spoken(number)
        assert [brief.aim for brief in briefs[:1]] == ["open"]
        assert briefs[1].aim != "close"
        assert not any(brief.facts for brief in briefs if brief.aim == "close")
        assert all(bool(brief.topic) == (brief.aim in ("open", "shift")) for brief in briefs)


def test_a_topic_that_touches_the_life_is_taken_more_often():
    keeper = person(profile="She keeps bees and hens in a yard.", facts=())
    topics = [f"topic {Random(n).random()}" for n in range(19)] + ["bees that want to swarm"]
    taken = [brief_of(keeper, (), style_of(keeper, "x"), f"{n}", topics).topic for n in range(200)]
    assert 30 < taken.count(topics[-1]) < 80


def test_two_or_three_traits_lead():
    assert {len(brief_of(person(n), (), style_of(person(n), "x"), f"{n}", ()).traits) for n in range(20)} == {3}
    assert brief_of(person(traits=()), (), style_of(person(), "x"), "x", ()).traits == ()


@given(st.lists(st.text(max_size=40), max_size=6), st.lists(st.text(max_size=30), max_size=4), st.text(max_size=60))
def test_any_persona_and_any_conversation_have_a_brief(said, facts, profile):
    who = person(facts=tuple(facts), profile=profile, traits=tuple(facts))
    style = style_of(who, "x")
    brief = brief_of(who, talk(*said[: len(said) // 2 * 2]), style, "x", TOPICS)
    assert 2 <= brief.words <= 90
    assert set(brief.inputs()) == {*(field for field in vars(brief))}
    assert replace(brief) == brief


def test_a_fact_is_told_if_most_of_its_words_are_said():
    assert is_told("She repairs lifts in Porto", ["well, I repair lifts, in Porto"])
    assert not is_told("She repairs lifts in Porto", ["I live in Porto"])
    assert is_told("彼女は大阪に住んでいる", ["大阪に住んでいるよ"])
    assert not is_told("", ["anything"])
