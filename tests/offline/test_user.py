"""The user of the cast follows its brief: what comes up and how, the length, the aim, the typing."""

from __future__ import annotations

import statistics
from collections import Counter
from itertools import combinations
from random import Random

import pytest

from personagen.offline import observer, user
from personagen.offline.facts import is_stated
from personagen.offline.texts import bank, canon
from personagen.offline.topics import located
from personagen.offline.voices import contractions, typed, voice_of
from tests.offline.cast import BEEKEEPER, talk

PAST = talk(
    "My boiler bangs at night. Is the banging dangerous?",
    "Read the pressure gauge while the system is cold; most sealed systems want between one and one and a half bar.",
)
BRIEF = {
    "facts": [],
    "aim": "ask",
    "words": 12,
    "mood": "neutral",
    "topic": "",
    "noise": 0.0,
    "last_reply": "",
    "traits": [],
}
NURSE = "She works nights as a nurse"


def say(seed=0, past=PAST, who=BEEKEEPER, **brief):
    given = {**who, "conversation": past, "turn": len(past) // 2 + 1, "turns": 10, "brief": BRIEF | brief}
    return user.speak(given, Random(seed))


def test_only_facts_of_the_brief_are_told():
    for seed in range(60):
        assert not [fact for fact in BEEKEEPER["facts"] if is_stated(fact, (say(seed),))]
        told = say(seed, facts=[{"text": NURSE, "how": "stated"}], words=20)
        assert [fact for fact in BEEKEEPER["facts"] if is_stated(fact, (told,))] in ([NURSE], [])


def test_a_stated_fact_is_told_and_read_and_one_that_is_shown_is_only_hinted_at():
    import orjson

    for how, sure, share in (("stated", "high", 0.6), ("shown", "low", 0.6)):
        found = Counter()
        for seed in range(50):
            told = say(seed, facts=[{"text": NURSE, "how": how}], words=25)
            inferred = orjson.loads(observer.infer({"conversation": talk(told)}, Random(99)))["inferences"]
            found.update({one["sure"] for one in inferred if one["kind"] == "profile" and "night" in one["fact"]})
        assert found[sure] > share * 50, (how, found)
        assert found["high" if sure == "low" else "low"] < 5


def test_lengths_follow_the_brief():
    sizes = [statistics.fmean(len(say(seed, words=words).split()) for seed in range(60)) for words in (4, 20, 50)]
    assert sizes[0] + 3 < sizes[1] < 20 < sizes[2], sizes


@pytest.mark.parametrize(("aim", "asks"), [("ask", 1.0), ("shift", 0.9), ("react", 0.0)])
def test_the_aim_decides_whether_a_question_of_the_matter_is_asked(aim, asks):
    asked = statistics.fmean(bool(located(say(seed, aim=aim))) for seed in range(60))
    assert abs(asked - asks) < 0.25


def test_objections_are_not_followed_by_praise():
    polite = {canon(line) for line in bank("user")["reactions_plain"]}
    assert not [seed for seed in range(80) if canon(say(seed, aim="object", mood="annoyed", words=30)) in polite]


def test_who_stops_writes_the_mark_and_some_leave_without_a_word():
    texts = [say(seed, aim="close", mood="annoyed") for seed in range(100)]
    assert {text.splitlines()[-1] for text in texts} == {"[END]"}
    assert 10 < sum(text == "[END]" for text in texts) < 45
    assert not [text for text in (say(seed, aim="close") for seed in range(60)) if text == "[END]"]
    assert "[END]" not in say(past=[], aim="open", topic="the boiler")


def test_a_new_matter_is_the_one_of_the_brief_if_the_person_can_have_it():
    boilers = [
        located(say(seed, past=[], aim="open", topic="the boiler bangs at night", words=20)) for seed in range(30)
    ]
    assert all(found[0].topic == "boiler" for found in boilers)
    teens = [located(say(seed, past=[], aim="open", topic="a silent teenager", words=20)) for seed in range(30)]
    lone = [
        located(
            say(
                seed,
                past=[],
                who={**BEEKEEPER, "facts": ["She is 34"], "profile": "She is 34."},
                aim="open",
                topic="a silent teenager",
                words=20,
            )
        )
        for seed in range(30)
    ]
    assert Counter(found[0].topic for found in teens)["teen"] == 30
    assert Counter(found[0].topic for found in lone)["teen"] == 0


def test_a_careless_hand_drops_marks_and_letters_that_the_observer_can_still_read():
    assert typed("I'm 34, and I don't sing.", 0.0, "a", Random(5)) == "I'm 34, and I don't sing."
    careless = [typed("I'm 34, and I don't sing because.", 1.0, f"{n}", Random(n)) for n in range(60)]
    assert statistics.fmean(text.endswith(".") for text in careless) < 0.3
    assert statistics.fmean(text.islower() for text in careless) > 0.5
    assert any("dont" in text for text in careless)
    assert any("becuase" in text for text in careless)
    assert {canon(text) for text in careless} == {canon("I am 34, and I do not sing because.")}
    assert "its" not in contractions()


def test_voices_differ_in_words_and_suit_the_person():
    taken = Counter(voice_of(f"{n}", ("job_desk", "degree"), ("proud",), "She has a doctorate.") for n in range(200))
    unschooled = Counter(voice_of(f"{n}", ("job_hand",), (), "He left school at nine.") for n in range(200))
    assert taken.most_common(1)[0][0] == "formal"
    assert unschooled.most_common(1)[0][0] == "plain"
    assert unschooled["formal"] == 0
    voices = bank("voices")["voices"].values()
    pools = [{canon(line) for pool in own.values() for line in pool} for own in voices]
    for one, other in combinations(pools, 2):
        assert len(one & other) < 0.1 * min(len(one), len(other))
