"""Who competes for the replies of a conversation, and what each of them waits for."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from personagen.agents.ask import Answer, said, say
from personagen.agents.assistant import CANDIDATES, Candidate
from personagen.agents.judge import Ranking
from personagen.errors import ConfigError, QualityError, UsageError
from personagen.flows.plan import Plan
from tests.fakes import PERSONA, Fake, answer, cast, context, grow
from tests.trees import replies

PLAIN, AWARE = CANDIDATES["plain"], CANDIDATES["aware"]


async def echoed(ctx, conversation, known, site):
    return said(
        ctx,
        f"Here is what there was to hear: {conversation[-1].content} {[one.fact for one in known]}",
        "assistant",
        conversation,
    )


ECHO = Candidate("echo", echoed)


def plan(*assistants, **changes):
    fields = {"id": "t", "persona": PERSONA, "repeat": 0, "turns": 2, "candidates": 2, "grow": "coin"}
    return Plan(**{**fields, "max_nodes": 500, "seed": 1, "assistants": assistants, **changes})


def grown(*assistants, fake=None, **changes):
    return asyncio.run(grow(context(fake or Fake()), plan(*assistants, **changes)))


@pytest.mark.parametrize("growth", ["coin", "best", "all"])
def test_slots_go_to_the_candidates_in_turn(growth):
    made = grown(PLAIN, ECHO, AWARE, candidates=5, grow=growth)
    for node in (node for node in made.nodes if node.role == "user"):
        agents = [reply.agent for reply in replies(made, node.id)]
        assert agents == ["plain", "echo", "aware", "plain", "echo"]


def test_a_reply_without_a_call_is_a_node_without_a_call():
    made = grown(PLAIN, ECHO)
    assert {node.agent: bool(node.call) for node in made.nodes} == {"user": True, "plain": True, "echo": False}


def test_a_candidate_of_the_users_own_gets_what_the_observer_inferred():
    made = grown(ECHO, PLAIN)
    first = next(node for node in made.nodes if node.id == "0")
    assert replies(made, "0")[0].content.endswith(f"hear: {first.content} ['said {first.content}']")


def test_candidates_that_do_not_need_the_observer_do_not_wait_for_it_and_it_observes_all_the_same():
    async def main():
        judged = asyncio.Event()

        async def llm(call):
            if call.role == "observer":
                await judged.wait()
            if call.role == "judge" and len(call.inputs["conversation"]) == 3:
                judged.set()
            return answer(cast(call))

        return await asyncio.wait_for(grow(context(llm), plan(PLAIN)), timeout=10)

    assert len(asyncio.run(main()).beliefs) == 2


def test_a_candidate_may_ask_several_times():
    async def twice(ctx, conversation, known, site):
        inputs = {"conversation": list(conversation)}
        first = await say(ctx, "assistant/plain", inputs, "assistant", conversation, site)
        more = {**inputs, "inferences": [first.value.text]}
        return await say(ctx, "assistant/aware", more, "assistant", conversation, site)

    fake = Fake()
    made = grown(Candidate("twice", twice), PLAIN, fake=fake, turns=1)
    [node] = [node for node in made.nodes if node.agent == "twice"]
    assert node.content.startswith("assistant/aware")
    assert sum(call.role == "assistant" for call in fake.calls) == 3


def test_an_own_judge_that_ranks_other_labels_ends_the_run():
    async def confused(ctx, persona, conversation, replies, site):
        return Answer(Ranking(ranking=("A", "C")))

    ctx = context(Fake())
    ctx.acts["judge/prefer"] = confused
    with pytest.raises(ConfigError, match="the judge ranked A, C, not A, B"):
        asyncio.run(grow(ctx, plan(PLAIN, AWARE)))


def test_an_agent_of_the_users_own_takes_the_place_of_each_agent():
    asked = []

    def noting(name, function):
        async def own(*given):
            asked.append(name)
            return await function(*given)

        return own

    from personagen.agents import ACTS

    ctx = context(Fake())
    ctx.acts.update({name: noting(name, ACTS[name].function) for name in ACTS})
    asyncio.run(grow(ctx, plan(PLAIN, AWARE, turns=1)))
    assert sorted(asked) == ["judge/prefer", "judge/prefer", "observer/infer", "user/speak"]


def test_more_candidates_than_slots_are_refused(run):
    with pytest.raises(UsageError, match=r"--candidate is given 3 times and --candidates .replies per turn. is 2"):
        run(candidate=("aware", "plain", "tests.flows.test_candidates:echoed"), candidates=2)


def test_as_many_replies_compete_as_there_are_candidates(run, tmp_path):
    summary = run(candidate=("aware", "plain", "overclaim"), turns=1)
    assert (summary.pairs, summary.paired_turns, summary.turns) == (18, 6, 6)
    pairs = [orjson.loads(line) for line in (tmp_path / "run" / "pairs.jsonl").read_bytes().splitlines()]
    assert {frozenset((pair["chosen_agent"], pair["rejected_agent"])) for pair in pairs} == {
        frozenset(two) for two in (("aware", "plain"), ("aware", "overclaim"), ("plain", "overclaim"))
    }
    assert summary.report.estimate["calls"] == summary.report.calls == 6 * 7


def test_a_misinformed_candidate_is_told_about_the_farthest_persona_of_the_pool():
    far = PERSONA.model_copy(update={"id": "far", "facts": ("sells shoes",), "traits": ("diplomatic",)})
    fake = Fake()
    grown(CANDIDATES["misaware"], CANDIDATES["near"], AWARE, fake=fake, candidates=3, turns=1, pool=(PERSONA, far))
    told = [call.inputs["inferences"] for call in fake.calls if call.prompt == "assistant/aware"]
    assert told.count(["sells shoes"]) == 2
    assert len(told) == 3


def test_a_policy_asks_plain_of_its_own_model(run, tmp_path):
    rival = "tests.flows.test_candidates:rival"
    options = {"candidate": ("plain", f"policy={rival}", f"policy-b={rival}"), "turns": 2, "price": ["policy=1,2"]}
    summary = run(**options)
    [tree, *_] = [orjson.loads(line) for line in (tmp_path / "run" / "trees.jsonl").read_bytes().splitlines()]
    said = {node["agent"]: node["content"] for node in tree["nodes"]}
    assert said["policy"].startswith("The rival says")
    assert tree["models"]["policy"] == tree["models"]["policy-b"] == rival
    assert tree["prompts"]["policy/plain"] == tree["prompts"]["assistant/plain"]
    assert {"policy", "policy-b", "assistant"} <= {name.partition(" ")[0] for name in summary.report.usage_by_role}
    assert summary.report.estimate["calls"] == summary.report.calls == 6 * 2 * 7
    assert run(**options).report.calls == summary.report.calls  # nothing is asked twice
    with pytest.raises(UsageError, match="add that candidate with --candidate policy-c=MODEL"):
        run(**options | {"model": ["offline", "policy-c=offline/2"]})
    with pytest.raises(UsageError, match="policy"):
        run(**options | {"candidate": ("plain", f"policy={rival}", "policy-b=tests.fakes:llm")})


async def rival(call):
    return f"The rival says {cast(call)}."


def test_an_own_author_writes_the_descriptions_of_expand(tmp_path):
    from personagen.flows.expand import expand
    from personagen.options import ExpandOptions

    given = {"out": str(tmp_path / "pool"), "target": 22, "personalities": 20}
    options = ExpandOptions(**given | {"agent": "author/profiles=tests.flows.test_candidates:bare"})
    with pytest.raises(QualityError, match="no profile was kept: 60 of 60 had the wrong form"):
        asyncio.run(expand(options))
    state = orjson.loads((tmp_path / "pool" / "run.json").read_bytes())
    assert state["summary"]["pools"]["profile"]["received"] == 60
    assert state["usage"]["calls"] == 0
    assert b"A profile" in (tmp_path / "pool" / "rejections.jsonl").read_bytes()


async def bare(ctx, kind, examples, count, site):
    return Answer([(f"A {kind}", ())] * count)
