"""The gate of an endpoint whose server is away: all calls wait, and one knocks every few seconds."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from personagen.errors import ConfigError, PersonagenError, ServerError
from personagen.llm.patience import MAX_DOUBLINGS

FIRST_KNOCK_SECONDS, KNOCK_SECONDS = 1.0, 5.0
TRIES_HERE = 3  # at an address of this machine that never answered
VAGUE_FAILURES = 3  # in a row, without an answer in between: a gateway whose server is gone
T = TypeVar("T")
log = logging.getLogger(__name__)


class Away:
    """The gate of the endpoint ``name``.

    It closes when nothing listens there or a model is loading, or after some errors in a row that may mean that the
    server is gone (502 to 504, Cloudflare's 520 to 530, a broken connection, an unknown host). ``since`` is
    when it did, by ``time.monotonic``, None while it is open; ``reason`` says why. It opens with the first answer.
    Calls wait for at most the seconds of the first one that waits.
    """

    def __init__(self, name: str = "") -> None:
        self.since: float | None = None
        self.reason = ""
        self._name = name
        self._error: PersonagenError | None = None
        self._answered = False
        self._failures = self._knocks = 0
        self._ends = 0.0
        self._waiting: deque[asyncio.Future[bool]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._knocking = False

    async def through(self, send: Callable[[], Awaitable[T]], seconds: float) -> T:
        """``send()``, once the gate is open or it is this call's turn to knock.

        Raises:
            ServerError: the one that closed the gate, after ``seconds``.
            ConfigError: nothing has ever listened at an address of this machine.
            PersonagenError: as ``send``, or the run is stopped.
        """
        knocks = self.since is not None and await self._turn()
        try:
            answer = await send()
        except ServerError as error:
            self._failed(error, seconds, knocks)
            raise
        except BaseException as error:
            if knocks:
                self._knocking = False
                self._schedule()
            if isinstance(error, PersonagenError):
                self.open()
            raise
        if self._failures or not self._answered or self.since is not None:
            self.open()
        return answer

    def open(self) -> None:
        """The server has answered."""
        self._answered, self._failures, self._knocks, self._knocking = True, 0, 0, False
        if self.since is not None:
            log.warning("%s answers again, after %.0f seconds.", self._name, time.monotonic() - self.since)
            self.since = None
            self._let(lambda place: place.set_result(False))

    def close(self, error: PersonagenError) -> None:
        """Fails every call that waits."""
        self._let(lambda place: place.set_exception(error))

    @property
    def is_over(self) -> bool:
        """Whether calls have waited for long enough."""
        return self.since is not None and not self.left()

    def left(self) -> float:
        """The seconds for which calls still wait; 0 if the gate is open."""
        return 0.0 if self.since is None else max(0.0, self._ends - asyncio.get_running_loop().time())

    def more(self, error: ServerError, failures: int, pause: float) -> float:
        """The seconds that a call has at least, from now on: while its server is away, or if it was given too few."""
        again = pause + 2 * error.waited + 1 if error.waited and failures <= MAX_DOUBLINGS else 0.0
        return max(self.left(), again)

    def _failed(self, error: ServerError, seconds: float, knocks: bool) -> None:
        self._knocking = self._knocking and not knocks
        if not (error.away or error.gateway) or seconds == float("inf"):
            if error.status is not None and not error.waited:  # it answered
                self.open()
            elif knocks:
                self._schedule()
            return
        self._answered = self._answered or not error.refused_here
        self._failures += 1
        self._error = error
        if error.refused_here and not self._answered and self._failures >= TRIES_HERE:
            stop = ConfigError(f"{error} (tried {self._failures} times)")
            self.close(stop)
            raise stop from None
        if self.since is None and (error.away or self._failures >= VAGUE_FAILURES):
            self.since, self.reason = time.monotonic(), error.away or _why(error)
            self._ends = asyncio.get_running_loop().time() + seconds
            log.warning("%s. All calls to it wait, for up to %.0f minutes.", error, seconds / 60)
        if self.since is not None:
            self._schedule(error.retry_after or 0.0)

    async def _turn(self) -> bool:
        if self._error and self.is_over:
            raise self._error
        place: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        self._schedule()
        try:
            return await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and not place.exception() and place.result():
                self._knocking = False
                self._schedule()
            raise

    def _schedule(self, wish: float = 0.0) -> None:
        if self._timer is None and not self._knocking and self.since is not None:
            wait = max(min(KNOCK_SECONDS, FIRST_KNOCK_SECONDS * 2**self._knocks), min(wish, self.left()))
            self._timer = asyncio.get_running_loop().call_later(min(wait, self.left()), self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self.since is None:
            return
        if self._error and self.is_over:
            self.close(self._error)
            return
        while self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                self._knocking, self._knocks = True, self._knocks + 1
                place.set_result(True)
                return

    def _let(self, settle: Callable[[asyncio.Future[bool]], None]) -> None:
        waiting, self._waiting = self._waiting, deque()
        for place in waiting:
            if not place.done():
                settle(place)


def _why(error: ServerError) -> str:
    return f"HTTP {error.status}" if error.status else "connections to it fail"
