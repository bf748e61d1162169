"""The two assistants: what they answer, and what the aware one does with what it is told."""

from __future__ import annotations

from random import Random

import pytest

from personagen.offline import assistant
from personagen.offline.circumstances import advice_in, advice_on
from personagen.offline.findings import FAMILIAR, RECITES
from personagen.offline.style import axes_in
from personagen.offline.texts import bank
from personagen.offline.topics import given, topics
from tests.offline.cast import grown, talk

BOILER = talk("Our boiler knocks at night. Is a banging boiler dangerous or only annoying?")


def _aware(inferences, conversation=BOILER, times=60):
    inputs = {"conversation": conversation, "inferences": inferences}
    return [assistant.aware(inputs, Random(i)) for i in range(times)]


def _plain(conversation=BOILER, times=60):
    return [assistant.plain({"conversation": conversation}, Random(i)) for i in range(times)]


def test_both_answer_the_question_that_was_asked():
    points = topics()["boiler"].asks[0].points
    for text in [*_aware([]), *_plain()]:
        assert any(p in points for p in given("boiler", text)), text


NIGHTS = "The user works nights as a nurse"
ENGINEER = talk("Our boiler knocks at night. What can I do before the engineer comes?")


def test_a_revealed_fact_that_bears_on_the_question_changes_the_advice_of_most_replies():
    assert sum("night shift" in t or "a shift" in t for t in _aware([NIGHTS], ENGINEER)) > 45
    assert not any("shift" in t for t in _aware([NIGHTS]))  # whether the banging is dangerous has nothing to do with it


def test_advice_for_a_fact_is_given_once_in_a_conversation():
    [advice] = advice_on("nights", "boiler", 1)
    past = talk(ENGINEER[0].content, advice.text, ENGINEER[0].content)
    assert not any(advice.text in t for t in _aware([NIGHTS], past))


def test_few_replies_recite_what_the_user_said():
    recited = sum(bool(RECITES.search(t)) for t in _aware([NIGHTS], ENGINEER, times=400))
    assert 4 < recited < 48


def test_a_fact_that_is_not_among_the_inferences_is_never_used():
    assert not any(advice_in(t) for t in [*_aware(["The user is 40"], ENGINEER), *_plain(ENGINEER)])


def test_without_inferences_aware_writes_what_plain_writes():
    assert _aware([]) == _plain()


def test_inferences_of_another_person_give_a_plausible_reply_for_that_person():
    other = _aware(["The user is retired", "The user is sceptical: advice needs a reason."], ENGINEER)
    assert sum("weekday morning" in t for t in other) > 45
    assert all(given("boiler", t) for t in other)


def test_an_overclaiming_reply_speaks_of_what_was_never_said_or_flaunts_what_was():
    inputs = {"conversation": ENGINEER, "inferences": [NIGHTS]}
    texts = [assistant.overclaim(inputs, Random(i)) for i in range(100)]
    unknown = sum(any(a.circumstance != "nights" for a in advice_in(t)) for t in texts)
    flaunted = sum("you work nights" in t for t in texts)
    familiar = sum(bool(FAMILIAR.search(t)) for t in texts)
    assert min(unknown, flaunted, familiar) > 10
    assert unknown + flaunted + familiar > 90
    assert all(given("boiler", t) for t in texts)


@pytest.mark.parametrize(("wish", "low", "high"), [("Keep it short, please.", 8, 34), ("In detail, please.", 75, 190)])
def test_both_follow_an_explicit_wish_for_a_length(wish, low, high):
    asked = talk(f"{BOILER[0].content} {wish}")
    for texts in (_aware(["The user is talkative"], asked), _aware(["The user is terse"], asked), _plain(asked)):
        assert sum(low <= len(t.split()) <= high for t in texts) > 45


def test_a_terse_user_gets_shorter_replies_than_a_talkative_one():
    terse = _aware(["The user seems terse and wants short answers."])
    chatty = _aware(["The user seems talkative and sociable."])
    assert 1.6 * sum(len(t.split()) for t in terse) < sum(len(t.split()) for t in chatty)


def test_a_methodical_user_gets_numbered_steps():
    assert sum("1) " in t and "2) " in t for t in _aware(["The user is methodical and wants steps in order."])) > 40


@pytest.mark.parametrize("name", ["anxious", "sceptical", "blunt", "playful", "thrifty", "torn", "easy", "sunny"])
def test_most_replies_show_what_a_person_of_that_kind_likes(name):
    texts = _aware([bank("style")[name]["seems"][0]])
    assert sum(name in axes_in(t, "likes") for t in texts) > 40


def test_a_question_about_a_point_gets_its_explanation():
    alarm = "Put a carbon monoxide alarm in the room before anything else, whatever the noise turns out to be."
    past = talk(BOILER[0].content, alarm, "Why a carbon monoxide alarm?")
    point = next(p for p in topics()["boiler"].asks[0].points if p.handle == "a carbon monoxide alarm")
    assert sum(point.more[1:] in t for t in _plain(past)) > 50


@pytest.mark.slow
def test_no_reply_repeats_a_sentence_of_an_earlier_reply_often():
    again = total = 0
    for g in grown():
        earlier = ""
        for turn, message in zip(g.turns, g.messages[1::2], strict=True):
            parts = [s for s in turn["plain"].split(". ") if len(s) > 25]
            again += sum(s in earlier for s in parts)
            total += len(parts)
            earlier += message.content
    assert again / total < 0.06


def test_a_message_on_nothing_it_knows_still_gets_an_answer():
    past = talk("Zzyzx qwrt blorp?")
    assert all(len(t.split()) > 8 for t in [*_plain(past), *_aware([], past)])


def test_a_message_of_foreign_origin_is_matched_by_its_rare_words():
    past = talk("hello, my sourdough starter smells odd, should I feed it more flour or is the jar too cold for a loaf")
    assert sum(bool(given("sourdough", t)) for t in _plain(past)) == 60
