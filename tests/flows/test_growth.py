"""Which replies continue: shapes, worth, what each growth waits for, and that arrival changes nothing."""

from __future__ import annotations

import asyncio
from collections import Counter

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import personagen
from personagen import tree
from personagen.agents.assistant import CANDIDATES
from personagen.errors import ReplyError, UsageError
from personagen.flows.growth import news
from personagen.flows.shape import calls_at_once, levels
from personagen.records import Inference, Message
from personagen.trajectories import scores_of, trajectories_of
from tests.fakes import Fake, cast, context, grow
from tests.flows.test_shape import plan

GROWTHS = ("coin", "best", "all", "beam:3", "best-hard", "information")


def grown(reply=cast, shuffle=None, **changes):
    fake = Fake(reply, shuffle=shuffle)
    return asyncio.run(grow(context(fake), plan(**changes))), fake


def turns_of(made):
    """The number of user turns at each depth."""
    counts = Counter(tree.turn(node.id) for node in made.nodes if node.role == "user")
    return [counts[turn] for turn in sorted(counts)]


def answered(made):
    return {tree.parent(node.id) for node in made.nodes if node.role == "assistant"}


SHAPES = st.fixed_dictionaries(
    {
        "grow": st.sampled_from(GROWTHS),
        "turns": st.integers(1, 5),
        "candidates": st.integers(2, 4),
        "max_nodes": st.integers(25, 90),
        "seed": st.integers(0, 9),
    }
)


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(SHAPES)
def test_a_tree_has_the_planned_levels_in_any_order_of_arrival_and_reaches_every_turn(shape):
    made, fake = grown(**shape)
    assert turns_of(made) == levels(plan(**shape))
    assert len(turns_of(made)) == shape["turns"]
    if shape["grow"] in ("all", "best-hard"):
        assert len(made.nodes) <= shape["max_nodes"]
    others = [grown(shuffle=n, **shape) for n in (1, 2)]
    assert {other.line() for other, _ in others} == {made.line()}
    assert {len(other.calls) for _, other in others} == {len(fake.calls)}


def test_a_beam_keeps_the_branches_of_the_best_mean_score():
    made, _ = grown(grow="beam:2", turns=4, assistants=(CANDIDATES["plain"],))
    scores = scores_of(made.judgments)

    def worth(reply):
        steps = reply.split(".")
        path = [".".join(steps[: at + 1]) for at in range(1, len(steps), 2)]
        return sum(scores[one] for one in path) / len(path)

    users = {node.id for node in made.nodes if node.role == "user"}
    for turn in (2, 3):  # at the first turn both replies continue
        replies = [n.id for n in made.nodes if n.role == "assistant" and tree.turn(n.id) == turn]
        kept = {reply for reply in replies if f"{reply}.0" in users}
        assert len(kept) == 2
        assert min(map(worth, kept)) >= max(worth(reply) for reply in replies if reply not in kept)


def preferring(agent):
    """The cast with a judge who always prefers the reply of ``agent``."""

    def reply(call):
        if call.role != "judge":
            return cast(call)
        ranked = sorted(call.inputs["replies"], key=lambda r: not r["text"].startswith(f"assistant/{agent}"))
        labels = ", ".join(r["label"] for r in ranked)
        return orjson.dumps({"reason": "r", "ranking": labels}).decode()

    return reply


@pytest.mark.parametrize("agent", ["aware", "plain"])
def test_a_beam_does_not_leave_the_branches_of_one_agent_only(agent):
    made, _ = grown(preferring(agent), grow="beam:4", turns=6, candidates=4)
    deepest = [n.id for n in made.nodes if n.role == "user" and tree.turn(n.id) == 6]
    firsts = Counter(int(at.split(".")[1]) % 2 for at in deepest)
    lasts = Counter(int(at.split(".")[-2]) % 2 for at in deepest)
    assert firsts == {0: 2, 1: 2}
    assert lasts == {0: 2, 1: 2}


@pytest.mark.parametrize("agent", ["aware", "plain"])
def test_best_hard_follows_the_preferred_reply_and_forks_each_turn_of_that_branch(agent):
    made, _ = grown(preferring(agent), grow="best-hard", turns=4)
    best, other = ("0", "1") if agent == "aware" else ("1", "0")
    trunk = ["0"]
    for _ in range(3):
        trunk.append(f"{trunk[-1]}.{best}.0")
    forks = {f"{at}.{other}.0" for at in trunk[:-1]}
    users = {node.id for node in made.nodes if node.role == "user"}
    assert set(trunk) | forks <= users
    rest = users - set(trunk) - forks
    assert {at.split(".")[-2] for at in rest} == {best}  # a side branch goes on with its preferred reply
    assert len(users) == 4 + 3 + 2 + 1


def test_the_hardest_rejected_reply_is_the_one_with_the_highest_score():
    def reply(call):
        if call.role != "judge":
            return cast(call)
        ranked = [r["label"] for r in sorted(call.inputs["replies"], key=lambda r: r["text"])]
        return orjson.dumps({"reason": "r", "ranking": ", ".join(ranked)}).decode()

    made, _ = grown(reply, grow="best-hard", turns=2, candidates=4)
    scores = scores_of(made.judgments[:2])
    continued = {node.id[:-2] for node in made.nodes if node.role == "user" and node.id != "0"}
    assert continued == set(sorted(scores, key=scores.get, reverse=True)[:2])


def telling(after):
    """The cast with a user who says two things about themselves after a reply of ``after``, else nothing new."""

    def reply(call):
        if call.role == "user":
            last = call.inputs["conversation"][-1].content if call.inputs["conversation"] else ""
            said = "I knit. I row." if last.startswith(f"assistant/{after}") else "Well."
            return f"{said} {cast(call)[-8:]}"
        if call.role == "observer":
            turns = [m.content for m in call.inputs["conversation"] if m.role == "user"]
            quotes = [q for t in turns for q in (t[:7], t[8:14], t[-8:]) if "Well" not in q] if after else []
            rows = [{"fact": f"f {q}", "quote": q, "kind": "profile"} for q in quotes]
            return orjson.dumps({"inferences": rows}).decode()
        return cast(call)

    return reply


def test_information_continues_the_reply_after_which_the_user_reveals_most():
    # What was quoted before is not new, so only the marks are after the first reply of that kind.
    made, fake = grown(telling("plain"), grow="information", turns=2)
    assert answered(made) == {"0", "0.1.0"}
    made, fake = grown(telling("aware"), grow="information", turns=2)
    assert answered(made) == {"0", "0.0.0"}
    assert Counter(call.role for call in fake.calls) == {"user": 3, "observer": 3, "assistant": 4, "judge": 4}


def test_information_takes_eight_calls_a_turn_with_two_candidates():
    _, fake = grown(grow="information", turns=6)
    assert len(fake.calls) == 6 + 5 * 8
    assert calls_at_once(plan(grow="information", turns=6)) == pytest.approx((2 * 11 + 6 * 4) / 19)


def test_between_turns_that_reveal_as_much_a_seeded_draw_decides():
    chosen = {max(answered(grown(grow="information", turns=2, seed=seed)[0])) for seed in range(8)}
    assert chosen == {"0.0.0", "0.1.0"}


def test_news_are_inferences_whose_quote_was_not_there_before():
    before = [Message(role="user", content="I row."), Message(role="assistant", content="I knit.")]
    told = [Inference(fact=f"f{n}", quote=quote, kind="profile") for n, quote in enumerate(("I  row", "I knit"))]
    assert news(told, before) == 1
    assert news(told, []) == 2


FAULTS = st.tuples(st.sampled_from(["user", "assistant", "observer", "judge"]), st.integers(0, 5))


@pytest.mark.slow
@settings(max_examples=20, deadline=None)
@given(SHAPES, FAULTS, st.booleans())
def test_what_is_unusable_ends_no_tree_and_leaves_it_the_same_in_any_order(shape, fault, refused):
    role, share = fault

    def reply(call):
        bad = call.role == role and call.place.count(".") > 1 and int(call.key[:4], 16) % 6 < share
        return (ReplyError("no", cause="refusal") if refused else "") if bad else cast(call)

    made, _ = grown(reply, **shape)
    assert {grown(reply, shuffle=n, **shape)[0].line() for n in (1, 2)} == {made.line()}
    assert turns_of(made)[0] == 1
    if role == "judge":
        assert turns_of(made) == levels(plan(**shape))


def test_a_beam_goes_on_with_the_branches_that_are_left():
    def reply(call):
        return "" if call.role == "user" and call.place.startswith("t/0.0.0") else cast(call)

    made, _ = grown(reply, grow="beam:2", turns=4)
    users = [node.id for node in made.nodes if node.role == "user"]
    assert turns_of(made) == [1, 1, 2, 2]
    assert all(at.startswith("0.1.0") for at in users[1:])


def test_information_goes_on_with_the_answer_that_came():
    def reply(call):
        return "" if call.role == "user" and call.place == "t/0.0.0" else cast(call)

    made, _ = grown(reply, grow="information", turns=3)
    assert "0.1.0" in answered(made)
    assert len(answered(made)) == 3


def test_a_run_with_several_branches_writes_its_trajectory_pairs_and_says_how_many(run, tmp_path):
    summary = run(grow="beam:3", turns=4, conversations=3)
    written = list(personagen.read_trajectories(tmp_path / "run"))
    assert summary.trajectories == len(written) > 0
    trees = {tree.id: tree for tree in personagen.read_trees(tmp_path / "run")}
    assert written == [pair for tree in trees.values() for pair in trajectories_of(tree)]
    assert summary.report.calls == summary.report.estimate["calls"]
    assert run("alone", turns=2).trajectories == 0
    assert list(personagen.read_trajectories(tmp_path / "alone")) == []
    with pytest.raises(UsageError):
        list(personagen.read_trajectories(tmp_path / "nowhere"))


def test_a_turn_that_was_asked_only_for_what_it_reveals_is_no_turn_without_a_pair(run):
    summary = run(grow="information", turns=3, conversations=2)
    assert summary.turns == summary.pairs == 2 * 3


@pytest.mark.parametrize("grow_by", ["all", "beam:4", "best-hard"])
def test_where_nothing_is_known_yet_every_branch_still_reaches_the_last_turn(grow_by):
    def reply(call):
        return '{"inferences": []}' if call.role == "observer" and call.place == "t/0" else cast(call)

    made, _ = grown(reply, grow=grow_by, turns=6, max_nodes=60)
    assert made.unasked == ("0.0",)
    assert turns_of(made)[:2] == [1, 1]
    assert len(turns_of(made)) == 6
    assert turns_of(made) == sorted(turns_of(made))


@pytest.mark.slow
@pytest.mark.parametrize("grow_by", GROWTHS)
@pytest.mark.parametrize("max_nodes", [18, 60])
def test_where_nothing_is_ever_known_the_one_reply_that_is_asked_for_continues_to_the_end(grow_by, max_nodes):
    silent = lambda call: '{"inferences": []}' if call.role == "observer" else cast(call)  # noqa: E731
    for seed in range(3):
        made, _ = grown(silent, grow=grow_by, turns=6, max_nodes=max_nodes, seed=seed)
        assert turns_of(made) == [1] * 6
        assert {node.agent for node in made.nodes} == {"user", "plain"}
