"""The rater: what of a judge's reply is read as scores, and what it sees."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from personagen.agents import rater
from personagen.agents.ask import CallSite
from personagen.agents.judge import NOBODY
from personagen.agents.sample import CONVERSATION, REPLIES, SAMPLE
from personagen.errors import ReplyError
from tests import fakes


def rated(text, *, persona=SAMPLE, first=False):
    fake = fakes.Fake(lambda _: text if isinstance(text, str) else orjson.dumps(text).decode())
    answer = rater.rate(fakes.context(fake, 1), persona, CONVERSATION, REPLIES[0], first, CallSite())
    return asyncio.run(answer).value, fake.calls[0]


def test_scores_are_read_by_criterion_and_as_a_whole():
    found, _ = rated({"reason": "fits", "style": 4, "content": 2, "quality": 3, "score": 3})
    assert (found.style, found.content, found.quality, found.score, found.reason) == (4, 2, 3, 3, "fits")


@pytest.mark.parametrize(("said", "score"), [("4/5", 4), (4.6, 5), ("four", 4), ("5 out of 5", 5)])
def test_a_score_in_another_plain_form_is_read(said, score):
    assert rated({"score": said})[0].score == score


@pytest.mark.parametrize("said", [0, 6, "great", None, True, -1])
def test_a_reply_without_a_score_from_1_to_5_is_unusable(said):
    with pytest.raises(ReplyError, match="the score is not a number from 1 to 5"):
        rated({"style": 3, "score": said})


def test_a_criterion_without_a_score_is_0_and_the_whole_counts():
    found, _ = rated({"style": "n/a", "score": 2})
    assert (found.style, found.score) == (0, 2)


def test_the_schema_leaves_nothing_but_whole_scores_open():
    assert rater.score_schema()["properties"]["score"] == {"type": "integer", "enum": [1, 2, 3, 4, 5]}
    assert rater.score_schema()["additionalProperties"] is False


def test_the_judge_sees_persona_conversation_and_reply():
    _, call = rated({"score": 3})
    text = call.messages[-1].content
    assert all(part in text for part in (SAMPLE.profile, SAMPLE.personality, CONVERSATION[-1].content, REPLIES[0]))
    assert text.index(CONVERSATION[-1].content) < text.index(SAMPLE.profile)


def test_the_persona_can_be_shown_first():
    _, call = rated({"score": 3}, first=True)
    text = call.messages[-1].content
    assert text.index(SAMPLE.profile) < text.index(CONVERSATION[-1].content)
    assert text.count(SAMPLE.profile) == 1


def test_nobody_has_no_description():
    _, call = rated({"score": 3}, persona=NOBODY)
    assert "the_user" not in call.messages[-1].content
    assert "You know nothing about this user" in call.messages[-1].content
