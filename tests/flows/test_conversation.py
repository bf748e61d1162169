"""One tree: its shape, what happens at once, what it never lets through, and how it fails."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from personagen import tree
from personagen.errors import BudgetError, ServerError
from personagen.flows.messages import FailedTree
from personagen.flows.plan import Plan
from personagen.records import Persona
from tests.fakes import PERSONA, Fake, answer, cast, context, grow
from tests.trees import replies


def plan(**changes):
    fields = {"id": "t", "persona": PERSONA, "repeat": 0, "turns": 3, "candidates": 2}
    fields |= {"grow": "coin", "max_nodes": 500, "seed": 1}
    return Plan(**{**fields, **changes})


def grown(fake=None, plan_id="t", **changes):
    return asyncio.run(grow(context(fake or Fake()), plan(id=plan_id, **changes)))


def test_a_tree_has_a_user_node_and_its_replies_for_every_turn():
    made = grown(candidates=3)
    users = [n for n in made.nodes if n.role == "user"]
    assert len(made.nodes) == 3 * 4
    for node in users:
        assert [c.agent for c in replies(made, node.id)] == ["aware", "plain", "aware"]
    assert max(tree.turn(n.id) for n in made.nodes) == 3


def test_every_user_turn_is_observed_and_judged_in_both_orders():
    made = grown()
    users = [n.id for n in made.nodes if n.role == "user"]
    assert [b.node for b in made.beliefs] == users
    assert [j.node for j in made.judgments] == [u for u in users for _ in range(2)]
    for first, second in zip(made.judgments[::2], made.judgments[1::2], strict=True):
        assert first.order == second.order[::-1]
        assert set(first.ranking) == set(first.order)


def test_every_node_names_the_call_that_made_it():
    fake = Fake()
    made = grown(fake)
    keys = {c.key for c in fake.calls}
    assert len({n.call for n in made.nodes}) == len(made.nodes)
    assert {n.call for n in made.nodes} | {b.call for b in made.beliefs} | {j.call for j in made.judgments} == keys


def test_the_same_answers_give_the_same_tree_in_any_order_of_arrival():
    bodies = {grown(Fake(shuffle=n), grow=kind).line() for n in range(4) for kind in ("coin",)}
    assert len(bodies) == 1
    assert len({grown(Fake(shuffle=n), grow="all").line() for n in range(4)}) == 1


def test_the_coin_depends_on_the_seed_and_falls_on_both_sides():
    paths = {tree.leaves([n for n in grown(seed=s).nodes if n.role == "user"])[-1].id for s in range(8)}
    assert len(paths) > 2


def test_best_continues_what_both_verdicts_put_first():
    made = grown(Fake(), grow="best", turns=2)
    first = made.judgments[0].ranking[0]
    assert first == made.judgments[1].ranking[0]
    assert f"{first}.0" in tree.by_id(made)


def test_best_falls_back_to_the_coin_when_verdicts_differ():
    def position_biased(call):
        if call.prompt != "judge/prefer":
            return cast(call)
        return '{"ranking": ["A", "B"], "tie": false, "reason": ""}'

    assert len(grown(Fake(position_biased), grow="best").nodes) == 9


def test_all_continues_every_reply():
    made = grown(grow="all", turns=3)
    assert len([n for n in made.nodes if n.role == "user"]) == 1 + 2 + 4


def test_all_continues_equal_replies_differently():
    made = grown(Fake(lambda c: "the same" if c.role == "assistant" else cast(c)), grow="all", turns=2)
    seconds = [n.content for n in made.nodes if n.role == "user" and n.id != "0"]
    assert len(set(seconds)) == len(seconds) == 2


def test_repeats_and_candidates_of_one_question_are_samples_of_their_own():
    fake = Fake()
    grown(fake, candidates=4, turns=1)
    plain = [c for c in fake.calls if c.prompt == "assistant/plain"]
    assert len({c.key for c in plain}) == 2
    again = Fake()
    grown(again, repeat=1, turns=1)
    assert again.calls[0].key != fake.calls[0].key


def test_the_next_user_turn_does_not_wait_for_the_judge():
    async def main():
        last_turn = asyncio.Event()

        async def llm(call):
            if call.role == "judge":
                await last_turn.wait()
            if call.prompt == "user/speak" and call.inputs["turn"] == 5:
                last_turn.set()
            return answer(cast(call))

        return await asyncio.wait_for(grow(context(llm), plan(turns=5)), timeout=10)

    assert len(asyncio.run(main()).judgments) == 10


def test_the_next_user_turn_does_not_wait_for_the_reply_that_does_not_continue():
    seed = next(s for s in range(9) if Random(f"{s}/t/0").randrange(2) == 1)

    async def main():
        second_turn = asyncio.Event()

        async def llm(call):
            if call.role == "observer" and len(call.inputs["conversation"]) == 1:
                await second_turn.wait()
            if call.prompt == "user/speak" and call.inputs["turn"] == 2:
                second_turn.set()
            return answer(cast(call))

        return await asyncio.wait_for(grow(context(llm), plan(turns=2, seed=seed)), timeout=10)

    assert len(asyncio.run(main()).nodes) == 6


def test_after_a_failure_no_further_turn_is_begun():
    async def main():
        asked = []
        all_failed = asyncio.Event()

        async def llm(call):
            asked.append(call.prompt)
            if call.role == "judge":
                all_failed.set()
                raise ServerError("busy")
            if call.prompt == "user/speak" and call.inputs["turn"] == 2:
                await all_failed.wait()
                await asyncio.sleep(0.01)
            return answer(cast(call))

        with pytest.raises(FailedTree):
            await asyncio.wait_for(grow(context(llm), plan(turns=9)), timeout=10)
        return asked.count("user/speak")

    assert asyncio.run(main()) == 2


def test_coins_fall_differently_in_different_trees():
    def path(tree_id):
        return max((n.id for n in grown(plan_id=tree_id).nodes), key=len)

    assert {path(f"t{n}")[:3] for n in range(8)} == {"0.0", "0.1"}


def test_best_falls_back_to_the_coin_on_a_tie():
    def tied(call):
        if call.prompt != "judge/prefer":
            return cast(call)
        best = max(call.inputs["replies"], key=lambda r: r["text"])["label"]
        other = "AB".replace(best, "")
        return f'{{"ranking": ["{best}", "{other}"], "tie": true, "reason": ""}}'

    slots = [
        node.id[2]
        for seed in range(8)
        for node in grown(Fake(tied), grow="best", turns=2, seed=seed).nodes
        if node.role == "user" and node.id != "0"
    ]
    assert set(slots) == {"0", "1"}


@pytest.mark.parametrize("grow_by", ["coin", "best", "all"])
def test_the_persona_reaches_the_assistants_only_through_verified_quotes(grow_by):
    canaries = ("zanzibar-canary", "quokka-canary", "xylo-canary", "vermilion-canary")
    persona = Persona(
        id="c", profile=f"She owns a {canaries[0]}.", personality=f"She is {canaries[1]}.",
        facts=(f"has a {canaries[2]}",), traits=(canaries[3],),
    )  # fmt: skip

    def leaky(call):
        if call.prompt == "user/speak" and call.inputs["turn"] == 2:
            return f"By the way, I own a {canaries[0]}."
        if call.prompt == "observer/infer":
            said = [m.content for m in call.inputs["conversation"] if m.role == "user"][-1]
            entries = ",".join(f'{{"fact": "has a {c}", "quote": "{c}", "kind": "profile"}}' for c in canaries)
            assert said
            return f'{{"inferences": [{entries}]}}'
        return cast(call)

    fake = Fake(leaky)
    made = asyncio.run(grow(context(fake), plan(persona=persona, grow=grow_by)))
    seen = {turn: set() for turn in (1, 2, 3)}
    for call in fake.calls:
        if call.role in ("assistant", "observer"):
            text = str(call.messages) + str(call.inputs)
            turn = sum(m.role == "user" for m in call.inputs["conversation"])
            seen[turn] |= {c for c in canaries if c in text}
    assert seen[1] == set()
    assert seen[2] <= {canaries[0]}
    assert seen[3] == {canaries[0]}
    assert any(c.role == "user" and canaries[1] in str(c.messages) for c in fake.calls)
    assert made.beliefs[0].inferences == ()
    assert made.beliefs[0].dropped == 4


def test_a_server_that_does_not_answer_fails_the_tree_with_its_place_and_reason():
    def no_judge(call):
        return ServerError("busy") if call.role == "judge" else cast(call)

    with pytest.raises(FailedTree, match="busy") as failure:
        grown(Fake(no_judge))
    assert (failure.value.place, failure.value.unanswered) == ("0", True)


def test_of_several_failures_the_same_is_told_in_any_order_of_arrival():
    def failing(call):
        turn = sum(m.role == "user" for m in call.inputs["conversation"])
        if call.role == "judge" and turn == 2:
            return ServerError("the judge is away")
        if call.prompt == "user/speak" and call.inputs["turn"] == 3:
            return ServerError("the user is away")
        if call.prompt == "observer/infer" and turn == 2:
            return ServerError("the observer is away")
        return cast(call)

    told = set()
    for n in range(6):
        with pytest.raises(FailedTree) as failure:
            grown(Fake(failing, shuffle=n), turns=4)
        told.add((failure.value.place.count("."), str(failure.value)))
    assert told == {(2, "the observer is away")}


def test_nothing_half_said_enters_a_history():
    seen = []

    def stammering(call):
        seen.append(call)
        if call.prompt == "user/speak" and call.sample.endswith("/0"):
            return answer("half a sent", finish_reason="length")
        return cast(call)

    made = grown(Fake(stammering))
    assert not any("half a sent" in str(c.messages) for c in seen)
    assert not any("half a sent" in n.content for n in made.nodes)


def test_an_error_of_a_server_fails_the_tree_and_one_of_the_budget_ends_the_run():
    with pytest.raises(FailedTree, match="busy"):
        grown(Fake(lambda c: ServerError("busy")))

    def broke(call):
        return BudgetError("spent") if call.role == "judge" else cast(call)

    with pytest.raises(BudgetError, match="spent"):
        grown(Fake(broke))


def test_a_cancelled_tree_leaves_no_task_behind():
    async def main():
        task = asyncio.create_task(grow(context(Fake(delay=0.05)), plan()))
        await asyncio.sleep(0.12)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0)
        return [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]

    assert asyncio.run(main()) == []
