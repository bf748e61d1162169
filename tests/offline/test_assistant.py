"""The two assistants: what they answer, and what the aware one does with what it is told."""

from __future__ import annotations

from random import Random

import pytest

from personagen.offline import assistant
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


def test_a_revealed_fact_that_bears_on_the_matter_is_used_in_most_replies():
    texts = _aware(["The user keeps a parrot named Otto"])
    assert sum("parrot" in t for t in texts) > 35


def test_a_fact_that_is_not_among_the_inferences_is_never_used():
    assert not any("parrot" in t for t in [*_aware(["The user is 40"]), *_plain()])


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


def test_about_a_tenth_of_the_aware_replies_overreach():
    known = ["The user keeps bees", "The user is anxious"]
    forced = [t for t in _aware(known, times=400) if assistant_overreaches(t)]
    assert 8 < len(forced) < 80


def assistant_overreaches(text):
    from personagen.offline.judge import _FAMILIAR, _PADDING, _forced

    return bool(_FAMILIAR.search(text) or _PADDING.search(text) or any(trace in text.lower() for trace in _forced()))


def test_a_question_about_a_point_gets_its_explanation():
    alarm = "Put a carbon monoxide alarm in the room before anything else, whatever the noise turns out to be."
    past = talk(BOILER[0].content, alarm, "Why a carbon monoxide alarm?")
    point = next(p for p in topics()["boiler"].asks[0].points if p.handle == "a carbon monoxide alarm")
    assert sum(point.more[1:] in t for t in _plain(past)) > 50


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
