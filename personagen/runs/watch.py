"""Watches a run: which items are under way, how many calls each made, and how fast."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from personagen.errors import Interrupted
from personagen.runs.estimate import Estimate
from personagen.runs.failures import FailurePolicy
from personagen.runs.pace import RECENT, Pace, Standing, seconds_left
from personagen.runs.progress import Status
from personagen.runs.schedule import Step
from personagen.runs.session import Session
from personagen.runs.workflow import Workflow


class Watch:
    """The items that this process began and ended; an earlier one ended ``done_before``."""

    def __init__(self, workflow: Workflow[Any], session: Session, done_before: int) -> None:
        self.workflow, self.session, self.done_before = workflow, session, done_before
        self.pace = Pace(workflow.calls_at_once)
        self.open: dict[int, str] = {}
        self.ended = 0
        self.calls: deque[float] = deque(maxlen=RECENT)  # of each of the last items that ended

    def beginning(self, slot: int, name: str, step: Step) -> Step:
        """``step``, the first of the item ``name``: it is under way once that runs."""

        async def begun() -> Sequence[Step]:
            self.open.setdefault(slot, name)
            return await step()

        return begun

    def end(self, slot: int) -> None:
        """The item in ``slot`` has ended, done or failed."""
        name = self.open.pop(slot, None)
        if name is not None:
            self.ended += 1
            self.calls.append(self.session.tally.by_item.pop(name, 0))

    def status(self, failures: FailurePolicy, estimate: Estimate) -> Status:
        """The status of the run now."""
        workflow, limiter, tally = self.workflow, self.session.limiter, self.session.tally
        done, total, failed = len(failures.done), len(workflow.items), len(failures.failures)
        begun: int | None = self.done_before + self.ended + len(self.open)
        if workflow.standing:
            (done, total, failed), begun = workflow.standing(), None
        now = time.monotonic()
        self.pace.measure(now, tally.calls, 0 if workflow.standing else len(self.open), limiter.in_flight)
        in_flight, limit = limiter.remote
        return Status(
            unit=workflow.unit,
            done=done,
            done_before=self.done_before,
            total=total,
            failed=failed,
            calls=tally.calls,
            reused=tally.reused,
            errors=tally.failed,
            re_asked=tally.re_asked,
            retried=limiter.retried,
            refused=limiter.refused,
            in_flight=in_flight,
            limit=limit,
            usage=tally.usage,
            seconds=now - self.session.began,
            batches=self.session.batch_progress.describe(),
            begun=begun,
            expected=estimate.calls,
            rate=self.pace.rate,
            left=seconds_left(self._standing(estimate.calls, done, total)),
            away=tuple((where, now - since, reason) for where, (since, reason) in limiter.away.items()),
            finishing=limiter.in_flight if limiter.closed else 0,
            again=limiter.closed.again if isinstance(limiter.closed, Interrupted) else "",
            free=estimate.free,
        )

    def _standing(self, expected: int, done: int, total: int) -> Standing:
        """What is known; where the units are not the items, each has made its share of the calls."""
        tally, pace = self.session.tally, self.pace
        asked = tally.calls / max(1, tally.calls - tally.re_asked)  # the estimate expects to ask nothing again
        calls = max(0.0, expected * asked - tally.calls)
        if self.workflow.standing:
            ended, opened = [(tally.calls + tally.reused) / done] * min(done, RECENT) if done else [], []
            waiting = total - done
        else:
            ended, opened = list(self.calls), [tally.by_item[name] for name in self.open.values()]
            waiting = total - self.done_before - self.ended - len(opened)
        usual = expected * asked / max(1, total - self.done_before)
        return Standing(calls, usual, ended, opened, max(0, waiting), pace.rate, pace.each)
