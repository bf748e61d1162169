"""Several conversations of one persona: what carries over, what changes, and that a series is done as one item."""

from __future__ import annotations

import asyncio
from functools import partial
from itertools import pairwise

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from personagen.errors import BudgetError, QualityError, ReplyError, ServerError, UsageError
from personagen.flows.memory import changed, known, memory_after
from personagen.flows.plan import Plan
from personagen.flows.sessions import Sessions, session_id
from personagen.flows.simulate import _shortened
from personagen.llm import middleware
from personagen.llm.limits.limiter import Limiter
from personagen.records import ConversationTree, Inference, Memory
from personagen.runs.schedule import Job, run_jobs
from personagen.store.files import read_records
from tests import fakes
from tests.fakes import PERSONA, RESULTS, Fake, cast, context
from tests.trees import conversation

OTHER = PERSONA.model_copy(update={"id": "p2", "traits": ("generous",)})


def series(reply=cast, shuffle=None, **changes):
    """The conversations of a series, as trees, and the model that was asked."""
    fields = {"id": "t", "persona": PERSONA, "repeat": 0, "turns": 2, "candidates": 2, "grow": "coin"}
    plan = Plan(**{**fields, "max_nodes": 500, "seed": 1, "sessions": 3, "pool": (OTHER,), **changes})
    fake = Fake(reply, shuffle=shuffle)

    async def grow():
        growing, made = Sessions(context(fake), plan), []

        async def finish():
            made.extend(one.tree() for one in growing.conversations)

        await run_jobs([Job(growing.first(), finish)], Limiter(4))
        return made

    return asyncio.run(grow()), fake


def trees_of(folder):
    return list(read_records(folder / "run" / "trees.jsonl", ConversationTree))


@pytest.mark.parametrize("grow", ["coin", "all", "beam:2", "information"])
def test_a_later_conversation_begins_with_what_the_earlier_ones_revealed(grow):
    made, _ = series(grow=grow)
    assert [(tree.id, tree.session) for tree in made] == [("t", 0), ("t.s1", 1), ("t.s2", 2)]
    assert made[0].memory == Memory()
    for before, after in pairwise(made):
        assert after.memory == memory_after(before)
        first = after.beliefs[0].inferences
        assert first[: len(after.memory.inferences)] == after.memory.inferences
    assert len(made[2].memory.topics) == 2
    assert len({tree.nodes[0].content for tree in made}) == 3


def test_the_user_and_the_observer_remember_and_no_assistant_sees_an_earlier_conversation():
    made, fake = series(sessions=2)
    facts = [inference.fact for inference in made[1].memory.inferences]
    assert facts
    later = [call for call in fake.calls if call.place.startswith("t.s1/")]
    for call in later:
        text = "\n".join(message.content for message in call.messages)
        if call.role in ("user", "observer"):
            assert all(fact in text for fact in facts), call.prompt
        if call.prompt == "assistant/plain":
            assert not any(node.content in text for node in made[0].nodes)
    [aware] = [call for call in later if call.prompt == "assistant/aware" and call.place == "t.s1/0.0"]
    assert aware.inputs["inferences"][: len(facts)] == facts
    assert [call.inputs["earlier"] for call in fake.calls if call.place == "t/0" and call.role == "user"] == [{}]


def test_a_conversation_begins_when_all_of_the_one_before_is_there_in_any_order_of_arrival():
    bodies = {b"".join(tree.line() for tree in series(shuffle=n)[0]) for n in range(3)}
    assert len(bodies) == 1


@given(st.lists(st.integers(0, 5), max_size=5), st.lists(st.integers(0, 5), max_size=5), st.sets(st.integers(0, 5)))
def test_what_is_known_is_all_that_is_remembered_or_new_and_not_taken_back(old, new, back):
    fact = lambda n, when: Inference(fact=f"f{n}", quote=when, kind="profile")  # noqa: E731
    memory = Memory(inferences=tuple(fact(n, "then") for n in old))
    found = known(memory, [fact(n, "now") for n in new], [f"F{n}." for n in back])  # models rewrite
    assert {one.fact for one in found if one.quote == "now"} == {f"f{n}" for n in new}
    assert {one.fact for one in found if one.quote == "then"} == {f"f{n}" for n in set(old) - set(new) - back}


def test_the_memory_is_of_the_branch_that_goes_furthest():
    tree = conversation(turns=3, said=(1, 0, 0))
    later = memory_after(tree)
    assert later.inferences == tree.beliefs[-1].inferences
    assert later.topics == ("This was my day 1 at the organ.",)
    assert memory_after(tree.model_copy(update={"beliefs": ()})).inferences == ()
    long = tree.model_copy(
        update={"nodes": (tree.nodes[0].model_copy(update={"content": "so " * 200}), *tree.nodes[1:])}
    )
    assert len(memory_after(long).topics[0]) <= 120


def test_a_trait_changes_from_one_session_on_and_the_tree_says_which():
    made, _ = series(change_at=2)
    assert [tree.changed for tree in made] == ["", "blunt -> generous", "blunt -> generous"]
    assert made[0].persona == PERSONA
    assert made[1].persona == made[2].persona
    assert (made[1].persona.id, made[1].persona.traits) == ("p1", ("generous",))
    assert made[1].persona.personality == "She is blunt. Lately no longer blunt, but generous."


def test_a_persona_without_traits_or_others_with_new_ones_stays_as_it_is():
    nobody = PERSONA.model_copy(update={"traits": ()})
    assert changed(nobody, [OTHER], "x") == (nobody, "")
    assert changed(PERSONA, [PERSONA], "x") == (PERSONA, "")


def test_conversations_are_counted_and_not_series(run, tmp_path):
    summary = run(conversations=6, sessions=3, turns=2)
    assert (summary.conversations, summary.trees) == (6, 6)
    assert summary.report.calls == summary.report.estimate["calls"]
    trees = trees_of(tmp_path)
    assert [tree.session for tree in trees] == [0, 1, 2, 0, 1, 2]
    assert len({tree.id for tree in trees}) == 6
    assert {tree.persona.id for tree in trees[:3]} == {trees[0].persona.id} != {trees[3].persona.id}
    assert run("other", sessions=2, turns=1).conversations == 12  # one series per persona


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"conversations": 10, "sessions": 3}, "--conversations 10 is not a multiple of --sessions 3: choose 9 or 12"),
        ({"conversations": 2, "sessions": 3}, "is not a multiple of --sessions 3: choose 3"),
        ({"sessions": 2, "change_at": 3}, "--change-at 3: there is no such session with --sessions 2"),
        ({"change_at": 2}, "--change-at 2: there is no such session with --sessions 1"),
    ],
)
def test_numbers_that_do_not_fit_are_refused(run, options, complaint):
    with pytest.raises(UsageError, match=complaint):
        run(**options)


def test_a_series_that_was_interrupted_gives_the_same_as_one_that_was_not(run, tmp_path):
    options = {"sessions": 3, "conversations": 6, "turns": 2, "change_at": 2}
    run("whole", **options)
    for calls in (9, 17, 40):
        with pytest.raises(BudgetError):
            run(max_calls=calls, concurrency=2, **options)
    run(**options)
    assert fakes.results(tmp_path / "run") == fakes.results(tmp_path / "whole")


def test_more_series_are_added_to_those_there(run, tmp_path):
    run("whole", sessions=2, conversations=8, turns=2)
    run(sessions=2, conversations=4, turns=2)
    first = trees_of(tmp_path)
    run(sessions=2, conversations=8, turns=2)
    assert trees_of(tmp_path)[:4] == first
    assert fakes.results(tmp_path / "run") == fakes.results(tmp_path / "whole")


def test_more_turns_ask_the_later_sessions_anew_and_a_note_says_so(run):
    run(sessions=2, conversations=2, turns=2)
    [note] = [note for note in run(sessions=2, conversations=2, turns=3).report.notes if "--turns" in note]
    assert note.endswith("so all is kept; later sessions follow from longer ones and are asked anew")


def failing(place, error):
    return lambda call: error if call.place.endswith(place) and call.role == "user" else cast(call)


def test_a_conversation_that_gives_nothing_ends_its_series_and_leaves_the_ones_before(run, model, tmp_path):
    model(failing(".s1/0", ReplyError("no", cause="refusal")))
    summary = run(sessions=3, conversations=3, turns=1)
    assert (summary.trees, summary.conversations, summary.failed) == (1, 3, 0)
    rows = [orjson.loads(line) for line in (tmp_path / "run" / "rejections.jsonl").read_bytes().splitlines()]
    assert [row["gate"] for row in rows if ".s1/" in row["place"]] == ["failed"]
    assert len(RESULTS) == 3


def test_a_series_whose_first_conversation_gives_nothing_has_failed(run, model):
    model(failing("-0/0", ReplyError("no", cause="refusal")))
    with pytest.raises(QualityError, match="1 of 1 series failed"):
        run(sessions=3, conversations=3, turns=1)


def test_a_series_whose_server_is_away_is_begun_again_and_asks_no_answer_twice(run, model, tmp_path, monkeypatch):
    monkeypatch.setattr(middleware, "with_retries", partial(middleware.with_retries, attempts=1))
    fake = model(failing(".s1/0", ServerError("busy")))
    with pytest.raises(QualityError, match="busy"):
        run(sessions=2, conversations=2, turns=1)
    assert trees_of(tmp_path) == []
    rest = model(cast)
    assert run(sessions=2, conversations=2, turns=1).trees == 2
    assert not {call.key for call in rest.calls} & {call.key for call in fake.calls if call.place.endswith("-0/0")}


def test_an_estimate_plays_two_conversations_of_a_series():
    plan = Plan("p-1", PERSONA, 1, 2, 2, "coin", 500, 1, sessions=5)
    short, factor, deeper = _shortened(plan)
    assert (short.sessions, factor, deeper) == (2, 2.5, 1.0)


def test_the_id_of_a_session_is_that_of_its_series_with_its_number():
    plan = Plan("p-1", PERSONA, 1, 2, 2, "coin", 500, 1)
    assert session_id(plan, 0) == "p-1"
    assert session_id(plan, 1) == "p-1.s1"
