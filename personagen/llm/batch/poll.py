"""Waiting for a provider: at which pace, how it is shown meanwhile, and how a batch is found again and followed."""

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
from personagen.store.batches import Wave

T = TypeVar("T")
SLICE = 0.2
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pace:
    """Times in seconds.

    A wave goes when no call has come for ``settle``. How it stands is asked after ``first``, then after ``growth``
    times as long, up to ``longest``. A batch that is not listed ``grace`` after it was sent has not arrived. A server
    that can't be asked for ``patience`` ends the run, one that has never answered yet already after ``grace``.
    """

    settle: float = 1.0
    first: float = 2.0
    growth: float = 1.5
    longest: float = 60.0
    grace: float = 60.0
    patience: float = 3600.0
    clock: Callable[[], float] = time.time
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


PACE = Pace()


@dataclass
class Board:
    """What is waited for, for the progress line: ``(done, total)`` requests of each wave, and when it is looked at."""

    waves: dict[str, tuple[int, int]] = field(default_factory=dict)
    looks: dict[str, float] = field(default_factory=dict)
    trouble: str = ""

    def clear(self, wave: str) -> None:
        """The wave is over."""
        self.waves.pop(wave, None)
        self.looks.pop(wave, None)

    def told(self, now: float | None = None) -> str:
        """``2 batches pending: 340 of 1,200 requests done, next look in 12 s``, or nothing."""
        if not self.waves:
            return self.trouble
        done, total = (sum(numbers) for numbers in zip(*self.waves.values(), strict=True))
        soon = min(self.looks.values(), default=0.0) - (PACE.clock() if now is None else now)
        count = f"{len(self.waves)} batch{'es' if len(self.waves) > 1 else ''} pending: {done:,} of {total:,} requests"
        return f"{count} done, next look in {max(0.0, soon):.0f} s" + (f", {self.trouble}" if self.trouble else "")


@dataclass
class Watch:
    """How one endpoint's batches are waited for. Waiting ends with the error that ``stopped`` gives, if any."""

    api: BatchApi
    board: Board
    pace: Pace
    stopped: Callable[[], PersonagenError | None]
    has_answered: bool = False

    async def sleep(self, seconds: float) -> None:
        """Sleeps, and looks now and then whether the run still goes on."""
        until = self.pace.clock() + seconds
        while True:
            if problem := self.stopped():
                raise problem
            left = until - self.pace.clock()
            if left <= 0:
                return
            await self.pace.sleep(min(left, SLICE))

    async def patiently(
        self, ask: Callable[[], Awaitable[T]], passes: Callable[[ServerError], bool] = lambda _: True
    ) -> T:
        """What ``ask`` gives, asked again after every ServerError that ``passes``.

        Raises:
            ConfigError: that took too long, see ``Pace``.
        """
        began, wait = self.pace.clock(), self.pace.first
        while True:
            try:
                answer = await ask()
            except ServerError as problem:
                self.board.trouble = str(problem)
                if not passes(problem):
                    raise
                limit = self.pace.patience if self.has_answered else self.pace.grace
                if self.pace.clock() - began > limit:
                    raise ConfigError(f"{problem}; what was sent goes on there: run the same command later") from None
                await self.sleep(min(max(wait, problem.retry_after or 0.0), self.pace.longest))
                wait *= self.pace.growth
            else:
                self.board.trouble, self.has_answered = "", True
                return answer

    async def outcomes(self, wave: Wave) -> dict[str, Outcome] | State | None:
        """Waits for the wave's end: an outcome for each of its calls by key; a state if there was no room for it.

        None if there is no such batch: it has never arrived, or the provider keeps it no longer.
        """
        for batch in [wave.batch] if wave.batch else await self._candidates(wave):
            state = await self._ended(wave, batch)
            if state and state.is_full:
                return state
            if state and state.refusal:
                return dict.fromkeys(wave.keys, state.refusal)
            found = await self.patiently(partial(self.api.results, batch, state)) if state else None
            own = {i.partition("-")[2]: o for i, o in (found or {}).items() if i.startswith(f"{wave.id}-")}
            if own or (wave.batch and found is not None):
                none = ServerError(f"{wave.model}: batch {batch} ended without an answer to this request")
                return {key: own.get(key, none) for key in wave.keys}
            if wave.batch:
                log.warning("%s keeps batch %s no longer: its calls are sent anew.", wave.url, batch)
        return None

    async def _candidates(self, wave: Wave) -> list[str]:
        """The batches that may be a wave of which nobody knows whether it arrived."""
        since = wave.made - 10 * self.pace.grace  # their clock may be behind ours
        while True:
            found = await self.patiently(partial(self.api.candidates, wave.id, len(wave.keys), since))
            left = wave.made + self.pace.grace - self.pace.clock()
            if found or left <= 0:
                return found
            await self.sleep(min(left, self.pace.longest / 4))

    async def _ended(self, wave: Wave, batch: str) -> State | None:
        wait = self.pace.first
        self.board.waves.setdefault(wave.id, (0, len(wave.keys)))
        while True:
            self.board.looks[wave.id] = self.pace.clock() + wait
            await self.sleep(wait)
            state = await self.patiently(partial(self.api.state, batch))
            if state is None or state.ended:
                return state
            self.board.waves[wave.id] = (state.done, state.total or len(wave.keys))
            wait = min(wait * self.pace.growth, self.pace.longest)
