"""The scheduler: many conversations at once, with every slot busy and nothing waiting for what it does not need.

A job is one conversation. It consists of steps: a step asks one question, and its answer makes other steps possible.
Only what can be asked now exists as a step, so a conversation costs nothing for the calls it will make later. Steps
wait for a slot in the order of their calls' ``priority``. A job begins only when a slot would stay idle otherwise:
 few conversations are under way at a time, each ends soon after it began, and memory does not grow with their
number. ``docs/scheduling.md`` draws one turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from personagen.errors import CorruptError, DiskError
from personagen.llm.limits.limiter import Limiter

Step: TypeAlias = Callable[[], Coroutine[Any, Any, Sequence["Step"]]]

# Calls that can be made, for each slot: a slot that becomes free finds one at once, while others are being stored.
READY = 1.25


@dataclass(frozen=True)
class Job:
    """A job's first steps, and what is done after the last one."""

    first: Sequence[Step]
    finish: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Result:
    """What an item of a run came to.

    ``lines`` go into the result files by name, ``counts`` (numbers, or numbers by name) are added up over all items.
    ``failure`` says why it failed, ``unanswered`` whether its server gave no answer, rather than an unusable one.
    """

    lines: Mapping[str, bytes] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""
    unanswered: bool = False


@dataclass(frozen=True)
class Task:
    """What a workflow does with one item: the first steps, and the result once no step is left."""

    first: Sequence[Step]
    result: Callable[[], Result]


async def run_jobs(jobs: Iterable[Job], limiter: Limiter, role: str = "user", at_once: float = 1.0) -> None:
    """Does all ``jobs``, begun in their order, as many at a time as keep ``slots`` busy.

    ``role`` asks first in each, and ``at_once`` is how many calls of a job are under way at a time on average.

    The first exception, or the closing of ``slots``, ends the launching; what was begun is drained before it is raised.
    """
    crew = _Crew(limiter, role, at_once)
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

    def __init__(self, limiter: Limiter, role: str, at_once: float) -> None:
        self.limiter, self.role, self.at_once = limiter, role, at_once
        self.tasks: set[asyncio.Task[None]] = set()
        self.failures: list[Exception] = []
        self.open: dict[int, int] = {}
        self.steps = 0
        self.look_again = asyncio.Event()
        limiter.on_close(lambda _: self.look_again.set())

    async def launch(self, jobs: Iterable[Job]) -> None:
        for number, job in enumerate(jobs):
            while not (self._stopped() or self._short()):
                self.look_again.clear()
                await self.look_again.wait()
            if self._stopped():
                return
            self.open[number] = len(job.first)
            self.steps += len(job.first)
            for step in job.first:
                self._begin(number, job, step)
            await asyncio.sleep(0)  # its first calls reach their gates, so that the next look sees them

    def _stopped(self) -> bool:
        return bool(self.failures or self.limiter.closed)

    def _short(self) -> bool:
        """Whether slots will stay idle, as far as can be seen, unless another job begins.

        Steps whose answer is being stored count as well: what follows them will need their slots again.
        """
        limit = self.limiter.limit
        few = len(self.open) * self.at_once < READY * limit and self.steps < READY * limit
        return few and self.limiter.spare(self.role, READY)

    def _begin(self, number: int, job: Job, step: Step) -> None:
        task = asyncio.create_task(self._work(number, job, step))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def _work(self, number: int, job: Job, step: Step | None) -> None:
        try:
            while step:
                ready = await step()
                self.open[number] += len(ready) - 1
                self.steps += len(ready) - 1
                for other in ready[1:]:
                    self._begin(number, job, other)
                step = ready[0] if ready else None
                if self._short():
                    self.look_again.set()
            if not self.open[number]:
                await job.finish()
                del self.open[number]
        except Exception as error:
            self.failures.append(error)
            if isinstance(error, (CorruptError, DiskError)):  # the other answers could not be stored either
                for task in self.tasks - {asyncio.current_task()}:
                    task.cancel()
        if self._stopped() or self._short():
            self.look_again.set()

    async def drained(self) -> None:
        while self.tasks:
            await asyncio.wait(self.tasks)

    async def dropped(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
