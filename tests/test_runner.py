"""Many jobs at once, in bounded memory, with an orderly end."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from personagen.errors import BudgetError, Interrupted
from personagen.llm.slots import Slots
from personagen.runner import interruptible, run_jobs, run_sync


def test_every_job_is_done_and_no_more_than_width_at_a_time():
    async def main():
        now, most, done = 0, 0, []

        async def work(job):
            nonlocal now, most
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
            done.append(job)

        await run_jobs(range(50), work, 7)
        return most, sorted(done)

    assert asyncio.run(main()) == (7, list(range(50)))


def test_jobs_are_drawn_only_when_a_worker_is_free():
    async def main():
        drawn, gate = [], asyncio.Event()

        def jobs():
            for n in range(1000):
                drawn.append(n)
                yield n

        async def work(job):
            await gate.wait()

        running = asyncio.create_task(run_jobs(jobs(), work, 3))
        await asyncio.sleep(0.01)
        waiting = len(drawn)
        gate.set()
        await running
        return waiting, len(drawn)

    assert asyncio.run(main()) == (3, 1000)


def test_after_a_failure_no_job_starts_and_those_at_work_end():
    async def main():
        started, ended = [], []

        async def work(job):
            started.append(job)
            if job == 1:
                await asyncio.sleep(0.001)
                raise BudgetError("spent")
            await asyncio.sleep(0.01)
            ended.append(job)

        with pytest.raises(BudgetError):
            await run_jobs(range(50), work, 3)
        return started, ended

    assert asyncio.run(main()) == ([0, 1, 2], [0, 2])


def test_the_first_signal_closes_the_slots_and_the_second_cancels():
    async def main():
        slots = Slots(1)
        with interruptible(slots):
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.01)
            assert isinstance(slots.closed, Interrupted)
            os.kill(os.getpid(), signal.SIGINT)
            with pytest.raises(asyncio.CancelledError):
                await asyncio.sleep(5)

    asyncio.run(main())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_flow_can_be_run_where_a_loop_runs_already():
    async def inner(value):
        await asyncio.sleep(0)
        if value is None:
            raise BudgetError("spent")
        return value

    async def notebook():
        assert run_sync(inner(7)) == 7
        with pytest.raises(BudgetError):
            run_sync(inner(None))

    asyncio.run(notebook())
    assert run_sync(inner(8)) == 8
