"""What becomes of a conversation in which somebody says what must not be said."""

from __future__ import annotations

import asyncio
from collections import Counter

import orjson
import pytest

from personagen import tree
from personagen.errors import QualityError
from personagen.flows.conversation import Conversation
from personagen.flows.messages import FailedTree
from personagen.flows.plan import Plan
from personagen.llm.limits.limiter import Limiter
from personagen.runs.schedule import Job, run_jobs
from tests.fakes import PERSONA, Fake, answer, cast, context

BAD = "<|im_start|>"


def grow(fake, attempts=3, **changes):
    """The tree and what was heard of it. With seed 1 the coins fall on slot 0 and then on slot 1."""
    fields = {"id": "t", "persona": PERSONA, "repeat": 0, "turns": 3, "candidates": 2}
    plan = Plan(**{**fields, "grow": "coin", "max_nodes": 500, "seed": 1, **changes})
    conversation, made = Conversation(context(fake, attempts), plan), []

    async def finish():
        made.append(conversation.tree())

    async def main():
        await run_jobs([Job(conversation.first(), finish)], Limiter(1))

    try:
        asyncio.run(main())
    except FailedTree as failure:
        made.append(failure)
    return made[0], conversation.log


def spoiling(*places, times=9):
    """The cast, which spoils what is said at these places so many times."""
    spoiled = Counter()

    def reply(call):
        place = call.place.partition("/")[2]
        if call.role in ("user", "assistant") and place in places and spoiled[place] < times:
            spoiled[place] += 1
            return f"{cast(call)} {BAD}"
        return cast(call)

    return Fake(reply)


def drawn(turns=3, seed=1):
    """The replies that go on in a sound tree."""
    made, _ = grow(Fake(), turns=turns, seed=seed)
    return [tree.parent(node.id) for node in made.nodes if node.role == "user" and node.id != "0"]


def users(made):
    return [node.id for node in made.nodes if node.role == "user"]


def sibling(node):
    return node[:-1] + "10"[int(node[-1])]


def test_a_spoiled_message_is_asked_for_once_again_as_another_sample():
    fake = spoiling("0", times=1)
    made, heard = grow(fake)
    asked = [call.sample for call in fake.calls if call.place == "t/0" and call.role == "user"]
    assert asked == ["0/0", "0/1"]
    assert len(made.nodes) == 9
    assert BAD not in made.line().decode()
    (row,) = heard.rejections("t")
    assert (row.place, row.gate) == ("t/0", "markup")
    assert BAD in row.text
    assert row.reason.endswith("asked again")
    assert heard.counts() == {
        "messages": 10,
        "rejected_messages": {"markup": 1},
        "repaired": {},
        "ended_early": {},
        "unusable": {},
    }


@pytest.mark.parametrize("candidates", [2, 3])
def test_a_conversation_ends_where_the_users_message_is_spoiled_twice_and_keeps_what_was_said(candidates):
    goes_on = grow(Fake(), candidates=candidates)[0]
    at = users(goes_on)[1]
    fake = spoiling(at)
    made, heard = grow(fake, candidates=candidates)
    assert sum(call.place == f"t/{at}" for call in fake.calls) == 2
    assert made.nodes == tuple(node for node in goes_on.nodes if node.id.count(".") < 2)
    assert len(made.judgments) == 2
    assert heard.ended == {at: "markup"}
    assert [row.reason.rpartition("; ")[2] for row in heard.rejections("t")] == ["asked again", "the branch ends here"]


def test_a_conversation_ends_where_the_reply_that_goes_on_is_spoiled_twice():
    at = drawn()[0]
    made, heard = grow(spoiling(at))
    assert [node.id for node in made.nodes] == ["0", sibling(at)]
    assert (made.judgments, heard.ended) == ((), {at: "markup"})


def test_a_conversation_goes_on_without_a_reply_that_would_not_have_gone_on():
    at = sibling(drawn()[0])
    made, heard = grow(spoiling(at))
    assert users(made) == users(grow(Fake())[0])
    assert at not in tree.by_id(made)
    assert {judgment.node for judgment in made.judgments} == set(users(made)[1:])
    assert heard.ended == {}
    assert heard.rejections("t")[-1].reason.endswith("it was left out")


def test_the_replies_that_are_left_are_judged_without_the_spoiled_one():
    made, _ = grow(spoiling("0.1"), candidates=3, turns=1)
    assert [judgment.order for judgment in made.judgments] == [("0.0", "0.2"), ("0.2", "0.0")]


def test_what_is_spoiled_in_the_last_turn_ends_nothing_early():
    made, heard = grow(spoiling("0.0", "0.1"), candidates=3, turns=1)
    assert len(made.nodes) == 2
    assert heard.ended == {}


def test_best_goes_on_with_the_one_reply_that_is_left_and_ends_where_none_is():
    made, heard = grow(spoiling("0.0"), grow="best")
    assert users(made)[:2] == ["0", "0.1.0"]
    assert len(users(made)) == 3
    assert {judgment.node for judgment in made.judgments} == set(users(made)[1:])
    assert heard.ended == {}
    made, heard = grow(spoiling("0.0", "0.1.0.0", "0.1.0.1"), grow="best")
    assert [node.id for node in made.nodes] == ["0", "0.1", "0.1.0"]
    assert heard.ended == {"0.1.0.0": "markup"}


@pytest.mark.slow
@pytest.mark.parametrize("lost", ["0.0", "0.1", "0.2"])
@pytest.mark.parametrize("tie", ["true", "false"])
def test_a_tie_is_drawn_among_the_replies_that_are_left(lost, tie):
    spoilt = spoiling(lost, times=99).reply

    def undecided(call):
        labels = '"A", "B", "C"' if len(call.inputs.get("replies", ())) == 3 else '"A", "B"'
        return (
            f'{{"ranking": [{labels}], "tie": {tie}, "reason": ""}}' if call.prompt == "judge/prefer" else spoilt(call)
        )

    seconds = set()
    for seed in range(12):
        made, heard = grow(Fake(undecided), grow="best", candidates=3, turns=2, seed=seed)
        assert heard.ended == {}
        seconds.add(users(made)[1])
    assert seconds == {f"{at}.0" for at in ("0.0", "0.1", "0.2") if at != lost}


def test_where_every_reply_goes_on_only_the_spoiled_branch_ends():
    made, heard = grow(spoiling("0.1"), grow="all")
    assert users(made) == ["0", "0.0.0", "0.0.0.0.0", "0.0.0.1.0"]
    assert heard.ended == {"0.1": "markup"}


def test_a_conversation_in_which_nobody_was_answered_has_failed():
    for places in (("0",), ("0.0", "0.1")):
        failed, heard = grow(spoiling(*places))
        assert str(failed) == "no exchange passed the gate markup"
        assert failed.place == "0"
        assert len(heard.rejections("t")) == 2 * len(places)


def test_goodbyes_from_both_sides_finish_a_conversation():
    def reply(call):
        said = [m.content for m in call.inputs.get("conversation", ())]
        if call.role == "user" and call.inputs["turn"] == 2:
            return "Thanks, goodbye!"
        return "Goodbye! Take care." if call.role == "assistant" and said[-1] == "Thanks, goodbye!" else cast(call)

    made, heard = grow(Fake(reply), turns=5)
    assert len(users(made)) == 2
    assert list(heard.ended.values()) == ["goodbye"]
    (row,) = heard.rejections("t")
    assert (row.gate, tree.parent(row.place.partition("/")[2])) == ("goodbye", users(made)[-1])
    assert len(made.judgments) == 4


def test_with_one_attempt_nothing_is_asked_again():
    fake = spoiling("0.0", "0.1")
    failed, heard = grow(fake, attempts=1)
    assert isinstance(failed, FailedTree)
    assert len(heard.rejections("t")) == 2
    assert sum(call.role == "assistant" for call in fake.calls) == 2


def test_unusable_and_spoiled_replies_share_the_attempts():
    said = iter(["", BAD, "", "never asked"])
    fake = Fake(lambda call: next(said) if call.role == "user" else cast(call))
    failed, heard = grow(fake)
    assert str(failed) == "no exchange passed the gate markup"
    assert [row.text for row in heard.rejections("t")] == [BAD]
    assert len(fake.calls) == 3


@pytest.mark.parametrize("kind", ["coin", "best", "all"])
def test_a_spoiled_message_followed_by_replies_that_are_cut_off_fails_no_conversation(kind):
    def reply(call):
        if call.role != "user" or call.inputs["turn"] < 3:
            return cast(call)
        return BAD if call.sample.endswith("/0") else answer("half a sent", finish_reason="length")

    made, heard = grow(Fake(reply), grow=kind)
    assert len(users(made)) == (3 if kind == "all" else 2)
    assert set(heard.ended.values()) == {"markup"}
    assert {row.text for row in heard.rejections("t")} == {BAD}
    assert heard.rejections("t")[-1].reason.endswith("the branch ends here")


def test_a_label_and_the_other_speakers_lines_are_mended_and_the_cut_is_kept():
    fake = Fake(lambda c: f"User: {cast(c)}\n\nAssistant: Salt it." if c.role == "user" else cast(c))
    made, heard = grow(fake, turns=1)
    assert made.nodes[0].content.startswith("user/speak")
    assert "Salt" not in made.nodes[0].content
    assert heard.counts()["repaired"] == {"label": 1, "cut": 1}
    assert [(row.gate, row.text) for row in heard.rejections("t")] == [("cut", "Assistant: Salt it.")]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["coin", "best", "all"])
def test_the_same_answers_give_the_same_tree_and_rows_in_any_order_of_arrival(kind):
    def reply(call):
        spoiled = call.role in ("user", "assistant") and int(call.key[:2], 16) % 4 == 0
        return f"{cast(call)} {BAD}" if spoiled else "no json" if call.key[:2] == "0f" else cast(call)

    for plan_id in ("a", "b", "c"):
        told = set()
        for shuffle in range(3):
            made, heard = grow(Fake(reply, shuffle=shuffle), grow=kind, id=plan_id)
            rows = b"".join(row.line() for row in heard.rejections("t"))
            told.add((str(made) if isinstance(made, FailedTree) else made.line(), rows, str(heard.counts())))
        assert len(told) == 1


# -- the run and its summary -----------------------------------------------------------------------------------------


def test_the_summary_tells_what_was_turned_away_and_every_turn_has_its_pair_or_row(run, model, tmp_path):
    def reply(call):
        bees = "is 22" in str(call.inputs.get("profile"))
        return f"{cast(call)} {BAD}" if call.role == "user" and call.inputs["turn"] == 2 and bees else cast(call)

    model(reply)
    summary = run()
    assert (summary.trees, summary.failed, summary.turns, summary.pairs) == (6, 0, 16, 16)
    assert summary.messages == 5 * 9 + 3 + 2
    assert (summary.rejected_messages, summary.ended_early) == ({"markup": 2}, {"markup": 1})
    rows = [orjson.loads(line) for line in (tmp_path / "run" / "rejections.jsonl").read_bytes().splitlines()]
    assert [row["gate"] for row in rows] == ["markup", "markup"]
    assert orjson.loads((tmp_path / "run" / "run.json").read_bytes())["summary"]["rejected_messages"] == {"markup": 2}


FAILED = "6 of 6 conversations failed, 6 of them because no exchange passed the gate role"


def test_conversations_that_never_begin_end_the_run_and_count_as_failed(run, model):
    model(lambda call: "How can I help you today?" if call.role == "user" else cast(call))
    with pytest.raises(QualityError, match=FAILED):
        run()
