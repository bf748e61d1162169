"""The limiter of a run: one queue per endpoint, and the switch that stops new calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from personagen.call import Call
from personagen.errors import BudgetError, ConfigError, CorruptError, DiskError, PersonagenError
from personagen.llm.limits.adaptive import AdaptiveLimit
from personagen.llm.limits.queue import EndpointQueue

STOPS = (BudgetError, ConfigError, CorruptError, DiskError)
MAX_IN_FLIGHT_LOCALLY = 32


class Limiter:
    """The calls in flight of a run; once ``closed`` holds an error, no further call starts.

    ``max_in_flight`` caps the calls in flight at one endpoint; None adapts to its server. ``endpoints`` maps roles to
    endpoints (other roles go by the call's model); those in ``local`` have no server and take ``max_in_flight``, or
    ``MAX_IN_FLIGHT_LOCALLY``. ``ceiling`` caps the calls in flight at each endpoint with a server, however
    ``max_in_flight`` is chosen.

    The first error that a retry can't help (a refused key, an exhausted budget), or Ctrl-C, closes it. Calls in flight
    then finish and are stored; calls waiting for a permit or a retry fail at once.
    """

    def __init__(
        self,
        max_in_flight: int | None = None,
        endpoints: Mapping[str, str] | None = None,
        local: Iterable[str] = (),
        ceiling: int | None = None,
    ) -> None:
        self.closed: PersonagenError | None = None
        self._max_in_flight, self._local, self._ceiling = max_in_flight, frozenset(local), ceiling
        self._endpoints = dict(endpoints or {})
        self._queues: dict[str, EndpointQueue] = {}
        self._closing = asyncio.Event()
        self._on_close: list[Callable[[PersonagenError], None]] = []
        for endpoint in self._endpoints.values():
            self.at(endpoint)

    def at(self, endpoint: str) -> EndpointQueue:
        """The queue of ``endpoint``."""
        queue = self._queues.get(endpoint)
        if queue is None:
            queue = self._queues[endpoint] = EndpointQueue(self._limit_of(endpoint), endpoint)
            if self.closed:
                queue.close(self.closed)
        return queue

    def _limit_of(self, endpoint: str) -> AdaptiveLimit:
        most = self._max_in_flight
        if endpoint in self._local:
            return AdaptiveLimit(MAX_IN_FLIGHT_LOCALLY if most is None else most)
        return AdaptiveLimit(most, most=self._ceiling)

    def cap(self, endpoint: str, most: int) -> None:
        """Lets at most ``most`` calls be in flight at ``endpoint``, unless ``max_in_flight`` is chosen.

        Only before the first call.
        """
        if self._max_in_flight is None:
            self.at(endpoint).limit = AdaptiveLimit(most=most if self._ceiling is None else min(most, self._ceiling))

    def endpoint(self, call: Call) -> str:
        """The endpoint of ``call``."""
        return self._endpoints.get(call.role, call.model)

    def of(self, call: Call) -> EndpointQueue:
        """The queue of ``call``."""
        return self.at(self.endpoint(call))

    @property
    def limit(self) -> int:
        """The number of calls that may be in flight now, at all known endpoints."""
        return sum(queue.limit.limit for queue in self._queues.values()) or AdaptiveLimit(self._max_in_flight).limit

    @property
    def max_in_flight(self) -> int:
        """The maximum number of calls in flight, at all known endpoints."""
        total = sum(queue.limit.max_in_flight for queue in self._queues.values())
        return total or AdaptiveLimit(self._max_in_flight).max_in_flight

    @property
    def in_flight(self) -> int:
        """Calls sent and not yet answered, or waiting for a retry."""
        return sum(queue.limit.in_flight for queue in self._queues.values())

    @property
    def remote(self) -> tuple[int, int]:
        """The calls in flight at endpoints with a server, and how many may be."""
        limits = [queue.limit for endpoint, queue in self._queues.items() if endpoint not in self._local]
        return sum(limit.in_flight for limit in limits), sum(limit.limit for limit in limits)

    @property
    def refused(self) -> int:
        """Requests refused by a rate limit (HTTP 429)."""
        return sum(queue.limit.refusals for queue in self._queues.values())

    @property
    def retried(self) -> int:
        """Requests sent again."""
        return sum(queue.retried for queue in self._queues.values())

    @property
    def highest(self) -> dict[str, int]:
        """The peak number of calls in flight, by endpoint."""
        return {endpoint: queue.limit.highest for endpoint, queue in self._queues.items() if queue.limit.highest}

    @property
    def away(self) -> dict[str, tuple[float, str]]:
        """Since when (by ``time.monotonic``) and why servers are away, by endpoint."""
        gates = {endpoint: queue.away for endpoint, queue in self._queues.items()}
        return {endpoint: (gate.since, gate.reason) for endpoint, gate in gates.items() if gate.since is not None}

    def spare(self, role: str, ready: float) -> bool:
        """Whether the endpoint of ``role`` has fewer than ``ready`` x limit calls in flight or waiting."""
        queues = [self.at(self._endpoints[role])] if role in self._endpoints else list(self._queues.values())
        limit = sum(queue.limit.limit for queue in queues) or self.limit
        return sum(queue.waiting + queue.limit.in_flight for queue in queues) < ready * limit

    def close(self, error: PersonagenError) -> None:
        """Stops new calls and ends every wait with ``error``; a later error is ignored."""
        if self.closed:
            return
        self.closed = error
        for queue in self._queues.values():
            queue.close(error)
        for tell in self._on_close:
            tell(error)
        self._closing.set()

    def on_close(self, tell: Callable[[PersonagenError], None]) -> None:
        """Calls ``tell`` with the error when the limiter closes."""
        self._on_close.append(tell)

    async def sleep(self, seconds: float) -> None:
        """Sleeps for ``seconds``.

        Raises:
            PersonagenError: the limiter is closed.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
        assert self.closed
        raise self.closed.with_traceback(None)
