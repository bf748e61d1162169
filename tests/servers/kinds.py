"""The servers that a limit must get along with, and what clients get out of them on a simulated clock."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Any

from personagen.call import LLM, Call
from personagen.errors import ServerError
from personagen.llm.limits.adaptive import AdaptiveLimit
from personagen.llm.limits.limiter import Limiter
from personagen.llm.middleware import with_retries
from personagen.records import Message
from tests.servers import simulated
from tests.servers.simulated import Server

Client = Callable[[LLM, int], LLM]
WAITING = 600  # calls that would like to be sent


@cache
def latency(mean: float) -> Callable[[Random], float]:
    """Log-normal seconds as of a model's replies, with this mean."""
    return lambda rng: mean * rng.lognormvariate(-0.125, 0.5)


def tokens(rng: Random) -> float:
    """Tokens of a call: half have less than 700, one in twenty more than 3,600."""
    return min(8000.0, 700 * rng.lognormvariate(0, 1))


MEAN_TOKENS = 1123.0  # of calls of ``tokens``
WISHES: dict[str, Callable[[float], float | None]] = {
    "": lambda left: None,
    "exact Retry-After": lambda left: left,
    "Retry-After in whole seconds": math.ceil,
    "Retry-After 1": lambda left: 1.0,
    "Retry-After 30": lambda left: 30.0,
    "Retry-After 0": lambda left: 0.0,
}


@dataclass(frozen=True)
class Kind:
    """A server, the calls it gets, and the least seconds it could take them in."""

    server: dict[str, Any]
    calls: int
    seconds: float


def _kinds() -> dict[str, Kind]:
    kinds = {}
    second = {"latency": latency(1.0), "rate": 20.0, "burst": 20.0}
    for name, wish in WISHES.items():
        kinds[f"20 calls/s{name and ', '}{name}"] = Kind(
            second | {"wish": wish}, 3000, 179 if name.endswith("30") else 149
        )
    minute = second | {"burst": 1200.0}
    window = minute | {"window": 60.0}
    sized = {"latency": latency(2.0), "rate": 20 * MEAN_TOKENS, "size": tokens}
    for name in ("", "exact Retry-After"):
        told, wish = f"{name and ', '}{name}", {"wish": WISHES[name]}
        kinds[f"20 calls/s, spare of a minute{told}"] = Kind(minute | wish, 4200, 150)
        kinds[f"1,200 calls in a fixed minute{told}"] = Kind(window | wish, 4200, 183)
        kinds[f"tokens of 20 calls/s, spare of a second{told}"] = Kind(
            sized | wish | {"burst": 20 * MEAN_TOKENS}, 3000, 149
        )
        kinds[f"tokens of 20 calls/s, spare of a minute{told}"] = Kind(
            sized | wish | {"burst": 1200 * MEAN_TOKENS}, 4200, 150
        )
    kinds["tokens of 20 calls/s, rate-limit headers"] = Kind(
        sized | {"burst": 200 * MEAN_TOKENS, "tells": True}, 3000, 140
    )
    for count, mean in ((4, 2.0), (20, 2.0), (100, 2.0), (100, 10.0), (20, 0.3)):
        kinds[f"{count} at once, {mean:g} s"] = Kind(
            {"latency": latency(mean), "capacity": count}, 60 * count if count > 10 else 600, 0
        )
    for mean in (0.3, 10.0):
        kinds[f"20 calls/s, calls of {mean:g} s"] = Kind(second | {"latency": latency(mean)}, 6000, 299 + mean)
    kinds["one at a time at 20 calls/s"] = Kind(second | {"burst": 1.0}, 6000, 300)
    kinds["20 calls/s, at most 30 at once"] = Kind(second | {"capacity": 30}, 3000, 149)
    kinds["40 calls/s, at most 30 at once"] = Kind(second | {"rate": 40.0, "burst": 40.0, "capacity": 30}, 3000, 0)
    kinds["20 calls/s, then 60"] = Kind(second | {"changes": {60.0: {"rate": 60.0}}}, 4800, 119)
    kinds["60 calls/s, then 20"] = Kind(second | {"rate": 60.0, "changes": {30.0: {"rate": 20.0}}}, 3600, 119)
    for name in ("", "Retry-After 1", "Retry-After 30"):
        few = {"latency": latency(1.0), "rate": 1.0, "burst": 60.0, "window": 60.0, "wish": WISHES[name]}
        kinds[f"60 calls in a fixed minute{name and ', '}{name}"] = Kind(few, 400, 361)
    kinds["20 calls/s and 5 % at random"] = Kind(second | {"sporadic": 0.05}, 3000, 149)
    return {
        name: kind
        if kind.seconds
        else Kind(kind.server, kind.calls, kind.calls / kind.server["capacity"] * mean_of(name))
        for name, kind in kinds.items()
    }


def mean_of(name: str) -> float:
    """Seconds of a call at a server that is named by them."""
    return float(name.split()[-2]) + 0.01 if name.endswith(" s") else 1.01


KINDS = _kinds()
SPORADIC: dict[str, dict[str, Any]] = {
    f"{share:.0%} at random, calls of {mean:g} s{name and ', '}{name}": {
        "latency": latency(mean),
        "sporadic": share,
        "wish": WISHES[name],
    }
    for share in (0.02, 0.05, 0.2)
    for mean in (0.3, 2.0, 10.0)
    for name in ("", "Retry-After 1")
}


@dataclass
class Outcome:
    """What a client got: seconds, requests refused for each success, calls given up."""

    seconds: float
    refused: float
    given_up: int
    limit: AdaptiveLimit | None = None
    server: Server | None = None


def adaptive(server: LLM, seed: int, most: int | None = None) -> LLM:
    """A client with the adaptive limit and its retries."""
    limiter = Limiter(most)
    limiter.at("m").limit = AdaptiveLimit(most, Random(seed))
    return with_retries(server, limiter, rng=Random(seed))


async def drive(llm: LLM, calls: int, width: int = WAITING) -> int:
    """Asks ``calls`` calls, ``width`` of them waiting at a time; how many were given up."""
    todo, given_up = iter(range(calls)), 0

    async def worker() -> None:
        nonlocal given_up
        for n in todo:
            try:
                said = (Message(role="user", content=str(n)),)
                await llm(Call("m", said, sample=str(n), prompt=f"{'user' if n % 2 else 'judge'}/x"))
            except ServerError:
                given_up += 1

    await asyncio.gather(*(worker() for _ in range(min(width, calls))))
    return given_up


async def converse(llm: LLM, conversations: int = 60, turns: int = 3) -> int:
    """Calls as of conversations: in each turn a message, then a reply, and an observer before another reply; two judges
    once both replies are there, for which the next turn does not wait."""
    rng = Random(1)

    async def ask(name: str, priority: int) -> None:
        await llm(Call("m", (), sample=name, prompt=f"{name.split(maxsplit=1)[0]}/x", priority=priority))

    async def conversation(n: int) -> None:
        judges = []
        for turn in range(turns):
            left = 3 * (turns - turn)
            await ask(f"user {n} {turn}", left)
            plain = asyncio.create_task(ask(f"assistant {n} {turn} a", left - 1))

            async def aware(turn: int = turn, left: int = left) -> None:
                await ask(f"observer {n} {turn}", left - 1)
                await ask(f"assistant {n} {turn} b", left - 2)

            async def judge(*replies: asyncio.Task[None], turn: int = turn) -> None:
                await asyncio.gather(*replies)
                await asyncio.gather(*(ask(f"judge {n} {turn} {order}", 1) for order in "ab"))

            other = asyncio.create_task(aware())
            judges.append(asyncio.create_task(judge(plain, other)))
            await (plain if rng.random() < 0.5 else other)
        await asyncio.gather(*judges)

    await asyncio.gather(*(conversation(n) for n in range(conversations)))
    return 0


def simulate(client: Client, seed: int, work: Callable[[LLM], Any], **server: Any) -> Outcome:
    """What ``client`` makes of ``work`` at a server."""

    async def main() -> Outcome:
        double = Server(seed=seed, **server | {"changes": dict(server.get("changes", {}))})
        given_up = await work(client(double, seed))
        return Outcome(simulated.now(), len(double.refused) / max(1, len(double.served)), given_up, server=double)

    return simulated.run(main())
