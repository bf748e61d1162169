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
        queue.hold(answer.pause)
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
    from tenacity import AsyncRetrying, retry_if_exception_type

    attempts, seconds, first, rng = patience
    queue, until, now = limiter.of(call), permit.at + seconds, asyncio.get_running_loop().time
    sent, failures, held = 1, 0, True
    try:
        async with asyncio.timeout_at(until) as bound:
            async for attempt in AsyncRetrying(retry=retry_if_exception_type(ServerError)):
                refused, wished = error.status == REFUSED, min(error.retry_after or 0.0, LONGEST_WAIT)
                failures += not refused
                pause = 0.0 if refused else rng.uniform(0, min(first * 2**failures, LONGEST_WAIT))
                if failures >= attempts or max(pause, wished) > until - now():
                    raise error
                if not refused:  # else the queue decides
                    queue.hold(wished)
                    await limiter.sleep(pause)
                held = False
                permit = await queue.again(permit, error)
                held, sent = True, sent + 1
                with attempt:
                    try:
                        answer = await llm(call)
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
        limiter.close(error)  # before the slot is free, so that no call takes it
    queue.left(permit, error)


def _given_up(error: ServerError, sent: int) -> ServerError:
    times = f" (asked {sent} times)" if sent > 1 else ""
    return ServerError(f"{error}{times}", status=error.status, retry_after=error.retry_after)
