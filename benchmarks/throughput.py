"""``simulate`` against a server that answers after 200 ms, beside clients that only ask.

    python benchmarks/throughput.py                    # about eight minutes
    python benchmarks/throughput.py --short            # half a minute
    python benchmarks/throughput.py --curator .venv-curator/bin/python   # with bespokelabs-curator in that environment

``simulate`` renders prompts with their growing histories, parses replies, makes each answer durable before it uses it
and grows trees. The other clients ask one short question after another and drop the answers. The ideal is what the
slots allow: calls in flight divided by seconds an answer. ``steady`` leaves out the first and last tenth of the calls,
where conversations begin and run out.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runs import Measured, personas, run, simulate, spread, versions
from server import Running, running

QUESTION = [
    {"role": "system", "content": "You are a helpful assistant in a chat. Answer the user's last message."},
    {"role": "user", "content": "I run the bakery on my own. The oven keeps me up at night. What would you do first?"},
]
Ask = Callable[[int], Coroutine[Any, Any, object]]


@dataclass(frozen=True)
class Result:
    """One run: calls a second in all and in its middle, CPU milliseconds a call, peak memory in MB."""

    rate: float
    steady: float
    cpu: float
    peak: float


def result(measured: Measured, server: Running) -> Result:
    """What the server saw of the process ``measured``."""
    log = sorted(server.log())
    calls, tenth = len(log), len(log) // 10
    seconds = max(left for _, left, _ in log) - log[0][0]
    middle = log[-tenth][0] - log[tenth][0]
    return Result(calls / seconds, (calls - 2 * tenth) / middle, 1000 * measured.cpu / calls, measured.peak)


def client(name: str, url: str, calls: int, in_flight: int) -> None:
    """Makes ``calls`` calls as the client ``name``: what the subprocesses of this script do."""
    if name == "curator":
        _curator(url, calls, in_flight)
    else:
        asyncio.run(
            _ask_all({"aiohttp": _aiohttp, "openai": _openai, "litellm": _litellm}[name], url, calls, in_flight)
        )


async def _ask_all(
    opened: Callable[[str], AbstractAsyncContextManager[Ask]], url: str, calls: int, in_flight: int
) -> None:
    numbers = iter(range(calls))

    async def asker() -> None:
        for number in numbers:
            await ask(number)

    async with opened(url) as ask:
        await asyncio.gather(*(asker() for _ in range(in_flight)))


@asynccontextmanager
async def _aiohttp(url: str) -> AsyncIterator[Ask]:
    import aiohttp
    import orjson

    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))

    async def ask(number: int) -> object:
        body = orjson.dumps({"model": "double", "messages": QUESTION, "seed": number})
        async with session.post(f"{url}/v1/chat/completions", data=body) as answer:
            return orjson.loads(await answer.read())["choices"][0]["message"]["content"]

    async with session:
        yield ask


@asynccontextmanager
async def _openai(url: str) -> AsyncIterator[Ask]:
    import openai

    sdk = openai.AsyncOpenAI(base_url=f"{url}/v1", api_key="none", max_retries=0)

    async def ask(number: int) -> object:
        answer = await sdk.chat.completions.create(model="double", messages=QUESTION, seed=number)  # type: ignore[call-overload]
        return answer.choices[0].message.content

    async with sdk:
        yield ask


@asynccontextmanager
async def _litellm(url: str) -> AsyncIterator[Ask]:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or it looks for a newer one in the network
    import litellm

    async def ask(number: int) -> object:
        settings = {"api_base": f"{url}/v1", "api_key": "none", "num_retries": 0, "seed": number}
        return await litellm.acompletion(model="openai/double", messages=QUESTION, **settings)

    yield ask


def _curator(url: str, calls: int, in_flight: int) -> None:
    os.environ |= {"OPENAI_API_KEY": "none", "CURATOR_DISABLE_CACHE": "1", "TELEMETRY_ENABLED": "false"}
    from bespokelabs import curator  # type: ignore[import-not-found]

    limits = {"max_requests_per_minute": 10**7, "max_tokens_per_minute": 10**9, "max_concurrent_requests": in_flight}
    llm = curator.LLM(model_name="openai/double", backend="openai", backend_params={"base_url": f"{url}/v1", **limits})
    llm([f"{QUESTION[1]['content']} ({number})" for number in range(calls)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--short", action="store_true", help="small sizes, to see that it works")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--conversations", type=int, default=1000)
    parser.add_argument("--in-flight", type=int, default=256)
    parser.add_argument("--delay", type=float, default=0.2, help="seconds an answer takes")
    parser.add_argument("--curator", metavar="PYTHON", help="an interpreter that has bespokelabs-curator")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    parser.add_argument("--calls", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        client(options.client, options.url, options.calls, options.in_flight)
        return
    if options.short:
        options.runs, options.conversations, options.in_flight = 1, 40, 64
    compare(options)


def compare(options: argparse.Namespace) -> None:
    """All clients in turn, ``--runs`` times, and what came of it."""
    ideal = options.in_flight / options.delay
    few = 500 if options.short else 10_000
    pythons = {"aiohttp": sys.executable, "openai": sys.executable, "litellm": sys.executable}
    pythons |= {"curator": options.curator} if options.curator else {}
    results: dict[str, list[Result]] = {}
    print(versions("aiohttp", "openai", "litellm"))
    print(f"{options.in_flight} in flight, {options.delay:g} s an answer: ideal {ideal:,.0f} calls/s")
    with tempfile.TemporaryDirectory() as name:
        file = personas(Path(name), options.conversations)
        for turn in range(options.runs):
            with running(options.delay) as server:
                more = ("--conversations", str(options.conversations), "--concurrency", str(options.in_flight))
                measured = simulate(file, Path(name) / f"run-{turn}", server.url, *more)
                results.setdefault("personagen simulate", []).append(result(measured, server))
                for which, python in pythons.items():
                    server.reset()
                    size = ("--calls", str(few if which == "aiohttp" else few // 2))
                    flight = ("--in-flight", str(options.in_flight))
                    measured = run([python, __file__, "--client", which, "--url", server.url, *size, *flight])
                    results.setdefault(which, []).append(result(measured, server))
    print(f"{'':20}  {'calls/s':28}  of ideal  steady  CPU ms a call           peak MB")
    for which, got in results.items():
        rates, steady = [r.rate for r in got], sorted(r.steady for r in got)[len(got) // 2]
        share = sorted(rates)[len(rates) // 2] / ideal
        cpu, peak = spread((r.cpu for r in got), ".2f"), max(r.peak for r in got)
        print(f"{which:20}  {spread(rates, ',.0f'):28}  {share:8.2f}  {steady / ideal:6.2f}  {cpu:22}  {peak:7,.0f}")


if __name__ == "__main__":
    main()
