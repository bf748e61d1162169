"""The one layer of retries: a request that may succeed later is sent again, after as long as the server asks for."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, stop_before_delay

from personagen.errors import ServerError
from personagen.llm import LLM, Call
from personagen.records import Completion

LONGEST_WAIT = 120.0


def retried(
    llm: LLM,
    *,
    attempts: int = 6,
    seconds: float = 600.0,
    first: float = 1.0,
    rng: Random | None = None,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> LLM:
    """``llm``, asked again after a ``ServerError``: at most ``attempts`` times and ``seconds`` in all.

    The wait is drawn from 0 to ``first`` x 2^n seconds (full jitter, Brooker 2015), or it is the server's Retry-After
    and up to ``first`` seconds more; it is at most ``LONGEST_WAIT``. Every other error passes at once.

    Raises:
        ServerError: the last one, with the number of requests that were sent.
    """
    rng = rng or Random()

    def wait(state: RetryCallState) -> float:
        problem = state.outcome and state.outcome.exception()
        asked = problem.retry_after if isinstance(problem, ServerError) else None
        if asked is not None:
            return min(asked, LONGEST_WAIT) + rng.uniform(0, first)
        return rng.uniform(0, min(first * 2**state.attempt_number, LONGEST_WAIT))

    retrying = AsyncRetrying(
        retry=retry_if_exception_type(ServerError),
        wait=wait,
        stop=stop_after_attempt(attempts) | stop_before_delay(seconds),
        sleep=sleep,
        retry_error_callback=_give_up,
    )

    async def ask(call: Call) -> Completion:
        async def once() -> Completion:
            return await llm(call)

        return await retrying(once)

    return ask


def _give_up(state: RetryCallState) -> None:
    problem = state.outcome and state.outcome.exception()
    assert isinstance(problem, ServerError)
    times = f" (asked {state.attempt_number} times)" if state.attempt_number > 1 else ""
    raise ServerError(f"{problem}{times}", status=problem.status, retry_after=problem.retry_after) from None
