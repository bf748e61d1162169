"""Reading where a conversation stands off its messages."""

from __future__ import annotations

from personagen.offline.thread import read
from personagen.offline.topics import Place, topics
from tests.offline.cast import talk

BOILER = "Our boiler knocks. Is a banging boiler dangerous or only annoying?"


def _topic(*texts):
    topic = read(tuple(talk(*texts))).topic
    return topic and topic.id


def test_the_topic_is_the_one_asked_about_last():
    assert _topic(BOILER) == "boiler"
    assert _topic(BOILER, "Hm.", "How do I rescue a dropped stitch without pulling it all out?") == "knitting"


def test_a_new_opening_wins_over_a_question_that_fits_the_old_topic():
    opening = topics()["mice"].openings[2]
    assert _topic(BOILER, "Hm.", f"{opening} Is a banging boiler dangerous or only annoying?") == "mice"


def test_the_topic_in_hand_wins_where_a_message_touches_two():
    both = (
        "How do I rescue a dropped stitch without pulling it all out? Is a banging boiler dangerous or only annoying?"
    )
    assert _topic(BOILER, "Hm.", both) == "boiler"
    assert _topic("How do I rescue a dropped stitch without pulling it all out?", "Hm.", both) == "knitting"


def test_a_message_without_a_question_leaves_the_topic_as_it_was():
    thread = read(tuple(talk(BOILER, "Hm.", "I see.")))
    assert thread.topic is topics()["boiler"]
    assert thread.now == ()
    assert thread.asked == {Place("boiler", 0)}


def test_points_given_and_offered_are_found_in_the_replies():
    point = topics()["boiler"].asks[0].points[1]
    thread = read(tuple(talk(BOILER, f"First, {point.advice.lower()}", "Ok.")))
    assert thread.given() == (point,)
    assert thread.offered()[0] == point


def test_an_empty_conversation_has_no_topic_and_no_last_message():
    thread = read(())
    assert (thread.topic, thread.last, thread.reply) == (None, "", "")
