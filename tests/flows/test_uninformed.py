"""Where nothing is known about the user yet, aware and plain are not told apart, and nothing is paid for it."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from personagen.agents.ask import said
from personagen.agents.assistant import CANDIDATES, Candidate
from personagen.flows.conversation import Conversation
from personagen.flows.plan import Plan
from personagen.llm.limits.limiter import Limiter
from personagen.pairs import pairs_of
from personagen.runs.schedule import Job, run_jobs
from personagen.tree import turn
from tests.fakes import PERSONA, Fake, cast, context

NOTHING = '{"inferences": []}'
PLAIN, AWARE, MISAWARE, OVERCLAIM = (CANDIDATES[name] for name in ("plain", "aware", "misaware", "overclaim"))


def grow(until=1, fake=None, rehearsed=False, **changes):
    """The grown conversation; the observer finds nothing up to the turn ``until``."""

    def reply(call):
        users = [one for one in call.inputs.get("conversation", ()) if one.role == "user"]
        return NOTHING if call.prompt == "observer/infer" and len(users) <= until else cast(call)

    fields = {"id": "t", "persona": PERSONA, "repeat": 0, "turns": 3, "candidates": 2, "grow": "coin", "seed": 1}
    fake = fake or Fake()
    fake.reply = reply
    planned = Plan(**{**fields, "max_nodes": 500, **changes})
    growing = Conversation(replace(context(fake), rehearsed=rehearsed), planned)
    asyncio.run(run_jobs([Job(growing.first(), _nothing)], Limiter(1)))
    return growing


async def _nothing():
    pass


@pytest.mark.parametrize("growth", ["coin", "best", "all"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_aware_is_not_asked_the_turn_is_not_judged_and_plain_continues(growth, seed):
    fake = Fake()
    growing = grow(fake=fake, grow=growth, seed=seed, counterfactual=1)
    tree = growing.tree()
    assert tree.unasked == ("0.0",)
    assert "0.0" not in {node.id for node in tree.nodes}
    assert max(turn(node.id) for node in tree.nodes) == 3
    assert not [call for call in fake.calls if call.place == "t/0" and call.role == "judge"]
    pairs, rejections = pairs_of(tree)
    assert [(row.place, row.gate) for row in rejections] == [("t/0", "uninformed")]
    assert {pair.turn for pair in pairs} == {2, 3}
    assert growing.log.rejections("t") == []
    assert growing.log.counts()["ended_early"] == {}


def test_a_conversation_that_reveals_nothing_is_whole_and_makes_no_pair():
    growing = grow(until=9)
    assert pairs_of(growing.tree())[0] == []
    assert len(growing.tree().unasked) == 3
    assert growing.log.first_unusable() is None


def test_an_estimate_supposes_that_something_was_revealed():
    fake = Fake()
    assert grow(fake=fake, rehearsed=True).tree().unasked == ()
    assert len(fake.calls) == 3 * 6


async def own(ctx, conversation, known, site):
    return said(ctx, "An own reply, of another kind than those of the others.", "assistant", conversation)


@pytest.mark.parametrize(
    ("assistants", "agents"),
    [
        ((AWARE, PLAIN, MISAWARE), ["plain"]),
        ((AWARE, MISAWARE), ["aware"]),
        ((AWARE, PLAIN, OVERCLAIM), ["plain", "overclaim"]),
        ((AWARE, Candidate("own", own)), ["aware", "own"]),
        ((PLAIN, OVERCLAIM), ["plain", "overclaim"]),
    ],
)
def test_of_those_that_would_get_the_same_words_one_is_asked(assistants, agents):
    tree = grow(turns=1, assistants=assistants, candidates=len(assistants), pool=(PERSONA,)).tree()
    assert [node.agent for node in tree.nodes[1:]] == agents
    assert len(tree.judgments) == 2 * (len(agents) > 1)


def test_where_the_only_reply_is_lost_too_the_branch_ends_at_it():
    def reply(call):
        if call.prompt == "observer/infer":
            return NOTHING
        return "" if call.role == "assistant" else cast(call)

    fake = Fake()
    for seed in range(4):
        growing = grow(fake=fake, seed=seed)
        fake.reply = reply
        planned = growing.plan
        again = Conversation(context(Fake(reply), attempts=1), planned)
        asyncio.run(run_jobs([Job(again.first(), _nothing)], Limiter(1)))
        assert again.log.ended == {"0.1": "unusable"}
