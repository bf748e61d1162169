"""The layers between an agent's call and a backend: each is a function from LLM to LLM, and ``Layers`` lists them.

From the outside: stop the run on a final error, answer from the journal, send the first call of a form alone, give
room for reasoning, keep to the budget, retry within the limits, charge unusable answers. ``connect`` adds cost and
timeout to a backend.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from personagen.call import LLM, Call
from personagen.errors import (
    BudgetError,
    ConfigError,
    Interrupted,
    PersonagenError,
    QualityError,
    ServerError,
)
from personagen.llm.budget import CostBound, Ledger, with_billed_failures, with_budget
from personagen.llm.limits.limiter import STOPS, Limiter
from personagen.llm.limits.queue import TOO_MANY_REQUESTS, EndpointQueue
from personagen.llm.limits.ramp import Permit
from personagen.llm.room import Rooms, with_room
from personagen.records import Completion, Usage
from personagen.store.journal import Journal

FIRST_WAIT_SECONDS, MAX_WAIT_SECONDS = 1.0, 120.0  # before a failed request is sent again

_ENDS = (Interrupted, BudgetError, QualityError)  # a call that was not sent, since the run ends, has not failed


@dataclass
class Tally:
    """Counts of this process so far, for progress and summaries.

    ``by_item`` counts its calls by the first part of their place.
    """

    calls: int = 0
    reused: int = 0
    failed: int = 0
    re_asked: int = 0
    usage: Usage = field(default_factory=Usage)
    by_item: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Layers:
    """The state that the layers share."""

    journal: Journal
    limiter: Limiter
    ledger: Ledger
    bound: CostBound
    tally: Tally
    seconds: float
    rooms: Rooms = field(default_factory=Rooms)

    def around(self, llm: LLM, *, batch: bool = False) -> LLM:
        """``llm`` with every layer of a run, the innermost first.

        In batch mode the first call does not go alone, and a retry goes into the next batch.
        """
        first, seconds = (0.0, math.inf) if batch else (FIRST_WAIT_SECONDS, self.seconds)
        llm = with_billed_failures(llm, self.ledger, self.bound)
        llm = with_retries(llm, self.limiter, first=first, seconds=seconds)
        llm = with_budget(llm, self.ledger, self.bound)
        llm = with_room(llm, self.rooms)
        llm = llm if batch else first_call_alone(llm, self.limiter)
        llm = with_journal(llm, self.journal, self.tally)
        return closing_on_error(llm, self.limiter)


def closing_on_error(llm: LLM, limiter: Limiter) -> LLM:
    """Closes ``limiter`` on final errors of ``llm``; the outermost layer, since the journal can raise one too."""

    async def ask(call: Call) -> Completion:
        try:
            return await llm(call)
        except STOPS as error:
            limiter.close(error)
            raise

    return ask


def with_journal(llm: LLM, journal: Journal, tally: Tally) -> LLM:
    """``llm`` behind the journal; equal calls in flight are sent once."""
    in_flight: dict[str, asyncio.Future[Completion]] = {}

    async def fresh(call: Call) -> Completion:
        started = time.monotonic()
        try:
            answer = await llm(call)
        except Exception as error:
            tally.failed += not isinstance(error, _ENDS)
            raise
        if not answer.text.isascii():  # a lone surrogate can be neither stored nor sent
            answer = answer.model_copy(update={"text": answer.text.encode("utf-8", "replace").decode()})
        await journal.store(call.key, call.role, call.model, call.place, answer, time.monotonic() - started)
        tally.calls += 1
        tally.by_item[call.place.partition("/")[0]] += 1
        tally.usage += answer.usage
        return answer

    async def ask(call: Call) -> Completion:
        stored = journal.completion(call.key)
        if stored is not None:
            tally.reused += 1
            return stored
        if call.key in in_flight:
            return await asyncio.shield(in_flight[call.key])
        asked = in_flight[call.key] = asyncio.get_running_loop().create_future()
        try:
            answer = await fresh(call)
        except BaseException as error:
            asked.set_exception(error)
            asked.exception()  # retrieved, or asyncio warns when no other call waits for it
            raise
        finally:
            del in_flight[call.key]
        asked.set_result(answer)
        return answer

    return ask


def first_call_alone(llm: LLM, limiter: Limiter | None = None) -> LLM:
    """Sends the first call of each form to each endpoint alone, so that a wrong key costs one request.

    The form is what a server may refuse: a schema, and the sampling settings. Other calls of that form wait for the
    first answer; on a final error they fail with it too.
    """
    locks: dict[object, asyncio.Lock | None] = {}
    refused: dict[object, PersonagenError] = {}
    shared = limiter or Limiter()

    async def ask(call: Call) -> Completion:
        form = (shared.endpoint(call), call.sampling.form, call.schema is None)
        lock = locks.setdefault(form, asyncio.Lock())
        if lock is None:
            return await llm(call)
        async with lock:
            if form in refused:
                raise refused[form].with_traceback(None)
            if locks[form] is not None:
                try:
                    answer = await llm(call)
                except (*STOPS, ServerError) as error:
                    refused[form] = _final(error)
                    raise refused[form] from error
                locks[form] = None
                return answer
        return await llm(call)

    return ask


def _final(error: PersonagenError) -> PersonagenError:
    """Makes a server error on the first request final, so that the run stops instead of failing every tree."""
    if isinstance(error, ServerError):
        return ConfigError(f"the first request failed: {error}; check the server, then run the same command")
    return error


def with_retries(
    llm: LLM,
    limiter: Limiter | None = None,
    *,
    attempts: int = 6,
    seconds: float = 600.0,
    first: float = FIRST_WAIT_SECONDS,
    rng: Random | None = None,
) -> LLM:
    """Sends calls through the queues of ``limiter``, and retries after a ``ServerError``.

    A call keeps its permit until it is answered or given up: after ``attempts`` failures, or ``seconds`` after its
    first request, even in flight; later if it was given too few seconds to be answered. A rate-limit refusal (429) is
    not a failure: the call gives its permit back, waits as its queue says, and goes first afterwards. Nor is a server
    that is away (``Away``). After any other failure the wait is drawn from 0 to ``first`` x 2^n seconds (full jitter,
    Brooker 2015), at most ``MAX_WAIT_SECONDS``; a Retry-After holds for all calls of the endpoint.

    Raises:
        ServerError: the last one, with the number of requests.
        PersonagenError: any other error, at once; also the one that closed the limiter.
    """
    policy = (attempts, seconds, first, rng or Random())
    queues = limiter or Limiter()

    async def ask(call: Call) -> Completion:
        queue = queues.of(call)
        permit = await queue.enter(call.role, call.priority)
        send = partial(queue.away.through, partial(llm, call), seconds)
        try:
            answer = await send()
        except ServerError as error:
            return await _send_again(send, queues, queue, policy, (permit, error))
        except BaseException as error:
            _end(queues, queue, permit, error)
            raise
        queue.hold(answer.pause)
        queue.answered(permit)
        return answer

    return ask


async def _send_again(
    send: Callable[[], Awaitable[Completion]],
    limiter: Limiter,
    queue: EndpointQueue,
    policy: tuple[int, float, float, Random],
    failed: tuple[Permit, ServerError],
) -> Completion:
    from tenacity import AsyncRetrying, retry_if_exception_type

    (attempts, seconds, first, rng), (permit, error) = policy, failed
    until, now = permit.at + seconds, asyncio.get_running_loop().time
    sent, failures, held, away = 1, 0, True, queue.away
    try:
        async with asyncio.timeout_at(until) as bound:
            async for attempt in AsyncRetrying(retry=retry_if_exception_type(ServerError)):
                refused, wished = error.status == TOO_MANY_REQUESTS, min(error.retry_after or 0.0, MAX_WAIT_SECONDS)
                waits = refused or away.left() > 0  # the queue handles both
                failures += not waits
                pause = 0.0 if waits else rng.uniform(0, min(first * 2**failures, MAX_WAIT_SECONDS))
                until = max(until, now() + away.more(error, failures, pause))
                bound.reschedule(until)
                if failures >= attempts or away.is_over or (max(pause, wished) > until - now() and not away.left()):
                    raise error
                queue.tell(error, max(pause, wished))
                if not waits:
                    queue.hold(wished)
                    await limiter.sleep(pause)
                held = False
                permit = await queue.again(permit, error)
                held, sent = True, sent + 1
                with attempt:
                    try:
                        answer = await send()
                    except ServerError as latest:
                        error = latest
                        raise
    except BaseException as problem:
        if held:
            _end(limiter, queue, permit, problem)
        if problem is error or (isinstance(problem, TimeoutError) and bound.expired()):
            raise _given_up(error, sent) from None
        raise
    queue.hold(answer.pause)
    queue.answered(permit)
    return answer


def _end(limiter: Limiter, queue: EndpointQueue, permit: Permit, error: BaseException) -> None:
    if isinstance(error, STOPS):
        limiter.close(error)  # before the permit is released, so that no other call takes it
    queue.left(permit, error)


def _given_up(error: ServerError, sent: int) -> ServerError:
    times = f" (sent {sent} times)" if sent > 1 else ""
    return ServerError(f"{error}{times}", status=error.status, retry_after=error.retry_after)
