"""Limiter for calls in flight: one queue for each endpoint, and the one place where a run stops launching calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from personagen.call import LLM, Call
from personagen.errors import BudgetError, ConfigError, CorruptError, DiskError, PersonagenError, ServerError
from personagen.llm.limits.adaptive import AdaptiveLimit
from personagen.llm.limits.queue import EndpointQueue
from personagen.records import Completion

STOPS = (BudgetError, ConfigError, CorruptError, DiskError)
LOCAL = 32


class Limiter:
    """The calls in flight of a run; once ``closed`` holds an error, no further call starts.

    ``most`` caps the calls in flight at one endpoint, None finds out what its server can take. ``endpoints`` says where
    the calls of a role go (a role it does not name: by the call's model); those in ``local`` have no server and take
    ``most``, or ``LOCAL``.

    The error that closes is the first one that asking again can't help (a refused key, an exhausted budget), or the
    user's interruption. Calls in flight are not touched: they end and are stored. Calls that wait, for a slot or before
    they are sent again, fail at once.
    """

    def __init__(
        self,
        most: int | None = None,
        endpoints: Mapping[str, str] | None = None,
        local: Iterable[str] = (),
    ) -> None:
        self.closed: PersonagenError | None = None
        self._most, self._local = most, frozenset(local)
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
            most = LOCAL if self._most is None and endpoint in self._local else self._most
            queue = self._queues[endpoint] = EndpointQueue(AdaptiveLimit(most))
            if self.closed:
                queue.close(self.closed)
        return queue

    def endpoint(self, call: Call) -> str:
        """Where ``call`` goes."""
        return self._endpoints.get(call.role, call.model)

    def of(self, call: Call) -> EndpointQueue:
        """The queue that ``call`` goes through."""
        return self.at(self.endpoint(call))

    @property
    def limit(self) -> int:
        """How many calls may be in flight now, at all endpoints that were asked or are known."""
        return sum(queue.limit.limit for queue in self._queues.values()) or AdaptiveLimit(self._most).limit

    @property
    def most(self) -> int:
        """How many calls may ever be in flight."""
        return sum(queue.limit.most for queue in self._queues.values()) or AdaptiveLimit(self._most).most

    @property
    def in_flight(self) -> int:
        """Calls that are sent and not answered, or will be sent again after a failure."""
        return sum(queue.limit.in_flight for queue in self._queues.values())

    @property
    def refused(self) -> int:
        """Requests that were refused because of a limit (HTTP 429)."""
        return sum(queue.limit.refusals for queue in self._queues.values())

    @property
    def retried(self) -> int:
        """Requests that were sent again."""
        return sum(queue.retried for queue in self._queues.values())

    @property
    def highest(self) -> dict[str, int]:
        """The most calls that were in flight at each endpoint that was asked."""
        return {endpoint: queue.limit.highest for endpoint, queue in self._queues.items() if queue.limit.highest}

    def spare(self, role: str, ready: float) -> bool:
        """Whether fewer than ``ready`` calls a slot are in flight or wait where those of ``role`` go."""
        queues = [self.at(self._endpoints[role])] if role in self._endpoints else list(self._queues.values())
        limit = sum(queue.limit.limit for queue in queues) or self.limit
        return sum(queue.waiting + queue.limit.in_flight for queue in queues) < ready * limit

    def close(self, error: PersonagenError) -> None:
        """Starts no more calls, and ends every wait; the first error stays."""
        if self.closed:
            return
        self.closed = error
        for queue in self._queues.values():
            queue.close(error)
        for tell in self._on_close:
            tell(error)
        self._closing.set()

    def on_close(self, tell: Callable[[PersonagenError], None]) -> None:
        """Calls ``tell`` with the error once the slots are closed."""
        self._on_close.append(tell)

    async def sleep(self, seconds: float) -> None:
        """Waits so long, or until the slots are closed.

        Raises:
            PersonagenError: they are closed.
        """
        try:
            async with asyncio.timeout(seconds):
                await self._closing.wait()
        except TimeoutError:
            return
        assert self.closed
        raise self.closed


def closing_on_error(llm: LLM, limiter: Limiter) -> LLM:
    """``llm`` whose final errors close the slots; it stands outside of whatever can raise one, the journal too."""

    async def ask(call: Call) -> Completion:
        try:
            return await llm(call)
        except STOPS as error:
            limiter.close(error)
            raise

    return ask


def first_call_alone(llm: LLM, limiter: Limiter | None = None) -> LLM:
    """``llm`` whose first call of each form at each endpoint goes alone, so that a wrong key costs one request.

    The form is what a server may refuse as well: with a schema or without, and the sampling settings. The others of
    that form wait until one call was answered; after a refusal that is final, they fail with it unasked.
    """
    queues: dict[object, asyncio.Lock | None] = {}
    refused: dict[object, PersonagenError] = {}
    of = limiter or Limiter()

    async def ask(call: Call) -> Completion:
        endpoint = (of.endpoint(call), call.sampling, call.schema is None)
        queue = queues.setdefault(endpoint, asyncio.Lock())
        if queue is None:
            return await llm(call)
        async with queue:
            if endpoint in refused:
                raise refused[endpoint]
            if queues[endpoint] is not None:
                try:
                    answer = await llm(call)
                except (*STOPS, ServerError) as error:
                    refused[endpoint] = _final(error)
                    raise refused[endpoint] from error
                queues[endpoint] = None
                return answer
        return await llm(call)

    return ask


def _final(error: PersonagenError) -> PersonagenError:
    """A server that does not answer even the first question stops the run, instead of failing tree after tree."""
    if isinstance(error, ServerError):
        return ConfigError(f"the first request failed for good: {error}; check the server, then run the same command")
    return error
