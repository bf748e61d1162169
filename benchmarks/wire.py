"""What a call costs the process that makes it, client by client: CPU and calls a second at growing histories.

    python benchmarks/wire.py                                 all clients; some seven minutes
    python benchmarks/wire.py --clients aiohttp,openai --runs 1 --calls 64 --messages 2,20

A server in a process of its own answers after a fixed wait with a completion of 120 words, in OpenAI's or Anthropic's
protocol; it costs some 30 us a request, so that it is never what is measured. Runs go round the clients, so that other
work on the machine hits all alike. CPU is that of the client process, user and system; ``x`` is its ratio to that of a
bare aiohttp POST of the same messages, decoded with orjson.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import platform
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import orjson
from server import running

from personagen.call import Call, Sampling
from personagen.llm import anthropic, litellm, openai
from personagen.records import Message

KEY = "sk-none"
TEXT = " ".join(["Start with what is due first, write the rest down, and ask for two quotes before you decide."] * 7)
Ask = Callable[[Sequence[Message]], Awaitable[Any]]


# -- the clients -----------------------------------------------------------------------------------------------------


def plain(messages: Sequence[Message]) -> list[Any]:
    return [{"role": m.role, "content": m.content} for m in messages]


@asynccontextmanager
async def bare_aiohttp(url: str) -> AsyncIterator[Ask]:
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def ask(messages: Sequence[Message]) -> Any:
            body = orjson.dumps({"model": "double", "messages": plain(messages)})
            async with session.post(f"{url}/v1/chat/completions", data=body) as answer:
                return orjson.loads(await answer.read())["choices"][0]["message"]["content"]

        yield ask


def ours(backend: Any, model: str, path: str) -> Callable[[str], Any]:
    """One of personagen's backends, asked as the agents ask it."""
    sampling = Sampling(temperature=0.7, max_tokens=700)

    @asynccontextmanager
    async def client(url: str) -> AsyncIterator[Ask]:
        opened: Any = backend(model, base_url=url + path, api_key=KEY, timeout=60.0)
        async with opened as llm:
            yield lambda messages: llm(Call("a/double", tuple(messages), sampling))

    return client


@asynccontextmanager
async def openai_post(url: str) -> AsyncIterator[Ask]:
    import httpx
    from openai import AsyncOpenAI, DefaultAsyncHttpx2Client

    async def ask(messages: Sequence[Message]) -> Any:
        body = {"model": "double", "messages": plain(messages)}
        answer = await client.post("/chat/completions", cast_to=httpx.Response, body=body)
        return orjson.loads(answer.content)["choices"][0]["message"]["content"]

    transport = DefaultAsyncHttpx2Client()  # the fastest it can speak through
    async with AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0, http_client=transport) as client:
        yield ask


@asynccontextmanager
async def openai_create(url: str) -> AsyncIterator[Ask]:
    from openai import AsyncOpenAI

    async with AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", max_retries=0) as client:
        yield lambda messages: client.chat.completions.create(model="double", messages=plain(messages))


@asynccontextmanager
async def anthropic_create(url: str) -> AsyncIterator[Ask]:
    from anthropic import AsyncAnthropic

    def ask(messages: Sequence[Message]) -> Awaitable[Any]:
        told: Any = plain(messages[1:])
        return client.messages.create(model="double", system=messages[0].content, messages=told, max_tokens=700)

    async with AsyncAnthropic(api_key=KEY, base_url=url, max_retries=0) as client:
        yield ask


@asynccontextmanager
async def litellm_acompletion(url: str) -> AsyncIterator[Ask]:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm as theirs

    options = {"model": "openai/double", "api_base": f"{url}/v1", "api_key": KEY, "num_retries": 0}
    yield lambda messages: theirs.acompletion(messages=plain(messages), **options)
    await theirs.close_litellm_async_clients()
    theirs.in_memory_llm_clients_cache.flush_cache()


CLIENTS: dict[str, Callable[[str], Any]] = {
    "aiohttp": bare_aiohttp,
    "personagen-openai": ours(openai.backend, "double", "/v1"),
    "personagen-anthropic": ours(anthropic.backend, "double", ""),
    "personagen-litellm": ours(litellm.backend, "openai/double", "/v1"),
    "openai-post": openai_post,
    "openai-create": openai_create,
    "anthropic-create": anthropic_create,
    "litellm": litellm_acompletion,
}


# -- measuring -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """CPU milliseconds a call, and calls a second."""

    cpu: float
    rate: float


def history(messages: int) -> list[Message]:
    """A system message and turns of 50 and 100 words."""
    line = "I bake at night and the oven is older than I am, so tell me what you would do about it first and why."
    turns = (("user", f"{line} {line}"), ("assistant", TEXT))
    return [Message(role="system", content=line)] + [
        Message(role=turns[i % 2][0], content=f"{i}: {turns[i % 2][1]}")  # type: ignore[arg-type]
        for i in range(messages - 1)
    ]


async def measured(ask: Ask, messages: Sequence[Message], calls: int, in_flight: int) -> Cost:
    """What ``calls`` calls cost with so many in flight; the first ones, that open connections, are not counted."""
    left = iter(range(calls))

    async def work() -> None:
        for _ in left:
            await ask(messages)

    await asyncio.gather(*(ask(messages) for _ in range(in_flight)))
    began, spent = time.monotonic(), time.process_time()
    await asyncio.gather(*(work() for _ in range(in_flight)))
    return Cost((time.process_time() - spent) / calls * 1e3, calls / (time.monotonic() - began))


async def rounds(names: Sequence[str], options: argparse.Namespace, url: str) -> dict[tuple[str, int], list[Cost]]:
    """The costs of each client at each length, run by run, the clients in turn."""
    costs: dict[tuple[str, int], list[Cost]] = {(name, n): [] for name in names for n in options.messages}
    async with AsyncExitStack() as stack:
        asks = {name: await stack.enter_async_context(CLIENTS[name](url)) for name in names}
        for name in names:
            await measured(asks[name], history(2), 1, 1)  # what a first call imports is not a call's cost
        for _ in range(options.runs):
            for messages in options.messages:
                for name in names:
                    cost = await measured(asks[name], history(messages), options.calls, options.in_flight)
                    costs[name, messages].append(cost)
    return costs


def told(costs: dict[tuple[str, int], list[Cost]], names: Sequence[str], lengths: Sequence[int]) -> str:
    """The medians as a table: for each length CPU ms (half the spread over the runs), ratio to aiohttp, calls/s."""
    lines = [f"{'CPU ms a call':22}" + "".join(f"{f'{n} messages':>30}" for n in lengths)]
    for name in names:
        cells = []
        for n in lengths:
            cpu = [cost.cpu for cost in costs[name, n]]
            rate = statistics.median(cost.rate for cost in costs[name, n])
            bare = [cost.cpu for cost in costs.get(("aiohttp", n), [])]
            ratio = statistics.median(mine / its for mine, its in zip(cpu, bare, strict=True)) if bare else float("nan")
            half = (max(cpu) - min(cpu)) / 2
            cells.append(f"{statistics.median(cpu):.2f} ±{half:.2f} {ratio:5.1f}x {rate:5.0f}/s")
        lines.append(f"{name:22}" + "".join(f"{cell:>30}" for cell in cells))
    return "\n".join(lines)


def numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--clients", default=",".join(CLIENTS), help="which of: %(default)s")
    parser.add_argument("--messages", type=numbers, default="2,10,20,40", help="lengths of the history")
    parser.add_argument("--calls", type=int, default=256, help="calls counted in a run")
    parser.add_argument("--runs", type=int, default=5, help="runs of each client at each length")
    parser.add_argument("--in-flight", type=int, default=64, help="calls at once")
    parser.add_argument("--delay", type=float, default=0.05, help="seconds the server takes")
    options = parser.parse_args()
    names = options.clients.split(",")
    if unknown := set(names) - set(CLIENTS):
        parser.error(f"no client {', '.join(sorted(unknown))}; there are {', '.join(CLIENTS)}")
    versions = [f"{name} {version(name)}" for name in ("aiohttp", "orjson", "openai", "anthropic", "httpx", "litellm")]
    print(f"Python {platform.python_version()}, {', '.join(versions)}")
    with running(options.delay, text=TEXT) as server:
        costs = asyncio.run(rounds(names, options, server.url))
    ideal = options.in_flight / options.delay
    print(f"{options.in_flight} in flight, {options.delay * 1e3:g} ms an answer: ideal {ideal:.0f} calls/s")
    print(f"{options.runs} runs of {options.calls} calls each: median, ± half the range, ratio, calls/s\n")
    print(told(costs, names, options.messages))


if __name__ == "__main__":
    main()
