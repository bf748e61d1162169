"""How well a server's limit is used: calls with one adaptive gate against a fixed number of calls in flight.

    python benchmarks/concurrency.py                          the simulations and a real storm, a minute of CPU
    python benchmarks/concurrency.py --calls 400 --seeds 1 --real-calls 60    the short form

In the simulations the clock is put forward instead of waited for, so that hours cost seconds and runs repeat exactly.
A server grants so many calls a second (a bucket of one second), so many calls at once, or serves so many at once and
lets others queue; then follow all kinds of servers that the tests know.
`fixed, released` and `fixed, held` send again after a wait of their own (full jitter, or the
server's Retry-After) with the slot free or kept meanwhile. `of ideal` counts answered calls only. The storm is real
HTTP on the loopback interface.
"""

from __future__ import annotations

import argparse
import asyncio
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from random import Random
from statistics import median

sys.path.insert(0, str(Path(__file__).parent.parent))

from benchmarks.runs import spread
from personagen.call import LLM, Call
from personagen.errors import ServerError
from personagen.llm.connect import Endpoint, connect
from personagen.llm.limits.adaptive import AdaptiveLimit
from personagen.llm.limits.limiter import Limiter
from personagen.llm.limits.queue import EndpointQueue
from personagen.llm.middleware import with_retries
from personagen.records import Completion, Message
from tests.servers import Reply, Request, chat, kinds, refusal, serving, simulated

LONGEST_WAIT = 60.0
WAITING = 1000  # conversations that would like to ask


@dataclass(frozen=True)
class Result:
    """One run: seconds, the share of calls that was answered, requests refused for each of them, calls given up."""

    seconds: float
    answered: float
    refused: float
    given_up: int


def latency(mean: float) -> Callable[[Random], float]:
    """Log-normal seconds as of a model's replies, with this mean."""
    return lambda rng: mean * rng.lognormvariate(-0.125, 0.5)


def fixed(server: LLM, seed: int, *, width: int, held: bool, attempts: int) -> LLM:
    """``width`` calls in flight, each sent again after a wait of its own."""
    free, rng = asyncio.Semaphore(width), Random(seed)

    async def ask(call: Call) -> Completion:
        await free.acquire()
        try:
            for attempt in range(1, attempts + 1):
                try:
                    return await server(call)
                except ServerError as error:
                    if attempt == attempts:
                        raise
                    wait = error.retry_after or rng.uniform(0, min(2.0**attempt, LONGEST_WAIT))
                if not held:
                    free.release()
                await asyncio.sleep(wait)
                if not held:
                    await free.acquire()
            raise AssertionError
        finally:
            free.release()

    return ask


def simulate(client: Callable[[LLM, int], LLM], calls: int, seed: int, **server: object) -> Result:
    async def main() -> Result:
        double = simulated.Server(seed=seed, **server)
        given_up = await kinds.drive(client(double, seed), calls)
        served = len(double.served)
        return Result(simulated.now(), served / calls, len(double.refused) / max(1, served), given_up)

    return simulated.run(main())


def table(title: str, ideal: float, rows: dict[str, list[Result]]) -> None:
    print(f"\n{title}: ideal {ideal:.0f} s")
    print(f"  {'':28}{'seconds':>24}{'of ideal':>10}{'refused per success':>26}{'given up':>10}")
    for name, results in rows.items():
        seconds, refused = [r.seconds for r in results], [r.refused for r in results]
        share = median(ideal * r.answered / r.seconds for r in results)
        print(
            f"  {name:28}{spread(seconds, '.0f'):>24}{share:>10.2f}{spread(refused, '.3f'):>26}"
            f"{median(r.given_up for r in results):>10.0f}"
        )


def simulations(args: argparse.Namespace) -> None:
    mean = args.latency
    clients: dict[str, Callable[[LLM, int], LLM]] = {"adaptive": kinds.adaptive}
    for name, held in (("released", False), ("held", True)):
        clients[f"fixed {args.width}, {name}"] = lambda server, seed, held=held: fixed(
            server, seed, width=args.width, held=held, attempts=args.attempts
        )
    many, rate = args.calls, args.rate
    queue = {"latency": latency(mean), "slots": 48}
    settings = {
        f"{rate:g} calls/s granted": (many / rate, {"latency": latency(mean), "rate": rate, "burst": rate}),
        f"{rate:g} calls/s granted, Retry-After of 1 s": (
            many / rate,
            {"latency": latency(mean), "rate": rate, "burst": rate, "wish": lambda _left: 1.0},
        ),
        f"{60 * rate:g} calls a minute granted": (
            many / rate,
            {"latency": latency(mean), "rate": rate, "burst": 60 * rate, "window": 60.0},
        ),
        "100 calls at once granted": (many * mean / 100, {"latency": latency(mean), "capacity": 100}),
        "48 served at once, others queue": (many * mean / 48, queue),
    }
    for title, (ideal, server) in settings.items():
        rows = {n: [simulate(c, many, seed, **server) for seed in range(args.seeds)] for n, c in clients.items()}
        table(f"{title}, {many} calls of {mean:g} s", ideal, rows)


def servers(args: argparse.Namespace) -> None:
    """Every kind of server that the tests know: medians of the adaptive limit."""
    seeds = range(args.seeds)
    print(f"\n{'servers with limits':62}{'share of the grant':>20}{'refused per success':>22}")
    for name, kind in kinds.KINDS.items():

        async def work(llm: LLM, calls: int = kind.calls) -> int:
            return await kinds.drive(llm, calls)

        runs = [kinds.simulate(kinds.adaptive, seed, work, **kind.server) for seed in seeds]
        share, refused = median(kind.seconds / r.seconds for r in runs), median(r.refused for r in runs)
        print(f"  {name:60}{share:>20.2f}{refused:>22.3f}")
    print(f"\n{'60 conversations of 3 turns':62}{'of no refusals':>20}{'refused per success':>22}")
    for name, server in kinds.SPORADIC.items():
        none = [kinds.simulate(kinds.adaptive, seed, kinds.converse, latency=server["latency"]) for seed in seeds]
        runs = [kinds.simulate(kinds.adaptive, seed, kinds.converse, **server) for seed in seeds]
        ratio = median(r.seconds for r in runs) / median(r.seconds for r in none)
        print(f"  {name:60}{ratio:>20.2f}{median(r.refused for r in runs):>22.3f}")


def storm(args: argparse.Namespace, rate: float, sporadic: float) -> tuple[float, int, int, float]:
    """Real requests to a server that grants ``rate`` a second and refuses the rest, and the share ``sporadic``.

    Seconds, refusals, calls given up, and seconds of CPU.
    """
    left, at, refused, rng = rate, time.monotonic(), 0, Random(1)

    def answer(request: Request) -> Reply:
        nonlocal left, at, refused
        left = min(rate, left + (request.at - at) * rate)
        at = request.at
        if left < 1 or rng.random() < sporadic:
            refused += 1
            return refusal(429, "rate limit reached, requests per second", code="rate_limit_exceeded")
        left -= 1
        return Reply(chat("Fine.").body, delay=0.2)

    async def main(url: str) -> tuple[float, int, float]:
        limiter = Limiter(None, {"default": "m"})
        async with connect({"default": Endpoint("openai/m", url)}) as backend:
            llm = with_retries(backend, limiter)
            await llm(Call("m", (Message(role="user", content="warm"),), prompt="user/x"))
            began, cpu = time.monotonic(), time.process_time()
            given_up = await kinds.drive(llm, args.real_calls)
            return time.monotonic() - began, given_up, time.process_time() - cpu

    with serving(answer) as server:
        seconds, given_up, cpu = asyncio.run(main(server.v1))
    return seconds, refused, given_up, cpu


def storms(args: argparse.Namespace) -> None:
    """A real limit, and real refusals at random against none."""
    calls = args.real_calls
    seconds, refused, given_up, cpu = storm(args, args.real_rate, 0.0)
    print(f"\nreal storm: {args.real_rate:g} requests/s granted, {calls} calls of 200 ms")
    print(f"  {seconds:.1f} s, {calls / (args.real_rate * seconds):.2f} of the grant used,", end=" ")
    print(f"{refused / calls:.3f} refused per success,")
    print(f"  {given_up} given up, {1000 * cpu / calls:.2f} ms CPU a call, the server's share included")
    none = [storm(args, 1e9, 0.0)[0] for _ in range(3)]
    some = [storm(args, 1e9, 0.05)[0] for _ in range(3)]
    print(f"real refusals: 5 % at random {spread(some, '.2f')} s, none {spread(none, '.2f')} s")


def overhead() -> None:
    """CPU of entering and leaving a gate: with a free slot, and behind a queue."""
    calls = 20_000

    async def main() -> tuple[float, float]:
        answer, call = Completion(text="Fine."), Call("m", (), prompt="user/x")
        gate = EndpointQueue(AdaptiveLimit(64))
        began = time.process_time()
        for _ in range(calls):
            gate.answered(await gate.enter("user"))
        free = time.process_time() - began

        async def server(_call: Call) -> Completion:
            await asyncio.sleep(0)
            return answer

        async def timed(llm: LLM) -> float:
            began = time.process_time()
            for _ in range(calls // 1000):
                await asyncio.gather(*(llm(call) for _ in range(1000)))
            return time.process_time() - began

        plain = await timed(server)
        return free, await timed(with_retries(server, Limiter(64))) - plain

    free, queued = asyncio.run(main())
    print(f"\nCPU a call: {1e6 * free / calls:.1f} us with a free slot, {1e6 * queued / calls:.1f} us behind a queue")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=4800)
    parser.add_argument("--rate", type=float, default=20.0, help="calls/s granted")
    parser.add_argument("--latency", type=float, default=2.0, help="seconds a call, on average")
    parser.add_argument("--width", type=int, default=64, help="of the fixed clients")
    parser.add_argument("--attempts", type=int, default=6, help="of the fixed clients")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--real-calls", type=int, default=600)
    parser.add_argument("--real-rate", type=float, default=50.0)
    args = parser.parse_args()
    print(f"personagen {version('personagen')}, Python {platform.python_version()}; median (least-most) of", end=" ")
    print(f"{args.seeds} seeds")
    simulations(args)
    servers(args)
    overhead()
    storms(args)


if __name__ == "__main__":
    main()
