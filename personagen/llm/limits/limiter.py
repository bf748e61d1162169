"""Slots for calls in flight: one gate for each endpoint, and the one place where a run stops launching calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from personagen.call import LLM, Call
from personagen.errors import BudgetError, ConfigError, CorruptError, DiskError, PersonagenError, ServerError
from personagen.llm.limits.adaptive import Limit
from personagen.llm.limits.queue import Gate
from personagen.records import Completion

STOPS = (BudgetError, ConfigError, CorruptError, DiskError)
LOCAL = 32


class Slots:
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
        self._gates: dict[str, Gate] = {}
        self._closing = asyncio.Event()
        self._at_close: list[Callable[[PersonagenError], None]] = []
        for endpoint in self._endpoints.values():
            self.at(endpoint)

    def at(self, endpoint: str) -> Gate:
        """The gate of ``endpoint``."""
        gate = self._gates.get(endpoint)
        if gate is None:
            most = LOCAL if self._most is None and endpoint in self._local else self._most
            gate = self._gates[endpoint] = Gate(Limit(most))
            if self.closed:
                gate.close(self.closed)
        return gate

    def endpoint(self, call: Call) -> str:
        """Where ``call`` goes."""
        return self._endpoints.get(call.role, call.model)

    def of(self, call: Call) -> Gate:
        """The gate that ``call`` goes through."""
        return self.at(self.endpoint(call))

    @property
    def limit(self) -> int:
        """How many calls may be in flight now, at all endpoints that were asked or are known."""
        return sum(gate.limit.limit for gate in self._gates.values()) or Limit(self._most).limit

    @property
    def most(self) -> int:
        """How many calls may ever be in flight."""
        return sum(gate.limit.most for gate in self._gates.values()) or Limit(self._most).most

    @property
    def in_flight(self) -> int:
        """Calls that are sent and not answered, or will be sent again after a failure."""
        return sum(gate.limit.in_flight for gate in self._gates.values())

    @property
    def refused(self) -> int:
        """Requests that were refused because of a limit (HTTP 429)."""
        return sum(gate.limit.refusals for gate in self._gates.values())

    @property
    def retried(self) -> int:
        """Requests that were sent again."""
        return sum(gate.retried for gate in self._gates.values())

    @property
    def highest(self) -> dict[str, int]:
        """The most calls that were in flight at each endpoint that was asked."""
        return {endpoint: gate.limit.highest for endpoint, gate in self._gates.items() if gate.limit.highest}

    def spare(self, role: str, ready: float) -> bool:
        """Whether fewer than ``ready`` calls a slot are in flight or wait where those of ``role`` go."""
        gates = [self.at(self._endpoints[role])] if role in self._endpoints else list(self._gates.values())
        limit = sum(gate.limit.limit for gate in gates) or self.limit
        return sum(gate.waiting + gate.limit.in_flight for gate in gates) < ready * limit

    def close(self, error: PersonagenError) -> None:
        """Starts no more calls, and ends every wait; the first error stays."""
        if self.closed:
            return
        self.closed = error
        for gate in self._gates.values():
            gate.close(error)
        for tell in self._at_close:
            tell(error)
        self._closing.set()

    def at_close(self, tell: Callable[[PersonagenError], None]) -> None:
        """Calls ``tell`` with the error once the slots are closed."""
        self._at_close.append(tell)

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


def stopping(llm: LLM, slots: Slots) -> LLM:
    """``llm`` whose final errors close the slots; it stands outside of whatever can raise one, the journal too."""

    async def ask(call: Call) -> Completion:
        try:
            return await llm(call)
        except STOPS as error:
            slots.close(error)
            raise

    return ask


def proven(llm: LLM, slots: Slots | None = None) -> LLM:
    """``llm`` whose first call of each form at each endpoint goes alone, so that a wrong key costs one request.

    The form is what a server may refuse as well: with a schema or without, and the sampling settings. The others of
    that form wait until one call was answered; after a refusal that is final, they fail with it unasked.
    """
    gates: dict[object, asyncio.Lock | None] = {}
    refused: dict[object, PersonagenError] = {}
    of = slots or Slots()

    async def ask(call: Call) -> Completion:
        endpoint = (of.endpoint(call), call.sampling, call.schema is None)
        gate = gates.setdefault(endpoint, asyncio.Lock())
        if gate is None:
            return await llm(call)
        async with gate:
            if endpoint in refused:
                raise refused[endpoint]
            if gates[endpoint] is not None:
                try:
                    answer = await llm(call)
                except (*STOPS, ServerError) as error:
                    refused[endpoint] = _final(error)
                    raise refused[endpoint] from error
                gates[endpoint] = None
                return answer
        return await llm(call)

    return ask


def _final(error: PersonagenError) -> PersonagenError:
    """A server that does not answer even the first question stops the run, instead of failing tree after tree."""
    if isinstance(error, ServerError):
        return ConfigError(f"the first request failed for good: {error}; check the server, then run the same command")
    return error
