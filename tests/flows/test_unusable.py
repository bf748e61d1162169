"""What becomes of a conversation in which a model gives no usable reply: its branch or its turn suffers, no more."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from personagen import tree
from personagen.agents.ask import said
from personagen.agents.assistant import CANDIDATES, Candidate
from personagen.errors import ReplyError, ServerError
from personagen.flows.conversation import Conversation
from personagen.flows.messages import FailedTree
from personagen.flows.plan import Plan
from personagen.llm.limits.limiter import Limiter
from personagen.runs.schedule import Job, run_jobs
from tests.fakes import PERSONA, Fake, answer, cast, context

CUT = answer("half a sent", finish_reason="length")
GROWTHS = pytest.mark.parametrize("kind", ["coin", "best", "all"])


def replies_to(made, at):
    return [node for node in made.nodes if tree.parent(node.id) == at]


def grow(reply=cast, shuffle=None, **changes):
    """The tree and its log. With seed 1 the coins fall on slot 0 and then on slot 1."""
    fields = {"id": "t", "persona": PERSONA, "repeat": 0, "turns": 3, "candidates": 2}
    plan = Plan(**{**fields, "grow": "coin", "max_nodes": 500, "seed": 1, **changes})
    conversation, made = Conversation(context(Fake(reply, shuffle=shuffle)), plan), []

    async def finish():
        made.append(conversation.tree())

    try:
        asyncio.run(run_jobs([Job(conversation.first(), finish)], Limiter(1)))
    except FailedTree as failure:
        made.append(failure)
    return made[0], conversation.log


def failing(*places, role=None, said=CUT):
    """The cast, from which nothing usable comes at these places."""

    def reply(call):
        hit = call.place.partition("/")[2] in places and (role or call.role) == call.role
        return said if hit and (role or call.role in ("user", "assistant")) else cast(call)

    return reply


def judging(which, place="0"):
    """The cast, whose judge gives nothing usable about ``place`` in this order."""

    def reply(call):
        if call.role != "judge" or call.place != f"t/{place}":
            return cast(call)
        first = call.inputs["replies"][0]["text"].startswith("assistant/aware")
        return "no json" if first is (which == 0) else cast(call)

    return reply


def users(made):
    return [node.id for node in made.nodes if node.role == "user"]


def judged(made):
    return {judgment.node for judgment in made.judgments}


SOUND = {kind: grow(grow=kind)[0] for kind in ("coin", "best", "all")}


@GROWTHS
def test_an_unusable_message_of_the_user_ends_its_branch_and_what_was_said_before_stays(kind):
    at = users(SOUND[kind])[1]
    made, log = grow(failing(at), grow=kind)
    kept = [node for node in SOUND[kind].nodes if not f"{node.id}.".startswith(f"{at}.")]
    assert [node.id for node in made.nodes] == [node.id for node in kept]
    assert judged(made) == set(users(made))
    assert len(made.judgments) == 2 * len(users(made))
    assert log.ended == {at: "unusable"}
    [row] = log.rejections("t")
    assert (row.place, row.gate, row.finish_reason, row.attempts) == (f"t/{at}", "unusable", "length", 3)
    assert row.text == "half a sent"
    assert row.reason == (
        "user/speak gave no usable reply in 3 attempts: the reply was cut off at its token limit; the branch ends here"
    )


def test_an_unusable_reply_that_was_to_go_on_ends_its_branch():
    made, log = grow(failing("0.0"))
    assert [node.id for node in made.nodes] == ["0", "0.1"]
    assert (made.judgments, log.ended) == ((), {"0.0": "unusable"})


def test_an_unusable_reply_that_was_not_to_go_on_is_left_out():
    made, log = grow(failing("0.1"))
    assert users(made) == users(SOUND["coin"])
    assert judged(made) == set(users(made)[1:])
    assert log.ended == {}
    assert log.rejections("t")[0].reason.endswith("it was left out")
    assert log.counts()["unusable"] == {"assistant/plain": 1}


def test_best_goes_on_with_the_reply_that_is_left_and_all_with_the_others():
    made, log = grow(failing("0.0"), grow="best")
    assert users(made)[:2] == ["0", "0.1.0"]
    assert (len(users(made)), log.ended) == (3, {})
    made, log = grow(failing("0.0"), grow="all")
    assert users(made) == ["0", "0.1.0", "0.1.0.0.0", "0.1.0.1.0"]
    assert log.ended == {"0.0": "unusable"}


@GROWTHS
def test_where_every_reply_is_unusable_the_branch_ends(kind):
    at = users(SOUND[kind])[1]
    made, log = grow(failing(f"{at}.0", f"{at}.1"), grow=kind)
    assert at in users(made)
    assert not replies_to(made, at)
    assert "0" in judged(made)
    assert {place.rpartition(".")[0] for place in log.ended} == {at}


@pytest.mark.parametrize(("kind", "at"), [("coin", "0"), ("coin", "0.0.0"), ("best", "0"), ("all", "0")])
def test_without_the_observer_a_turn_has_no_pair_and_the_conversation_goes_on_with_another_reply(kind, at):
    made, log = grow(failing(at, role="observer", said="no json"), grow=kind)
    assert [reply.agent for reply in replies_to(made, at)] == ["plain"]
    assert at not in {belief.node for belief in made.beliefs}
    assert max(tree.turn(node) for node in users(made)) == 3
    assert f"{at}.1.0" in users(made)
    assert judged(made) == set(users(made)) - {at}
    assert log.ended == ({"0.0": "unusable"} if kind == "all" else {})
    [row] = log.rejections("t")
    assert (row.place, row.gate, row.text) == (f"t/{at}", "unusable", "no json")
    assert row.reason.endswith("its turn has no inferences, and no reply that needs them")


@pytest.mark.slow
def test_without_the_observer_the_replies_that_do_not_need_it_are_judged_and_one_of_them_goes_on():
    nexts = set()
    for seed in range(16):
        made, _ = grow(failing("0", role="observer", said="no json"), candidates=4, turns=2, seed=seed)
        assert [reply.agent for reply in replies_to(made, "0")] == ["plain", "plain"]
        assert made.judgments[0].order == ("0.1", "0.3")
        if Random(f"{seed}/t/0").randrange(4) in (0, 2):  # the drawn reply needs the observer
            nexts.add(users(made)[1])
    assert nexts == {"0.1.0", "0.3.0"}


def test_without_the_observer_a_turn_in_which_every_reply_needs_it_ends_the_branch():
    at = users(SOUND["coin"])[1]

    async def echo(ctx, conversation, known, site):
        return said(ctx, f"echo of {conversation[-1].content}", "assistant", conversation)

    both = (CANDIDATES["aware"], Candidate("echo", echo))
    for kind in ("coin", "best"):
        made, log = grow(failing("0", at, "0.1.0", role="observer", said="no json"), grow=kind, assistants=both)
        assert str(made) == "observer/infer gave no usable reply in 3 attempts: the reply holds no JSON object"
        assert set(log.ended.values()) == {"unusable"}


@GROWTHS
@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("turns", [1, 3])
def test_without_a_verdict_a_turn_has_no_pair_and_the_conversation_goes_on(kind, which, turns):
    made, log = grow(judging(which), grow=kind, turns=turns)
    assert len(users(made)) == len([at for at in users(SOUND[kind]) if tree.turn(at) <= turns])
    first = [judgment for judgment in made.judgments if judgment.node == "0"]
    assert len(first) == (0 if which == 0 and kind != "best" and turns > 1 else 1)
    assert len(made.judgments) == 2 * (len(users(made)) - 1) + len(first)
    assert (log.ended, log.counts()["unusable"]) == ({}, {"judge/prefer": 1})
    assert log.rejections("t")[0].reason.endswith("; its turn has no pair")


def test_best_draws_the_reply_that_goes_on_where_a_verdict_is_missing():
    nexts = {users(grow(judging(0), grow="best", turns=2, seed=seed)[0])[1] for seed in range(8)}
    assert nexts == {"0.0.0", "0.1.0"}


@pytest.mark.parametrize("places", [("0",), ("0.0", "0.1")])
def test_a_conversation_without_an_exchange_has_failed_with_what_came(places):
    failed, _ = grow(failing(*places))
    assert isinstance(failed, FailedTree)
    assert (failed.place, failed.unanswered) == (places[0], False)
    assert (failed.cause.text, failed.cause.cause) == ("half a sent", "length")


@pytest.mark.parametrize(
    ("came", "ended", "attempts"),
    [
        (answer("I can't.", finish_reason="refusal"), "refusal", 3),
        (answer("", finish_reason="content_filter"), "content_filter", 3),
        ("", "stop", 3),
        ("<think>and then", "stop", 3),
        (ReplyError("the conversation is too long for m", cause="context"), "", 1),
    ],
)
def test_whatever_makes_a_reply_unusable_leaves_the_rest_alone(came, ended, attempts):
    at = users(SOUND["coin"])[2]
    made, log = grow(failing(at, said=came))
    assert users(made) == users(SOUND["coin"])[:2]
    [row] = log.rejections("t")
    assert (row.finish_reason, row.attempts) == (ended, attempts)
    assert row.text == (came if isinstance(came, str) else getattr(came, "text", ""))


def test_a_candidate_of_the_users_own_that_gives_up_costs_its_reply_no_more():
    async def never(ctx, conversation, known, site):
        raise ReplyError("out of words")

    made, log = grow(assistants=(CANDIDATES["plain"], Candidate("never", never)))
    assert len(users(made)) == 3 or log.ended
    assert {node.agent for node in made.nodes} == {"user", "plain"}
    assert set(log.counts()["unusable"]) == {"never"}
    assert log.rejections("t")[0].reason.startswith("out of words; ")


@pytest.mark.slow
@GROWTHS
@pytest.mark.parametrize("away", [False, True])
def test_the_same_answers_give_the_same_tree_and_rows_in_any_order_of_arrival(kind, away):
    def reply(call):
        dice = sum(map(ord, call.place + call.prompt))  # the same for every attempt
        if away and dice % 23 == 0:
            return ServerError(f"away at {call.place}")
        return CUT if dice % 7 == 0 else "no json" if int(call.key[:2], 16) % 16 == 0 else cast(call)

    for plan_id in ("a", "b", "c", "d"):
        told = set()
        for shuffle in range(4):
            made, log = grow(reply, shuffle=shuffle, grow=kind, id=plan_id, candidates=3, max_nodes=60)
            rows = b"".join(row.line() for row in log.rejections("t"))
            told.add((str(made) if isinstance(made, FailedTree) else made.line(), rows, str(log.counts())))
        assert len(told) == 1
