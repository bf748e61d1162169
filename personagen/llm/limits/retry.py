"""The one layer of retries: a request that may succeed later is sent again, when its endpoint may be asked."""

from __future__ import annotations

import asyncio
from random import Random

from personagen.call import LLM, Call
from personagen.errors import ServerError
from personagen.llm.limits.adaptive import Permit
from personagen.llm.limits.limiter import STOPS, Limiter
from personagen.llm.limits.queue import REFUSED, EndpointQueue
from personagen.records import Completion

LONGEST_WAIT = 120.0


def with_retries(
    llm: LLM,
    limiter: Limiter | None = None,
    *,
    attempts: int = 6,
    seconds: float = 600.0,
    first: float = 1.0,
    rng: Random | None = None,
) -> LLM:
    """``llm``, asked through the queues of ``slots``, and again after a ``ServerError``.

    A call holds its slot until it is answered or given up: after ``attempts`` failures or ``seconds`` from its first
    request, a request in flight included. A refusal for a limit (429) is no such failure: it closes the queue for
    everybody, and the call goes first when that opens. After any other failure the wait is drawn from 0 to ``first`` x
    2^n seconds (full jitter, Brooker 2015), at most ``LONGEST_WAIT``; a server's Retry-After counts for all its calls.

    Raises:
        ServerError: the last one, with the number of requests that were sent.
        PersonagenError: any other error at once, and what the slots are closed with.
    """
    patience = (attempts, seconds, first, rng or Random())
    queues = limiter or Limiter()

    async def ask(call: Call) -> Completion:
        queue = queues.of(call)
        permit = await queue.enter(call.role, call.priority)
        try:
            answer = await llm(call)
        except ServerError as error:
            return await _ask_again(llm, call, queues, patience, permit, error)
        except BaseException as error:
            _end(queues, queue, permit, error)
            raise
        queue.answered(permit)
        return answer

    return ask


async def _ask_again(
    llm: LLM,
    call: Call,
    limiter: Limiter,
    patience: tuple[int, float, float, Random],
    permit: Permit,
    error: ServerError,
) -> Completion:
    from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

    attempts, seconds, first, rng = patience
    queue, sent, failures, wished = limiter.of(call), 1, 0, 0.0
    until, clock = permit.at + seconds, asyncio.get_running_loop().time
    held: Permit | None = permit

    async def send() -> Completion:
        if sent == 1:
            raise error  # the request that was sent already is the first attempt
        return await llm(call)

    def wait(state: RetryCallState) -> float:
        nonlocal error, failures, wished
        problem = state.outcome and state.outcome.exception()
        assert isinstance(problem, ServerError)
        error, wished = problem, min(problem.retry_after or 0.0, LONGEST_WAIT)
        failures += error.status != REFUSED
        return 0.0 if error.status == REFUSED else rng.uniform(0, min(first * 2**failures, LONGEST_WAIT))

    def stop(state: RetryCallState) -> bool:
        return failures >= attempts or max(state.upcoming_sleep, wished) > until - clock()

    async def sleep(pause: float) -> None:
        nonlocal permit, held, sent
        if error.status != REFUSED:  # else the queue decides
            queue.hold(wished)
            await limiter.sleep(pause)
        held = None
        held = permit = await queue.again(permit, error)
        sent += 1

    again = AsyncRetrying(retry=retry_if_exception_type(ServerError), wait=wait, stop=stop, sleep=sleep, reraise=True)
    try:
        async with asyncio.timeout_at(until) as bound:
            answer: Completion = await again(send)
    except BaseException as problem:
        if held is not None:
            _end(limiter, queue, held, problem)
        if problem is error or (isinstance(problem, TimeoutError) and bound.expired()):
            raise _given_up(error, sent) from None
        raise
    queue.answered(permit)
    return answer


def _end(limiter: Limiter, queue: EndpointQueue, permit: Permit, error: BaseException) -> None:
    if isinstance(error, STOPS):
        limiter.close(error)  # before the slot is free, so that no call takes it
    queue.left(permit, error)


def _given_up(error: ServerError, sent: int) -> ServerError:
    times = f" (asked {sent} times)" if sent > 1 else ""
    return ServerError(f"{error}{times}", status=error.status, retry_after=error.retry_after)
