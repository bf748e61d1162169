"""What conversations wait for, on a clock that costs no time: the chain of calls, and free slots, and nothing else."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from personagen import tree
from personagen.flows.conversation import Conversation
from personagen.flows.plan import CALLS_A_TURN, Plan
from personagen.flows.shape import calls_at_once
from personagen.llm.limits.limiter import Limiter
from personagen.llm.middleware import with_retries
from personagen.runs.schedule import Job, run_jobs
from tests.fakes import PERSONA, Fake, context
from tests.servers import simulated

pytestmark = pytest.mark.slow

TURNS = 10


class Run:
    """Conversations against a model that takes one second; ``spans`` are (asked, answered) in order of asking."""

    def __init__(self, conversations, slots, grow="coin", candidates=2, turns=TURNS):
        self.spans, self.trees, self.active, self.most_active = [], [], 0, 0
        self.fake = Fake()
        self.limiter = Limiter(slots)
        self.plans = [Plan(f"t{n}", PERSONA, n, turns, candidates, grow, 500, seed=3) for n in range(conversations)]
        simulated.run(self._run())

    async def _model(self, call):
        began = simulated.now()
        await asyncio.sleep(1)
        self.spans.append((began, simulated.now(), call))
        return await self.fake(call)

    async def _run(self):
        made = context(with_retries(self._model, self.limiter))

        async def finish(conversation):
            self.trees.append(conversation.tree())
            self.active -= 1

        def jobs():
            for plan in self.plans:
                conversation = Conversation(made, plan)
                yield Job([partial(self._begin, conversation.first())], partial(finish, conversation))

        await run_jobs(jobs(), self.limiter, at_once=calls_at_once(self.plans[0]))

    async def _begin(self, first):
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        return first

    @property
    def seconds(self):
        return max(end for _, end, _ in self.spans)

    def busy(self, share):
        """How full the slots were until that share of the calls was asked."""
        starts = sorted(begin for begin, _, _ in self.spans)
        until = starts[int(len(starts) * share)]
        used = sum(min(end, until) - begin for begin, end, _ in self.spans if begin < until)
        return used / (self.limiter.limit * until)


def critical_path(grown):
    """The calls that must be made one after another: each turn's until the reply that goes on, and the last verdict."""
    went_on = {tree.parent(node.id) for node in grown.nodes if node.role == "user"}
    before = sum(
        CALLS_A_TURN if node.agent == "aware" else CALLS_A_TURN - 1 for node in grown.nodes if node.id in went_on
    )
    return before + CALLS_A_TURN + 1


def test_a_lone_conversation_takes_its_chain_of_calls_and_no_longer():
    run = Run(1, slots=64)
    assert round(run.seconds) == critical_path(run.trees[0])


def test_the_chain_of_a_conversation_is_two_and_a_half_calls_a_turn():
    run = Run(100, slots=10_000)
    mean = sum(critical_path(grown) for grown in run.trees) / len(run.trees)
    assert mean / TURNS == pytest.approx(2.65, abs=0.05)  # of which 0.15 follow the last reply


def test_many_conversations_at_once_take_no_longer_than_the_longest_of_them():
    run = Run(32, slots=256)
    assert round(run.seconds) == max(critical_path(grown) for grown in run.trees)


@pytest.fixture(scope="module")
def many():
    """Far more conversations than there are slots for."""
    return Run(120, slots=16)


def test_slots_are_busy_until_the_last_calls(many):
    assert len(many.spans) == 120 * TURNS * 6
    assert many.busy(0.95) > 0.98


def test_few_conversations_are_under_way_and_each_ends_soon(many):
    assert many.most_active <= 9  # 16 x 1.25 slots / 2.26 calls at a time
    began = {}
    for begin, end, call in many.spans:
        first, _ = began.get(call.place.partition("/")[0], (begin, end))
        began[call.place.partition("/")[0]] = (min(first, begin), end)
    took = sorted(end - begin for begin, end in began.values())
    assert took[len(took) // 2] < 1.5 * 26.5


def test_the_longest_chain_goes_first():
    run = Run(64, slots=16)
    judged = [begin for begin, _, call in run.spans if call.role == "judge"]
    spoken = [begin for begin, _, call in run.spans if call.role == "user"]
    assert sum(judged) / len(judged) > sum(spoken) / len(spoken) + 2


@pytest.mark.parametrize(("grow", "calls_a_turn"), [("best", 4), ("all", 3)])
def test_other_growths_wait_for_what_they_need(grow, calls_a_turn):
    run = Run(1, slots=64, grow=grow, turns=3)
    assert round(run.seconds) == 3 * calls_a_turn + (grow == "all")


def test_equal_questions_follow_the_first_of_them():
    run = Run(1, slots=64, candidates=6, turns=1)
    replies = {}
    for begin, _, call in run.spans:
        if call.role == "assistant":
            replies.setdefault(call.messages, []).append(begin)
    assert sorted(len(begins) for begins in replies.values()) == [3, 3]
    for begins in replies.values():
        assert begins[0] + 1 <= begins[1] == begins[2]
