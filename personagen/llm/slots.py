"""Slots for calls in flight, and the one place where a run stops launching calls."""

from __future__ import annotations

import asyncio

from personagen.errors import BudgetError, ConfigError, DiskError, PersonagenError, ServerError
from personagen.llm import LLM, Call
from personagen.records import Completion

STOPS = (BudgetError, ConfigError, DiskError)


class Slots:
    """At most ``limit`` calls in flight; once ``closed`` holds an error, no further call starts.

    The error that closes is the first one that asking again can't help (a refused key, an exhausted budget), or the
    user's interruption. Calls in flight are not touched: they end and are stored.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.free = asyncio.Semaphore(limit)
        self.closed: PersonagenError | None = None
        self.in_flight = 0
        self.changed = asyncio.Event()

    def room(self) -> bool:
        """Whether a slot would stay idle if no further call came."""
        return not self.free.locked()

    def close(self, error: PersonagenError) -> None:
        """Starts no more calls; the first error stays."""
        self.closed = self.closed or error
        self.changed.set()


def limited(llm: LLM, slots: Slots) -> LLM:
    """``llm`` with every call waiting for a slot; fails at once when the slots are closed."""

    async def ask(call: Call) -> Completion:
        async with slots.free:
            if slots.closed:
                raise slots.closed
            slots.in_flight += 1
            try:
                return await llm(call)
            finally:
                slots.in_flight -= 1
                slots.changed.set()

    return ask


def stopping(llm: LLM, slots: Slots) -> LLM:
    """``llm`` whose final errors close the slots; it stands outside of whatever can raise one, the journal too."""

    async def ask(call: Call) -> Completion:
        try:
            return await llm(call)
        except STOPS as error:
            slots.close(error)
            raise

    return ask


def open_only(llm: LLM, slots: Slots) -> LLM:
    """``llm`` that is not asked once the slots are closed; it stands next to the model, inside retries and budget."""

    async def ask(call: Call) -> Completion:
        if slots.closed:
            raise slots.closed
        return await llm(call)

    return ask


def proven(llm: LLM) -> LLM:
    """``llm`` whose first call for each role and model goes alone, so that a wrong key costs one request.

    The others wait until one call was answered; after a refusal that is final, they fail with it unasked.
    """
    gates: dict[tuple[str, str], asyncio.Lock | None] = {}
    refused: dict[tuple[str, str], PersonagenError] = {}

    async def ask(call: Call) -> Completion:
        endpoint = (call.role, call.model)
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
