"""The scheduler: many conversations at once, with every slot busy and nothing waiting for what it does not need.

A job is one conversation. It consists of steps: a step asks one question, and its answer makes other steps possible.
Only what can be asked now exists as a step, so a conversation costs nothing for the calls it will make later. Steps
wait for a slot in the order of their calls' ``chain``, the longest first. A job begins only when a slot would stay idle
otherwise: few conversations are under way at a time, each ends soon after it began, and memory does not grow with their
number. ``docs/scheduling.md`` draws one turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from personagen.llm.slots import Slots

Step: TypeAlias = Callable[[], Coroutine[Any, Any, Sequence["Step"]]]


@dataclass(frozen=True)
class Job:
    """A job's first steps, and what is done after the last one."""

    first: Sequence[Step]
    finish: Callable[[], Awaitable[None]]


async def run_jobs(jobs: Iterable[Job], slots: Slots) -> None:
    """Does all ``jobs``, begun in their order, as many at a time as keep ``slots`` busy.

    The first exception, or the closing of ``slots``, ends the launching; what was begun is drained before it is raised.
    """
    crew = _Crew(slots)
    try:
        await crew.launch(jobs)
        await crew.drained()
    except asyncio.CancelledError:
        await crew.dropped()
        raise
    if crew.failures:
        raise crew.failures[0]


class _Crew:
    """The steps under way, one task each, and how many steps every job has open."""

    def __init__(self, slots: Slots) -> None:
        self.slots = slots
        self.tasks: set[asyncio.Task[None]] = set()
        self.failures: list[Exception] = []
        self.open: dict[int, int] = {}

    async def launch(self, jobs: Iterable[Job]) -> None:
        for number, job in enumerate(jobs):
            while not self._wanted():
                await self.slots.until_changed()
            if self.failures or self.slots.closed:
                return
            self.open[number] = len(job.first)
            for step in job.first:
                self._begin(number, job, step)
            await asyncio.sleep(0)  # its first calls take their slots, so that the next look sees them

    def _wanted(self) -> bool:
        if self.failures or self.slots.closed:
            return True
        return self.slots.room() and len(self.open) < self.slots.limit

    def _begin(self, number: int, job: Job, step: Step) -> None:
        task = asyncio.create_task(self._work(number, job, step))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _work(self, number: int, job: Job, step: Step | None) -> None:
        try:
            while step:
                ready = await step()
                self.open[number] += len(ready) - 1
                for other in ready[1:]:
                    self._begin(number, job, other)
                step = ready[0] if ready else None
            if not self.open[number]:
                await job.finish()
                del self.open[number]
        except Exception as error:
            self.failures.append(error)
        self.slots.wake()

    async def drained(self) -> None:
        while self.tasks:
            await asyncio.wait(self.tasks)

    async def dropped(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
