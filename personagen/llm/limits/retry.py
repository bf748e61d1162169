"""The one retry layer: sends a request again that may succeed later, when its endpoint's queue allows."""

from __future__ import annotations

import asyncio
from random import Random

from personagen.call import LLM, Call
from personagen.errors import ServerError
from personagen.llm.limits.adaptive import Permit
from personagen.llm.limits.limiter import STOPS, Limiter
from personagen.llm.limits.queue import TOO_MANY_REQUESTS, EndpointQueue
from personagen.records import Completion

MAX_WAIT_SECONDS = 120.0


def with_retries(
    llm: LLM,
    limiter: Limiter | None = None,
    *,
    attempts: int = 6,
    seconds: float = 600.0,
    first: float = 1.0,
    rng: Random | None = None,
) -> LLM:
    """Sends calls through the queues of ``limiter``, and retries after a ``ServerError``.

    A call keeps its permit until it is answered or given up: after ``attempts`` failures, or ``seconds`` after its
    first request, even in flight. A rate-limit refusal (429) is not a failure: it pauses the endpoint, and the call
    goes first afterwards. After any other failure the wait is drawn from 0 to ``first`` x 2^n seconds (full jitter,
    Brooker 2015), at most ``MAX_WAIT_SECONDS``; a Retry-After holds for all calls of the endpoint.

    Raises:
        ServerError: the last one, with the number of requests sent.
        PersonagenError: any other error at once, also the one that closed the limiter.
    """
    policy = (attempts, seconds, first, rng or Random())
    queues = limiter or Limiter()

    async def ask(call: Call) -> Completion:
        queue = queues.of(call)
        permit = await queue.enter(call.role, call.priority)
        try:
            answer = await llm(call)
        except ServerError as error:
            return await _ask_again(llm, call, queues, policy, permit, error)
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
    policy: tuple[int, float, float, Random],
    permit: Permit,
    error: ServerError,
) -> Completion:
    from tenacity import AsyncRetrying, retry_if_exception_type

    attempts, seconds, first, rng = policy
    queue, until, now = limiter.of(call), permit.at + seconds, asyncio.get_running_loop().time
    sent, failures, held = 1, 0, True
    try:
        async with asyncio.timeout_at(until) as bound:
            async for attempt in AsyncRetrying(retry=retry_if_exception_type(ServerError)):
                refused, wished = error.status == TOO_MANY_REQUESTS, min(error.retry_after or 0.0, MAX_WAIT_SECONDS)
                failures += not refused
                pause = 0.0 if refused else rng.uniform(0, min(first * 2**failures, MAX_WAIT_SECONDS))
                if failures >= attempts or max(pause, wished) > until - now():
                    raise error
                if not refused:  # the queue handles refusals
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
        limiter.close(error)  # before the permit is free, so that no other call takes it
    queue.left(permit, error)


def _given_up(error: ServerError, sent: int) -> ServerError:
    times = f" (sent {sent} times)" if sent > 1 else ""
    return ServerError(f"{error}{times}", status=error.status, retry_after=error.retry_after)
