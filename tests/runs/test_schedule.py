"""Many jobs at once: which begins when, what follows what, bounded memory, an orderly end."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from personagen.call import Call
from personagen.errors import BudgetError, Interrupted
from personagen.llm.limits.limiter import Limiter
from personagen.llm.middleware import with_retries
from personagen.runs.schedule import Job, run_jobs
from tests.fakes import answer


class AgentContext:
    """Jobs whose steps each make one call that takes a moment; it notes what happens."""

    def __init__(self, limiter=2, seconds=0.001):
        self.limiter = Limiter(limiter)
        self.ended, self.drawn, self.asked, self.most_tasks = [], [], [], 0

        async def llm(call):
            self.most_tasks = max(self.most_tasks, len(asyncio.all_tasks()))
            await asyncio.sleep(seconds)
            return answer("")

        self.llm = with_retries(llm, self.limiter)

    async def step(self, name, *then):
        """Asks, and makes ``then`` possible: further steps of the same kind, or an exception."""
        self.asked.append(name)
        await self.llm(Call("fake", (), place=name, prompt="user/speak"))
        if then and isinstance(then[0], Exception):
            raise then[0]
        return [partial(self.step, *follow) for follow in then]

    def job(self, name, *then):
        async def finish():
            self.ended.append(name)

        self.drawn.append(name)
        return Job([partial(self.step, f"{name}", *then)], finish)

    def run(self, jobs):
        asyncio.run(asyncio.wait_for(run_jobs(jobs, self.limiter), timeout=20))


CHAIN = ("b", ("c", ("d",)))


def test_every_step_that_an_answer_makes_possible_is_done_before_the_job_ends():
    ctx = AgentContext()
    ctx.run([ctx.job("x", ("b", ("d",)), ("c",))])
    assert sorted(ctx.asked) == ["b", "c", "d", "x"]
    assert ctx.ended == ["x"]


def test_all_jobs_end_and_memory_holds_only_what_is_under_way():
    ctx = AgentContext(limiter=4, seconds=0)
    ctx.run(ctx.job(n, CHAIN) for n in range(500))
    assert sorted(ctx.ended) == list(range(500))
    assert ctx.most_tasks <= 4 + 4 + 2


def test_a_job_begins_only_when_a_slot_would_stay_idle():
    async def main():
        ctx = AgentContext(limiter=4, seconds=3600)
        running = asyncio.create_task(run_jobs((ctx.job(n, CHAIN) for n in range(1000)), ctx.limiter))
        await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return ctx.asked

    assert asyncio.run(main()) == ["0", "1", "2", "3", "4"]  # a quarter more than slots


def test_work_that_is_ready_goes_before_a_new_job():
    ctx = AgentContext(limiter=2)
    wide = [(f"side {n}",) for n in range(6)]
    ctx.run([ctx.job("first", *wide), *(ctx.job(f"job {n}") for n in range(9))])
    assert ctx.asked.index("job 4") > ctx.asked.index("side 4")


def test_after_a_failure_no_job_begins_and_what_was_begun_ends():
    ctx = AgentContext(limiter=3)
    jobs = [ctx.job("a", CHAIN), ctx.job("b", BudgetError("spent")), ctx.job("c", CHAIN), ctx.job("d")]
    with pytest.raises(BudgetError, match="spent"):
        ctx.run([*jobs, *(ctx.job(str(n)) for n in range(50))])
    assert sorted(ctx.ended) == ["a", "c", "d"]


def test_no_job_begins_once_the_slots_are_closed():
    ctx = AgentContext()
    ctx.limiter.close(Interrupted("stop"))
    ctx.run([ctx.job("a")])
    assert ctx.asked == []


def test_closing_the_slots_wakes_a_scheduler_that_waits_for_one():
    async def main():
        ctx = AgentContext(limiter=1, seconds=0.05)
        running = asyncio.create_task(run_jobs((ctx.job(n, CHAIN) for n in range(1000)), ctx.limiter))
        await asyncio.sleep(0.01)
        ctx.limiter.close(Interrupted("stop"))
        with pytest.raises(Interrupted):
            await asyncio.wait_for(running, timeout=5)
        return len(ctx.asked)

    assert asyncio.run(main()) <= 3


def test_an_error_while_a_job_is_finished_is_raised():
    async def finish():
        raise BudgetError("spent")

    ctx = AgentContext()
    with pytest.raises(BudgetError):
        ctx.run([Job([partial(ctx.step, "a")], finish)])


def test_a_cancelled_run_leaves_no_task_behind():
    async def main():
        ctx = AgentContext(seconds=3600)
        running = asyncio.create_task(run_jobs([ctx.job("a")], ctx.limiter))
        await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return [t for t in asyncio.all_tasks() if t is not asyncio.current_task()]

    assert asyncio.run(main()) == []
