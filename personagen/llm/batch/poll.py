"""Polling a provider's batches: when to ask, what the progress line shows, and how a batch is found again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import TypeVar

from personagen.errors import ConfigError, PersonagenError, ServerError
from personagen.llm.batch.protocol import BatchApi, Outcome, State
from personagen.store.batches import Batch

T = TypeVar("T")
SLEEP_SLICE = 0.2  # seconds between two checks whether the run has stopped
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PollPolicy:
    """Times in seconds.

    A batch is sent when no call has arrived for ``settle``. Its state is polled after ``first``, then after ``growth``
    times as long, up to ``longest``. A batch not listed ``grace`` after it was sent has not arrived. A server that
    fails for ``patience`` ends the run; one that never answered, for ``grace``.
    """

    settle: float = 1.0
    first: float = 2.0
    growth: float = 1.5
    longest: float = 60.0
    grace: float = 60.0
    patience: float = 3600.0
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


POLICY = PollPolicy()


@dataclass
class BatchProgress:
    """The batches in flight, for the progress line: ``(done, total)`` requests of each, and when it is polled next."""

    batches: dict[str, tuple[int, int]] = field(default_factory=dict)
    next_polls: dict[str, float] = field(default_factory=dict)
    trouble: str = ""

    def clear(self, batch_id: str) -> None:
        """Removes a batch that has ended."""
        self.batches.pop(batch_id, None)
        self.next_polls.pop(batch_id, None)

    def describe(self) -> str:
        """``2 batches pending: 340 of 1,200 requests done, next poll in 12 s``, or nothing."""
        if not self.batches:
            return self.trouble
        done, total = (sum(numbers) for numbers in zip(*self.batches.values(), strict=True))
        wait = max(0.0, min(self.next_polls.values(), default=0.0) - POLICY.clock())
        several = "es" if len(self.batches) > 1 else ""
        count = f"{len(self.batches)} batch{several} pending: {done:,} of {total:,} requests done"
        return f"{count}, next poll in {wait:.0f} s" + (f", {self.trouble}" if self.trouble else "")


@dataclass
class Poller:
    """Polls the batches of one endpoint. Every wait ends with the error that ``stopped`` returns, if any."""

    api: BatchApi
    progress: BatchProgress
    policy: PollPolicy
    stopped: Callable[[], PersonagenError | None]
    has_answered: bool = False

    async def sleep(self, seconds: float) -> None:
        """Sleeps, and checks now and then whether the run has stopped."""
        until = self.policy.clock() + seconds
        while True:
            if problem := self.stopped():
                raise problem
            left = until - self.policy.clock()
            if left <= 0:
                return
            await self.policy.sleep(min(left, SLEEP_SLICE))

    async def retrying(
        self, ask: Callable[[], Awaitable[T]], passes: Callable[[ServerError], bool] = lambda _: True
    ) -> T:
        """The result of ``ask``, retried after every ServerError that ``passes``.

        Raises:
            ConfigError: the server failed for too long, see ``PollPolicy``.
        """
        began, wait = self.policy.clock(), self.policy.first
        while True:
            try:
                answer = await ask()
            except ServerError as problem:
                self.progress.trouble = str(problem)
                if not passes(problem):
                    raise
                limit = self.policy.patience if self.has_answered else self.policy.grace
                if self.policy.clock() - began > limit:
                    raise ConfigError(f"{problem}; sent batches keep running: run the same command later") from None
                await self.sleep(min(max(wait, problem.retry_after or 0.0), self.policy.longest))
                wait *= self.policy.growth
            else:
                self.progress.trouble, self.has_answered = "", True
                return answer

    async def outcomes(self, batch: Batch) -> dict[str, Outcome] | State | None:
        """Waits until the batch ends: the outcome of each call by key, or the state of a batch that had no room.

        None if there is no such batch: it never arrived, or the provider deleted it.
        """
        for provider_id in [batch.provider_id] if batch.provider_id else await self._candidates(batch):
            state = await self._ended(batch, provider_id)
            if state and state.is_full:
                return state
            if state and state.refusal:
                return dict.fromkeys(batch.keys, state.refusal)
            found = await self.retrying(partial(self.api.results, provider_id, state)) if state else None
            own = {i.partition("-")[2]: o for i, o in (found or {}).items() if i.startswith(f"{batch.id}-")}
            if own or (batch.provider_id and found is not None):
                none = ServerError(f"{batch.model}: batch {provider_id} ended without an answer to this request")
                return {key: own.get(key, none) for key in batch.keys}
            if batch.provider_id:
                log.warning("%s has deleted batch %s: its calls are sent again.", batch.url, provider_id)
        return None

    async def _candidates(self, batch: Batch) -> list[str]:
        """The provider's batches that may be ``batch``, whose arrival was never confirmed."""
        since = batch.sent_at - 10 * self.policy.grace  # their clock may be behind ours
        while True:
            found = await self.retrying(partial(self.api.candidates, batch.id, len(batch.keys), since))
            left = batch.sent_at + self.policy.grace - self.policy.clock()
            if found or left <= 0:
                return found
            await self.sleep(min(left, self.policy.longest / 4))

    async def _ended(self, batch: Batch, provider_id: str) -> State | None:
        wait = self.policy.first
        self.progress.batches.setdefault(batch.id, (0, len(batch.keys)))
        while True:
            self.progress.next_polls[batch.id] = self.policy.clock() + wait
            await self.sleep(wait)
            state = await self.retrying(partial(self.api.state, provider_id))
            if state is None or state.ended:
                return state
            self.progress.batches[batch.id] = (state.done, state.total or len(batch.keys))
            wait = min(wait * self.policy.growth, self.policy.longest)
