"""The server that benchmarks ask: it plays every agent after a fixed wait, and says what it saw.

    python benchmarks/server.py --delay 0.2 --port 8000

Speaks OpenAI's chat completions and Anthropic's messages; a request costs it about 60 us. ``GET /log`` returns when
each request arrived and left (seconds) and what it asked, ``POST /reset`` forgets it.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import orjson

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.servers import Reply, Request, Server
from tests.servers.actor import role_of, said, spoken


@dataclass
class State:
    """What the server is to do and what it has seen: ``log`` holds (arrived, left, role) of each request.

    Each answer is ``text``, or what the agent says that is asked, where that is empty.
    """

    delay: float
    spread: float
    text: str = ""
    log: list[tuple[float, float, str]] = field(default_factory=list)
    rng: Random = field(default_factory=lambda: Random(7))

    def wait(self) -> float:
        """The seconds an answer takes: ``delay`` on average, log-normal where there is a ``spread``."""
        if not self.spread:
            return self.delay
        return self.delay * self.rng.lognormvariate(-(self.spread**2) / 2, self.spread)

    def __call__(self, request: Request) -> Reply:
        if request.path == "/log":
            return Reply(self.log)
        if request.path == "/reset":
            self.log.clear()
            return Reply({})
        role = "" if self.text else role_of(request)
        reply = spoken(request, self.text or said(request, role))
        reply.delay = self.wait()
        self.log.append((request.at, request.at + reply.delay, role))
        return reply


async def serve(state: State, port: int) -> None:
    async with Server(state, log=False, port=port).up() as server:
        print(server.port, flush=True)
        await asyncio.Event().wait()


@dataclass(frozen=True)
class Running:
    """A server in a process of its own."""

    url: str

    def log(self) -> list[tuple[float, float, str]]:
        """(arrived, left, role) of every request so far."""
        with urllib.request.urlopen(f"{self.url}/log") as got:
            log: list[tuple[float, float, str]] = orjson.loads(got.read())
        return log

    def reset(self) -> None:
        """Forgets the requests so far."""
        urllib.request.urlopen(urllib.request.Request(f"{self.url}/reset", method="POST")).read()


@contextmanager
def running(delay: float = 0.2, spread: float = 0.0, text: str = "") -> Iterator[Running]:
    """A server on a free port of 127.0.0.1, ended with the block."""
    command = [sys.executable, __file__, "--delay", str(delay), "--spread", str(spread), "--text", text]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield Running(f"http://127.0.0.1:{int(process.stdout.readline())}")
    finally:
        process.terminate()
        process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--delay", type=float, default=0.2, help="seconds an answer takes")
    parser.add_argument("--spread", type=float, default=0.0, help="sigma of a log-normal spread of that time")
    parser.add_argument("--text", default="", help="the answer to everything, in place of what the agents say")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    options = parser.parse_args()
    try:
        asyncio.run(serve(State(options.delay, options.spread, options.text), options.port))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
