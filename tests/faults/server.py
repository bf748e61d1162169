"""A server of both protocols on raw streams, to misbehave at every byte; it logs what it is asked and what it bills.

What it should do with a request is for ``choose`` to say: the name of a fault, or None for a good answer. The answers
come from an actor, as a model's would. Its own log is the truth about what was asked, when, and what had to be paid.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson

from tests.faults.faults import FAULTS
from tests.llm.actor import actor
from tests.llm.server import MESSAGES, Request

RESET = struct.pack("ii", 1, 0)  # close at once, and let the other side know
Choose = Callable[[Request, "Seen"], str | None]


@dataclass
class Seen:
    """A request in the server's log: when it came and was over, which one it was (``digest``), for the ``nth`` time.

    ``billed`` says whether an answer was generated, whatever became of it; ``sent`` counts the bytes of it.
    """

    at: float
    digest: str
    nth: int
    fault: str | None = None
    billed: bool = False
    ended: float = 0.0
    sent: int = 0


@dataclass
class Exchange:
    """One request while it is answered: what a fault has to play with."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    request: Request
    seen: Seen
    shut: Callable[[float], None]

    @property
    def is_anthropic(self) -> bool:
        return self.request.path == MESSAGES

    def good(self) -> dict[str, Any]:
        """The body of a good answer, as JSON; it has to be paid for."""
        self.seen.billed = True
        body: dict[str, Any] = orjson.loads(orjson.dumps(actor(self.request).body))
        return body

    async def send(self, status: int, body: Any, headers: Any = (), *, size: int | None = None) -> None:
        """Sends an answer of JSON, or of bytes; ``size`` is what its head says instead of the true one."""
        raw = body if isinstance(body, bytes) else orjson.dumps(body)
        told = {"Content-Type": "application/json", "Content-Length": len(raw) if size is None else size}
        head = "".join(f"{name}: {value}\r\n" for name, value in (told | dict(headers)).items())
        await self.write(f"HTTP/1.1 {status} Told\r\n{head}\r\n".encode() + raw)

    async def write(self, raw: bytes) -> None:
        """Sends bytes as they are."""
        self.writer.write(raw)
        self.seen.sent += len(raw)
        await self.writer.drain()

    def reset(self) -> None:
        """Breaks the connection off."""
        self.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.writer.close()

    async def gone(self) -> None:
        """Waits until the client gives up."""
        with suppress(ConnectionError):
            while await self.reader.read(1 << 16):
                pass
        self.writer.close()


@dataclass
class Running:
    """A running server: where it listens, and every request so far."""

    port: int = 0
    seen: list[Seen] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address; OpenAI's backend adds ``/v1`` by itself."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def billed(self) -> Counter[str]:
        """How often each request was paid for."""
        return Counter(seen.digest for seen in self.seen if seen.billed)


def seeded(seed: object, share: float, names: tuple[str, ...]) -> Choose:
    """One of ``names`` for this share of the requests; the same for the same request, whenever it comes."""

    def choose(_request: Request, seen: Seen) -> str | None:
        rng = Random(f"{seed}/{seen.digest}/{seen.nth}")
        return rng.choice(names) if rng.random() < share else None

    return choose


@contextmanager
def serving(choose: Choose, latency: float = 0.0) -> Iterator[Running]:
    """A server on a free port of 127.0.0.1, in a thread of its own, that answers after ``latency`` seconds."""
    server = _Server(choose, latency)
    thread = threading.Thread(target=lambda: asyncio.run(server.run()), daemon=True)
    thread.start()
    server.is_up.wait(10)
    try:
        yield server.running
    finally:
        server.loop.call_soon_threadsafe(server.stop.set)
        thread.join(10)


class _Server:
    def __init__(self, choose: Choose, latency: float) -> None:
        self.choose, self.latency, self.running = choose, latency, Running()
        self.is_up, self.times = threading.Event(), Counter[str]()
        self.tasks: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        self.loop, self.stop = asyncio.get_running_loop(), asyncio.Event()
        await self.listen()
        self.is_up.set()
        await self.stop.wait()
        self.door.close()
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def listen(self) -> None:
        self.door = await asyncio.start_server(self.connected, "127.0.0.1", self.running.port, backlog=1024)
        self.running.port = self.door.sockets[0].getsockname()[1]

    def shut(self, seconds: float) -> None:
        """Refuses every new connection for so long."""
        if self.door.is_serving():
            self.door.close()
            self.loop.call_later(seconds, lambda: self.begin(self.listen()))

    def begin(self, work: Any) -> None:
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.begin(self.serve(reader, writer))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while not writer.is_closing():
                    await self.answer(Exchange(reader, writer, *await self.read(reader), self.shut))
        finally:
            writer.close()

    async def read(self, reader: asyncio.StreamReader) -> tuple[Request, Seen]:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        raw = await reader.readexactly(int(headers["content-length"]))
        request = Request(first.split(" ")[1], headers, orjson.loads(raw))
        digest = hashlib.sha256(raw).hexdigest()[:16]
        self.times[digest] += 1
        seen = Seen(request.at, digest, self.times[digest])
        self.running.seen.append(seen)
        return request, seen

    async def answer(self, exchange: Exchange) -> None:
        seen = exchange.seen
        seen.fault = self.choose(exchange.request, seen)
        try:
            await asyncio.sleep(self.latency)
            if seen.fault is None:
                await exchange.send(200, exchange.good())
            else:
                await FAULTS[seen.fault](exchange)
        finally:
            seen.ended = time.monotonic()
