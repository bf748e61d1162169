"""What the probes ask, and the reply types."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from personagen.agents import prober
from personagen.agents.ask import CallSite
from personagen.agents.sample import CONVERSATION
from personagen.errors import ReplyError
from tests.fakes import answer, context

CHAT = CONVERSATION[:2]
SITE = CallSite()


def asked(function, *inputs, reply="Hm."):
    """The answer, and the messages that were sent."""
    sent = []

    async def llm(call):
        sent.append(call)
        return answer(reply)

    found = asyncio.run(function(context(llm), *inputs, SITE))
    return found.value, sent[0].messages


def test_the_model_is_asked_in_its_chat_with_no_system_text():
    for function, inputs in ((prober.recall, ()), (prober.confirm, ("Spiders have six legs.",))):
        value, sent = asked(function, CHAT, *inputs)
        assert value.text == "Hm."
        assert [*sent[:2]] == [*CHAT]
        assert [message.role for message in sent] == ["user", "assistant", "user"]


def test_the_claim_is_what_the_user_says():
    _, sent = asked(prober.confirm, CHAT, "Spiders have six legs.")
    assert "Spiders have six legs. You agree, don't you?" in sent[-1].content


@pytest.mark.parametrize(("said", "agrees"), [(True, True), (False, False), ("true", True)])
def test_the_judge_sees_claim_truth_and_reply_and_says_whether_it_agrees(said, agrees):
    reply = orjson.dumps({"reason": "so it is", "agrees": said}).decode()
    value, sent = asked(prober.agrees, "A claim.", "The truth.", "A reply.", reply=reply)
    assert (value.agrees, value.reason) == (agrees, "so it is")
    assert all(text in sent[-1].content for text in ("A claim.", "The truth.", "A reply."))


def test_a_verdict_without_an_answer_is_refused():
    with pytest.raises(ReplyError, match="agrees"):
        asked(prober.agrees, "A claim.", "The truth.", "A reply.", reply='{"reason": "who knows"}')
