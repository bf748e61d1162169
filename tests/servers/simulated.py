"""A clock that costs no time, and servers with limits on it: what the tests of slots and retries run against."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from random import Random
from typing import Any

from personagen.call import Call
from personagen.errors import ServerError
from personagen.records import Completion


class _Selector(selectors.SelectSelector):
    """Instead of waiting for a timer it puts the clock forward to it."""

    now = 0.0

    def select(self, timeout: float | None = None) -> Any:
        if timeout is None:
            raise RuntimeError("everything waits and nothing will happen")
        self.now += timeout
        return []


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.selector = _Selector()
        super().__init__(self.selector)

    def time(self) -> float:
        return self.selector.now


def run(main: Coroutine[Any, Any, Any]) -> Any:
    """``asyncio.run`` with sleeps that take no time; ``loop.time()`` tells how long it would have been."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(main)


def now() -> float:
    """Seconds of the clock of the running loop."""
    return asyncio.get_running_loop().time()


@dataclass
class Server:
    """An LLM behind limits. It refuses (429) what is over ``rate`` a second, with a bucket of ``burst`` or in fixed
    windows of ``window`` seconds, what is over ``capacity`` calls at once, and any call with probability ``sporadic``;
    it serves ``slots`` calls at once and lets the others queue.

    ``latency`` draws the seconds a call takes, ``size`` what it takes of the rate (1, or its tokens); ``wish`` gives
    the Retry-After of a refusal, in seconds. With ``tells`` an answer says when its quota is exhausted. A client waits
    ``patience`` seconds for an answer. ``changes`` sets attributes at times.
    """

    latency: Callable[[Random], float]
    rate: float | None = None
    burst: float = 1.0
    capacity: int | None = None
    slots: int | None = None
    window: float | None = None
    sporadic: float = 0.0
    size: Callable[[Random], float] = lambda rng: 1.0
    wish: Callable[[float], float | None] = lambda left: None
    tells: bool = False
    patience: float | None = None
    changes: dict[float, dict[str, Any]] = field(default_factory=dict)
    way: float = 0.01  # seconds there and back
    seed: int = 0
    served: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    now: int = 0
    most: int = 0
    timed_out: int = 0

    def __post_init__(self) -> None:
        self.rng = Random(self.seed)
        self.left, self.at = self.burst, 0.0
        self.free = asyncio.Semaphore(self.slots) if self.slots else None
        self.sizes: dict[str, float] = {}

    async def __call__(self, call: Call) -> Completion:
        await asyncio.sleep(self.way / 2)
        self.arrived.append(now())
        for at in [at for at in self.changes if at <= now()]:
            vars(self).update(self.changes.pop(at))
        refusal = self._refusal(call)
        if refusal is not None:
            self.refused.append(now())
            await asyncio.sleep(self.way / 2)
            raise ServerError("too many requests", status=429, retry_after=self.wish(refusal))
        pause = (self.burst / 10 - self.left) / self.rate if self.tells and self.rate else 0.0
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            async with asyncio.timeout(self.patience):
                if self.free:
                    async with self.free:
                        await asyncio.sleep(self.latency(self.rng))
                else:
                    await asyncio.sleep(self.latency(self.rng))
        except TimeoutError:
            self.timed_out += 1
            raise ServerError("no answer in time", status=408) from None
        finally:
            self.now -= 1
        self.served.append(now())
        await asyncio.sleep(self.way / 2)
        return Completion(text="Fine.", pause=max(0.0, pause))

    def _refusal(self, call: Call) -> float | None:
        """Seconds until it would not refuse, or None."""
        if self.sporadic and self.rng.random() < self.sporadic:
            return 0.0
        if self.capacity is not None and self.now >= self.capacity:
            return 0.0
        if self.rate is None:
            return None
        size = self.sizes.get(call.sample) or self.sizes.setdefault(call.sample, self.size(self.rng))
        if self.window is not None:
            if now() // self.window > self.at // self.window:
                self.left = self.rate * self.window
        else:
            self.left = min(self.burst, self.left + self.rate * (now() - self.at))
        self.at = now()
        if self.left < size:
            return (size - self.left) / self.rate if self.window is None else self.window - now() % self.window
        self.left -= size
        return None
