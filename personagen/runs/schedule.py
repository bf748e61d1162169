"""The scheduler: runs many jobs at once, so that every permit of the limiter is in use.

A job (a conversation) consists of steps: a step makes one call, and its answer makes other steps possible. Steps wait
for a permit in the order of their calls' ``priority``. A job starts only when a permit would be idle otherwise, so few
jobs run at a time, each ends soon after its start, and memory does not grow with their number. ``docs/scheduling.md``
shows one turn.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from personagen.errors import CorruptError, DiskError
from personagen.llm.limits.limiter import Limiter

Step: TypeAlias = Callable[[], Coroutine[Any, Any, Sequence["Step"]]]

# Calls in flight or waiting per permit; more than 1, so that a released permit is taken at once.
READY_PER_PERMIT = 1.25


@dataclass(frozen=True)
class Job:
    """A job's first steps, and what to do after the last one."""

    first: Sequence[Step]
    finish: Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Result:
    """The result of one item of a run.

    ``lines`` go into the result files by name; ``counts`` (numbers, or numbers by name) are summed over all items.
    ``failure`` is the reason for a failure, of a ``kind``; ``unanswered`` means that the server gave no answer,
    ``barren`` that the item is done but brought nothing for that reason.
    """

    lines: Mapping[str, bytes] = field(default_factory=dict)
    counts: Mapping[str, Any] = field(default_factory=dict)
    failure: str = ""
    kind: str = ""
    unanswered: bool = False
    barren: bool = False


@dataclass(frozen=True)
class Task:
    """The work on one item: its first steps, and its result once no step is left."""

    first: Sequence[Step]
    result: Callable[[], Result]


async def run_jobs(jobs: Iterable[Job], limiter: Limiter, role: str = "user", at_once: float = 1.0) -> None:
    """Runs all ``jobs``, started in their order, as many at a time as keep ``limiter`` busy.

    ``role`` makes the first call of each; ``at_once`` is the mean number of calls of a job in flight at a time. After
    an exception or the closing of ``limiter`` no job starts; started steps end before the exception is raised.
    """
    crew = _Crew(limiter, role, at_once)
    try:
        await crew.launch(jobs)
        while crew.tasks:
            await asyncio.wait(crew.tasks)
    except asyncio.CancelledError:
        for task in crew.tasks:
            task.cancel()
        await asyncio.gather(*crew.tasks, return_exceptions=True)
        raise
    if crew.failures:
        raise crew.failures[0]


class _Crew:
    """The running steps, one task each, and the number of open steps by job."""

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
            await asyncio.sleep(0)  # its first calls reach their queues, so that the next check sees them

    def _stopped(self) -> bool:
        return bool(self.failures or self.limiter.closed)

    def _short(self) -> bool:
        """Whether permits will be idle unless another job starts.

        Steps whose answer is being stored count too: their next steps will need a permit.
        """
        limit = self.limiter.limit
        few = max(len(self.open) * self.at_once, self.steps) < READY_PER_PERMIT * limit
        return few and self.limiter.spare(self.role, READY_PER_PERMIT)

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
