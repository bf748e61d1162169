"""The queue of one endpoint: which calls are in flight, which wait, and which goes next."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable
from heapq import heappop, heappush
from math import inf
from typing import TypeAlias

from personagen.errors import PersonagenError, ServerError
from personagen.llm.limits.adaptive import AdaptiveLimit
from personagen.llm.limits.away import Away
from personagen.llm.limits.ramp import Permit

TOO_MANY_REQUESTS, REQUEST_TIMEOUT = 429, 408  # HTTP
LEAST_TOLD_SECONDS = 0.1
_RETRY_ORDER = -1 << 30  # retries go before first attempts
_NUMBER = re.compile(r"\d+")
_Entry: TypeAlias = tuple[int, int, str, int, asyncio.Future[Permit]]  # order, arrival, kind, refusals, place
log = logging.getLogger(__name__)


class EndpointQueue:
    """The calls at one endpoint: a ``limit`` for those in flight, and a queue, highest priority first.

    Retries go before first attempts: a call keeps its place until it is answered.
    """

    def __init__(self, limit: AdaptiveLimit, name: str = "") -> None:
        self.limit = limit
        self.away = Away(name)
        self.waiting = 0
        self.retried = 0
        self._queue: list[_Entry] = []
        self._later: set[asyncio.Future[Permit]] = set()  # refused calls that wait before they queue again
        self._arrived = 0
        self._timer: asyncio.TimerHandle | None = None
        self._closed: PersonagenError | None = None
        self._told: set[str] = set()
        self._clock: Callable[[], float] | None = None

    async def enter(self, kind: str, priority: int = 1) -> Permit:
        """Waits until a call may be sent; give the permit back with exactly one of the methods below.

        Raises:
            PersonagenError: the queue is closed.
        """
        return await self._enter(kind, -priority)

    async def again(self, permit: Permit, error: ServerError) -> Permit:
        """Gives back ``permit`` after ``error`` and enters again, before all first attempts.

        A refused call waits for a while first; meanwhile others may be sent.
        """
        seconds = self._end(permit, error)
        self.retried += 1
        if seconds:
            self._launch(self._now())
        return await self._enter(permit.kind, _RETRY_ORDER, seconds, permit.refusals + bool(seconds))

    def tell(self, error: ServerError, seconds: float) -> None:
        """Logs once for each cause that a call is sent again, and after how long, unless the server is away."""
        cause = str(error.status or _NUMBER.sub("N", str(error)))
        if cause not in self._told and self.away.since is None:
            self._told.add(cause)
            wait = f" (waits {seconds:.1f} s)".replace(".0 s", " s") if seconds >= LEAST_TOLD_SECONDS else ""
            log.warning("retrying: %s%s", error, wait)

    def answered(self, permit: Permit) -> None:
        """Gives back the permit of an answered call."""
        now = self._now()
        self.limit.answered(permit, now)
        self._launch(now)

    def left(self, permit: Permit, error: BaseException) -> None:
        """Gives back the permit of a call that is given up after ``error``."""
        self._end(permit, error)
        self._launch(self._now())

    def hold(self, seconds: float) -> None:
        """Sends nothing for ``seconds``, as the server asks."""
        if seconds > 0:
            self.limit.hold(self._now(), seconds)

    def close(self, error: PersonagenError) -> None:
        """Fails every waiting and every later call."""
        self._closed = self._closed or error
        self.away.close(error)
        queue, self._queue = self._queue, []
        for place in (*(place for *_, place in queue), *self._later):
            if not place.done():
                place.set_exception(self._closed)

    async def _enter(self, kind: str, order: int, seconds: float = 0.0, refusals: int = 0) -> Permit:
        if self._closed:
            raise self._closed.with_traceback(None)
        now = self._now()
        if not seconds and not self._queue and not self.limit.wait(now):
            return self.limit.start(now, kind, refusals)
        loop = asyncio.get_running_loop()
        place: asyncio.Future[Permit] = loop.create_future()
        self._arrived += 1
        entry = (order, self._arrived, kind, refusals, place)
        self.waiting += 1
        if seconds:
            self._later.add(place)
            loop.call_later(seconds, self._push, entry)
        else:
            self._push(entry)
        try:
            permit = await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and not place.exception():
                self.left(place.result(), asyncio.CancelledError())
            else:
                self.waiting -= 1
            raise
        except PersonagenError:
            self.waiting -= 1
            raise
        if self._closed:
            self.left(permit, self._closed)
            raise self._closed.with_traceback(None)
        return permit

    def _push(self, entry: _Entry) -> None:
        self._later.discard(entry[-1])
        heappush(self._queue, entry)
        self._launch(self._now())

    def _end(self, permit: Permit, error: BaseException) -> float:
        """Seconds before the call may be sent again."""
        now, status = self._now(), error.status if isinstance(error, ServerError) else None
        if isinstance(error, ServerError) and status == TOO_MANY_REQUESTS:
            return self.limit.refused(permit, now, error.retry_after)
        self.limit.failed(permit, now, timed_out=status == REQUEST_TIMEOUT)
        return 0.0

    def _launch(self, now: float) -> None:
        """Starts every call that may start now, and sets a timer for the next."""
        queue = self._queue
        while queue:
            *_, kind, refusals, place = queue[0]
            if place.done():
                heappop(queue)
                continue
            seconds = self.limit.wait(now)
            if not seconds:
                heappop(queue)
                self.waiting -= 1
                place.set_result(self.limit.start(now, kind, refusals))
                continue
            if seconds < inf and self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(seconds, self._ring)
            return

    def _ring(self) -> None:
        self._timer = None
        self._launch(self._now())

    def _now(self) -> float:
        if self._clock is None:
            self._clock = asyncio.get_running_loop().time
        return self._clock()
