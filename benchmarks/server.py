"""The server that benchmarks ask: it plays every agent after a fixed wait, and says what it saw.

    python benchmarks/server.py --delay 0.2 --port 8000

Speaks OpenAI's chat completions and Anthropic's messages. It is written on asyncio's protocol, since a comfortable
server would cost more than the client that is measured; a request costs it about 60 us. ``GET /log`` returns when each
request arrived and left (seconds) and what it asked, ``POST /reset`` forgets it.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
import time
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson

QUOTE = "I run the bakery on my own."
MATTERS = "oven rota flour rent delivery window invoice dough apprentice licence till stall"
ADVICE = """start with what is due first and write down the rest ask for two quotes before you decide borrow the tool
give it ten minutes a day check the small print put the date in your calendar and tell one person about it because
then you will not forget what you set out to do when the week gets busy and nobody has time to think about it twice"""
MATTER, WORDS = MATTERS.split(), ADVICE.split()
# Every third word is a number of the reply's own: no turn of a conversation may repeat one before it.
PIECES = " ".join("{0}" if place % 3 == 2 else word for place, word in enumerate(WORDS))


@dataclass
class State:
    """What the server is to do and what it has seen: ``log`` holds (arrived, left, role) of each request."""

    delay: float
    spread: float
    log: list[tuple[float, float, str]] = field(default_factory=list)
    rng: Random = field(default_factory=lambda: Random(7))

    def wait(self) -> float:
        """The seconds an answer takes: ``delay`` on average, log-normal where there is a ``spread``."""
        if not self.spread:
            return self.delay
        return self.delay * self.rng.lognormvariate(-(self.spread**2) / 2, self.spread)


def role_of(body: bytes) -> str:
    """Which agent asks: told by the JSON schema or by the wording of the prompt, without decoding the body."""
    if b'"ranking"' in body:
        return "judge"
    if b'"inferences"' in body:
        return "observer"
    return "user" if b"<conversation>" in body else "assistant"


def said(role: str, body: bytes) -> str:
    """What the agent answers; equal requests get equal answers."""
    mark = zlib.crc32(body)
    if role == "observer":
        found = [{"fact": "The user runs a bakery alone", "quote": QUOTE, "kind": "profile"}]
        return orjson.dumps({"inferences": found}).decode()
    if role == "judge":
        first, second = (zlib.crc32(part.partition(b"</reply>")[0][1:]) for part in body.split(b'label=\\"')[1:3])
        best = "AB" if first >= second else "BA"
        return orjson.dumps({"reason": "It suits them better.", "ranking": list(best), "tie": False}).decode()
    matter = MATTER[mark % len(MATTER)]
    if role == "user":
        return (
            f"{QUOTE} The {matter} keeps me up at night, number {mark}. What about {mark // 7} and {mark // 3} first?"
        )
    advice = PIECES.format(mark)
    return f"About the {matter} ({mark % 10_000}): {advice}. {advice.capitalize()}."


def answer(path: bytes, body: bytes, text: str) -> bytes:
    """The body of the HTTP answer, in the protocol of ``path``."""
    asked, given = len(body) // 4, len(text) // 4
    if path.endswith(b"/messages"):
        content = [{"type": "text", "text": text}]
        usage = {"input_tokens": asked, "output_tokens": given, "cache_read_input_tokens": 0}
        head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "double", "stop_sequence": None}
        return orjson.dumps({**head, "content": content, "stop_reason": "end_turn", "usage": usage})
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    counted = {"prompt_tokens": asked, "completion_tokens": given, "total_tokens": asked + given}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "double"}
    return orjson.dumps({**head, "choices": [choice], "usage": counted})


class Connection(asyncio.Protocol):
    """One client's connection: HTTP/1.1 with kept-alive connections and bodies of known length, nothing else."""

    def __init__(self, state: State) -> None:
        self.state, self.buffer = state, b""
        self.loop = asyncio.get_running_loop()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end]
            at = head.lower().find(b"content-length:")
            size = int(head[at + 15 :].partition(b"\r\n")[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + size:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + size], self.buffer[end + 4 + size :]
            self.asked(head.split(b" ", 2)[1], body)

    def asked(self, path: bytes, body: bytes) -> None:
        state, now = self.state, time.monotonic()
        if path == b"/log":
            self.send(orjson.dumps(state.log))
        elif path == b"/reset":
            state.log.clear()
            self.send(b"{}")
        else:
            wait, role = state.wait(), role_of(body)
            state.log.append((now, now + wait, role))
            self.loop.call_later(wait, self.send, answer(path, body, said(role, body)))

    def send(self, body: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(body)
        if not self.transport.is_closing():
            self.transport.write(head + body)


async def serve(state: State, port: int) -> None:
    server = await asyncio.get_running_loop().create_server(lambda: Connection(state), "127.0.0.1", port, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


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
def running(delay: float = 0.2, spread: float = 0.0) -> Iterator[Running]:
    """A server on a free port of 127.0.0.1, ended with the block."""
    command = [sys.executable, __file__, "--delay", str(delay), "--spread", str(spread)]
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
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one and prints it")
    options = parser.parse_args()
    try:
        asyncio.run(serve(State(options.delay, options.spread), options.port))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
