"""Servers that refuse: some requests a second too many, or every request there is."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable
from functools import partial
from random import Random
from statistics import median

from benchmarks.concurrency import Result, latency, simulate
from personagen.call import Call
from personagen.errors import PersonagenError, QualityError, ServerError
from personagen.flows.conversation import Conversation
from personagen.flows.plan import Plan
from personagen.llm.connect import Endpoint, connect
from personagen.llm.limits.limiter import Limiter
from personagen.llm.middleware import closing_on_error, first_call_alone, with_retries
from personagen.records import Completion
from personagen.runs.failures import FailurePolicy
from personagen.runs.schedule import Job, run_jobs
from tests import fakes
from tests.faults.faults import WAITS, faulty
from tests.faults.trial import Finding, Scale
from tests.servers import Request, simulated
from tests.servers.kinds import adaptive, drive

RATE, CALLS = 20.0, 4000
GOAL = "at least 85 % of the grant used, 0 calls given up, at most 0.05 refused per success"
TRUE_WAITS = tuple(name for name in WAITS if name != "absurd")
LONGEST = 1800.0


def trial(scale: Scale) -> Iterable[Finding]:
    rng = Random(scale.seed)
    wishes: dict[str, Callable[[float], float | None]] = {
        "no Retry-After": lambda _left: None,
        "a correct Retry-After": lambda left: left,
        "a Retry-After of 1 s": lambda _left: 1.0,
        "any of these, or one in the past": lambda left: rng.choice([None, left, 1.0, 0.0]),
    }
    for name, wish in wishes.items():
        server = {"latency": latency(2.0), "rate": RATE, "burst": RATE, "wish": wish}
        results = [simulate(adaptive, CALLS, seed, **server) for seed in range(scale.seed, scale.seed + 3)]
        yield _stormed(f"429 storm with {name}, {CALLS:,} calls of 2 s, on a simulated clock", RATE, results, CALLS)
    if not scale.short:  # it takes 200 s, and a few hundred calls tell little: each storm begins with a burst
        result = asyncio.run(_real(CALLS, RATE, scale.seed))
        yield _stormed(f"429 storm over HTTP with every form of Retry-After, {CALLS:,} calls", RATE, [result], CALLS)
    yield from _always(scale)


def _stormed(what: str, rate: float, results: list[Result], calls: int) -> Finding:
    used = median(calls * r.answered / r.seconds / rate for r in results)
    refused, given_up = max(r.refused for r in results), sum(r.given_up for r in results)
    return Finding(
        f"{what}; {rate:g} a second granted",
        GOAL,
        f"{used:.0%} used, {given_up} given up, {refused:.3f} refused per success",
        used >= 0.85 and not given_up and refused <= 0.05,
    )


async def _real(calls: int, rate: float, seed: int) -> Result:
    rng, left, at = Random(seed), rate, time.monotonic()

    def choose(request: Request) -> str | None:
        nonlocal left, at
        left, at = min(rate, left + (request.at - at) * rate), request.at
        if left < 1:
            return f"429 {rng.choice(TRUE_WAITS)}"
        left -= 1
        return None

    with faulty(choose, delay=0.2) as server:
        limiter = Limiter(None, {"user": "m"})
        models = {"user": Endpoint("openai/m", server.url)}
        async with connect(models) as backend:
            began = time.monotonic()
            given_up = await drive(with_retries(backend, limiter), calls)
            seconds = time.monotonic() - began
    refused = sum(seen.fault is not None for seen in server.requests)
    return Result(seconds, (calls - given_up) / calls, refused / max(1, calls - given_up), given_up)


REFUSALS = {
    "429": ServerError("answered HTTP 429", status=429),
    "429 that asks for a year": ServerError("answered HTTP 429", status=429, retry_after=31536000.0),
    "503": ServerError("answered HTTP 503", status=503),
    "no answer in time": ServerError("gave no answer in time", status=408),
    "refused connections": ServerError("nothing listens"),
}


def _always(scale: Scale) -> Iterable[Finding]:
    """A server that is gone: from the first request on, or after so many calls."""
    for after, code in ((0, 3), (200, 5)):
        ends = {name: simulated.run(_gone(error, after, scale.seed)) for name, error in REFUSALS.items()}
        for name, (seconds, sent, error) in ends.items():
            scale.tell(f"after {after} calls only {name}: {seconds:,.0f} s, {sent} requests: {error}")
        codes = {name: error.exit_code if error else 0 for name, (_, _, error) in ends.items()}
        longest = max(seconds for seconds, _, _ in ends.values())
        most = max(sent for _, sent, _ in ends.values())
        yield Finding(
            f"a server that answers nothing but {', '.join(REFUSALS)}" + (f" after {after} calls" if after else ""),
            f"ends within {LONGEST / 60:.0f} minutes with a sentence and exit {code}",
            f"at most {longest:,.0f} s and {most} requests, exit {' '.join(map(str, sorted(set(codes.values()))))}",
            longest <= LONGEST and set(codes.values()) == {code},
        )


async def _gone(error: ServerError, after: int, seed: int) -> tuple[float, int, PersonagenError | None]:
    """Seconds on the clock, requests that failed, and the error that a run of conversations ends with."""
    fake, sent = fakes.Fake(), 0

    async def model(call: Call) -> Completion:
        nonlocal sent
        await asyncio.sleep(0.5)
        if len(fake.calls) < after:
            return await fake(call)
        sent += 1
        raise ServerError(str(error), status=error.status, retry_after=error.retry_after)

    limiter, outcomes = Limiter(), FailurePolicy("conversations", 200, set())
    llm = closing_on_error(first_call_alone(with_retries(model, limiter, rng=Random(seed))), limiter)

    async def finish(slot: int, growing: Conversation) -> None:
        try:
            outcomes.add(slot, "".join(str(failure) for failure in growing.failures[:1]), unanswered=True)
        except QualityError as problem:
            limiter.close(problem)
            raise

    plans = [Plan(f"t{n}", fakes.PERSONA, n, 4, 2, "coin", 500, seed=seed) for n in range(200)]
    ctx = fakes.context(llm)
    growings = [Conversation(ctx, plan) for plan in plans]
    try:
        await run_jobs(
            (Job(growing.first(), partial(finish, n, growing)) for n, growing in enumerate(growings)), limiter
        )
    except PersonagenError as problem:
        return simulated.now(), sent, problem
    return simulated.now(), sent, None
