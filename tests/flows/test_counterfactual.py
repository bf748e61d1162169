"""What other personas and nobody would prefer: whom it is asked of, when, and what becomes of the answers."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from personagen.errors import UsageError
from personagen.flows.conversation import Conversation
from personagen.flows.plan import Plan, Plans
from personagen.llm.limits.limiter import Limiter
from personagen.options import SimulateOptions
from personagen.pairs import pairs_of
from personagen.records import Persona
from personagen.runs.schedule import Job, run_jobs
from tests import fakes
from tests.fakes import PERSONA, Fake, cast, context
from tests.fakes import grow as grown


def person(name, *traits):
    return Persona(
        id=name, profile=f"{name} sells shoes in Lima.", personality="Q", facts=("sells shoes",), traits=traits
    )


# PERSONA is blunt, whose opposite is diplomatic.
POOL = (person("near", "blunt"), person("far", "diplomatic"), person("other", "shy"), person("fourth", "moody"))


def plan(**changes):
    fields = {"id": "t", "persona": PERSONA, "repeat": 0, "turns": 2, "candidates": 2, "grow": "coin", "max_nodes": 500}
    return Plan(**{**fields, "seed": 1, "counterfactual": 1, "pool": POOL, **changes})


def prefers(*flipping):
    """The cast, whose judge prefers the other reply for those with a line in ``flipping``; None is nobody's."""

    def reply(call):
        said = cast(call)
        if call.prompt != "judge/prefer":
            return said
        lines = call.inputs["lines"] or [None]
        made = orjson.loads(said)
        return orjson.dumps({**made, "ranking": made["ranking"][::-1]}).decode() if {*lines} & {*flipping} else said

    return reply


def asked(fake):
    """Whose preference each question to the judge was about."""
    return [" ".join(call.inputs["lines"]) for call in fake.calls if call.prompt == "judge/prefer"]


@pytest.mark.parametrize("growth", ["coin", "best", "all"])
def test_about_every_pair_the_farthest_persona_and_nobody_are_asked_once_each(growth):
    fake = Fake(cast)
    tree = asyncio.run(grown(context(fake), plan(grow=growth)))
    pairs = len(pairs_of(tree)[0])
    assert pairs == sum(node.role == "user" for node in tree.nodes) >= 2
    own, far, nobody = (
        asked(fake).count(who) for who in ("is 41 keeps bees in Leiden blunt", "sells shoes diplomatic", "")
    )
    assert (own, far, nobody) == (2 * pairs, pairs, pairs)
    assert [made.persona for made in tree.judgments] == ["", "", "far", "nobody"] * pairs


def test_the_answers_make_a_pair_personal_or_shared():
    for flipping, found in (
        (("diplomatic",), (1, True, "chosen")),
        ((None,), (0, False, "rejected")),
        ((), (0, False, "chosen")),
    ):
        for pair in pairs_of(asyncio.run(grown(context(Fake(prefers(*flipping))), plan())))[0]:
            assert (pair.flip_share, pair.personal, pair.pooled) == found


def test_more_are_drawn_and_each_is_asked_about_one_order_that_is_drawn():
    trees = [asyncio.run(grown(context(Fake(cast)), plan(counterfactual=3, seed=seed))) for seed in range(8)]
    names = [[made.persona for made in tree.judgments if made.node == "0"] for tree in trees]
    assert {tuple(who[:3]) for who in names} == {("", "", "far")}
    assert {who[3] for who in names} == {"near", "other", "fourth"}
    assert all(len({*who}) == len(who) - 1 == 5 for who in names)
    orders = [made.order for tree in trees for made in tree.judgments if made.node == "0" and made.persona == "far"]
    assert {*orders} == {("0.0", "0.1"), ("0.1", "0.0")}


@pytest.mark.parametrize("said", ['{"ranking": "A, B"}', '{"ranking": "tie"}', "no json"])
def test_nobody_else_is_asked_where_the_own_verdicts_make_no_pair(said):
    fake = Fake(lambda call: said if call.prompt == "judge/prefer" else cast(call))
    tree = asyncio.run(grown(context(fake), plan(turns=1)))
    assert pairs_of(tree)[0] == []
    assert {*asked(fake)} == {"is 41 keeps bees in Leiden blunt"}


def test_without_counterfactuals_only_the_user_is_asked():
    fake = Fake(cast)
    asyncio.run(grown(context(fake), plan(counterfactual=0)))
    assert len(asked(fake)) == 4


def test_the_conversation_goes_on_before_the_others_are_asked():
    fake = Fake(cast)
    asyncio.run(grown(context(fake), plan(turns=3, grow="best")))
    order = [call.prompt if call.inputs.get("lines", [1])[:1] != ["sells shoes"] else "far" for call in fake.calls]
    assert order.index("user/speak", 1) < order.index("far")


def test_a_verdict_of_another_persona_that_cannot_be_used_is_missing_from_the_pair_and_no_more():
    def reply(call):
        return "no json" if call.inputs.get("lines") == ["sells shoes", "diplomatic"] else cast(call)

    growing = Conversation(context(Fake(reply)), plan(turns=1))
    asyncio.run(run_jobs([Job(growing.first(), _nothing)], Limiter(1)))
    [pair], rejections = pairs_of(growing.tree())
    assert (pair.flip_share, pair.personal, pair.pooled, rejections) == (None, None, "chosen", [])
    [row] = growing.log.rejections("t")
    assert (row.gate, row.place) == ("unusable", "t/0")
    assert row.reason.endswith("; another persona's preference, or nobody's, is missing from its pair")


async def _nothing():
    pass


def plans(count, **options):
    people = tuple(person(f"p{n}", ("shy", "moody", "blunt", "patient", "impatient")[n % 5]) for n in range(count))
    return {one.persona.id: one for one in Plans(SimulateOptions(counterfactual=2, **options), people, ())}


def test_the_others_come_from_the_pool_and_are_not_the_persona_itself():
    for planned in plans(3).values():
        assert len({one.id for one in planned.others} - {planned.persona.id}) == 2
    [alone] = plans(1).values()
    assert alone.others == ()


def test_a_few_more_personas_in_the_pool_change_few_of_the_others():
    before, after = plans(200), plans(210)
    same = [before[name].others[0] == after[name].others[0] for name in before]
    assert sum(same) > 0.7 * len(same)


def test_a_large_pool_costs_no_more_than_a_small_one():
    planned = next(iter(plans(5000).values()))
    assert len(planned.pool) == 32


def test_in_a_pool_of_one_persona_nobody_else_is_asked_and_a_note_says_so(run):
    summary = run(people=1, turns=2, counterfactual=1)
    assert "there is one persona, so no other one is asked what it prefers" in summary.report.notes
    assert (summary.verdicts["pooled"], summary.verdicts.get("compared", 0)) == (2, 0)
    for options, what in (
        ({"keep": "personal"}, "--keep personal"),
        ({"candidate": ("misaware", "plain")}, "--candidate misaware"),
        ({"sessions": 2, "change_at": 2}, "--change-at 2"),
    ):
        with pytest.raises(UsageError, match=f"{what} needs a second persona"):
            run("other", people=1, counterfactual=1, **options)


def test_the_summary_adds_up_and_keeps_only_personal_pairs_if_asked_to(run):
    everything = run("all", counterfactual=1)
    assert everything.turns == everything.paired_turns + sum(everything.rejected.values())
    assert everything.verdicts["compared"] == everything.verdicts["pooled"] == everything.pairs == 18
    kept = run("kept", counterfactual=1, keep="personal")
    assert (kept.pairs, kept.rejected, kept.turns) == (0, {"shared": 18}, 18)
    with pytest.raises(UsageError, match="--keep personal needs the verdicts of other personas"):
        run("none", counterfactual=0, keep="personal")


def test_the_estimate_knows_what_they_cost(run):
    told = run(counterfactual=2).report.estimate
    assert told["calls"] == told["actual"]["calls"] == 18 * 9


def test_the_summary_counts_how_often_nobody_prefers_the_chosen_reply(run, monkeypatch):
    monkeypatch.setattr(fakes, "llm", Fake(prefers(None)))
    found = run("other", counterfactual=1).verdicts
    assert (found["pooled"], found.get("agrees", 0), found.get("personal", 0)) == (18, 0, 0)
    monkeypatch.setattr(fakes, "llm", Fake(prefers()))
    assert run("same", counterfactual=1).verdicts["agrees"] == 18
