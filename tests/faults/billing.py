"""The server of the crash trials: it plays every agent, and keeps books of what it billed, process by process."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson

from tests.llm.actor import actor
from tests.llm.server import CHAT, Request

IN, OUT = 2.0, 8.0  # USD for a million tokens, as --price is given
PRICE = f"{IN:g},{OUT:g}"
INPUT, OUTPUT = 0.5, 0.95  # of the most a call can use; what is reserved is hardly more than what is billed


@dataclass(frozen=True)
class Bill:
    """One request that was paid for: the digest of its body, its price in USD, and the ``most`` it could have cost."""

    body: str
    cost: float
    most: float = 0.0


@dataclass
class Client:
    """One process that asks: how it is served, and its bills in order of arrival.

    An answer takes up to twice ``delay`` seconds, drawn by ``rng``. With ``refuse`` every request gets that status.
    ``kill`` is called when ``kill_at`` requests have arrived, or with ``after`` that many answers were sent; ``book``
    with every bill, before it is answered. ``peak`` is the most that was ever billed and could still have come to it.
    """

    delay: float = 0.0
    rng: Random = field(default_factory=Random)
    refuse: int = 0
    kill_at: int = 0
    after: bool = False
    kill: Callable[[], None] = lambda: None
    book: Callable[[Bill], None] = lambda bill: None
    bills: list[Bill] = field(default_factory=list)
    requests: int = 0
    answers: int = 0
    peak: float = 0.0
    _held: float = 0.0

    def arrived(self, bill: Bill) -> None:
        """Books a request."""
        self.bills.append(bill)
        self._held += bill.most
        self.peak = max(self.peak, self._held)
        self.book(bill)
        if not self.after and self.requests == self.kill_at:
            self.kill()

    def answered(self, bill: Bill) -> None:
        """Books that it was answered."""
        self.answers += 1
        self._held += bill.cost - bill.most
        if self.after and self.answers == self.kill_at:
            self.kill()

    @property
    def cost(self) -> float:
        """USD billed so far."""
        return sum(bill.cost for bill in self.bills)


class Billing:
    """A running server. Each process asks at an address of its own, so that what arrives late has its sender."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.port = 0
        self.connections: set[Any] = set()
        self._loop = loop
        self._clients: dict[str, Client] = {}
        self._answers: dict[bytes, tuple[bytes, Bill]] = {}

    def address(self, client: Client) -> str:
        """The base URL for a new process."""
        name = f"p{len(self._clients) + 1}"
        self._clients[name] = client
        return f"http://127.0.0.1:{self.port}/{name}/v1"

    def settle(self) -> None:
        """Waits until everything that was sent by now is booked."""
        for _ in range(3):  # a connection is accepted in one round of the loop and read in the next
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0.001), self._loop).result()

    def asked(self, path: str, body: bytes, send: Callable[[bytes, int], None]) -> None:
        """Books a request and has it answered in a while."""
        client = self._clients[path.split("/")[1]]
        client.requests += 1
        if client.refuse:
            send(orjson.dumps({"error": {"message": "Incorrect API key provided", "code": "invalid_api_key"}}), 401)
            return
        answer, bill = self._answer(body)
        client.arrived(bill)
        self._loop.call_later(client.rng.uniform(0, 2 * client.delay), self._send, client, answer, bill, send)

    def _send(self, client: Client, answer: bytes, bill: Bill, send: Callable[[bytes, int], None]) -> None:
        send(answer, 200)
        client.answered(bill)

    def _answer(self, body: bytes) -> tuple[bytes, Bill]:
        """The same body, the same answer. Its ``model`` is the body's digest, by which an acknowledgement names it."""
        digest = hashlib.sha256(body).hexdigest()[:16]
        if body not in self._answers:
            asked = orjson.loads(body)
            reply: Any = actor(Request(CHAT, {}, asked)).body
            if digest < "4":  # some verdicts are ties, so that there are rejections too
                said = reply["choices"][0]["message"]
                said["content"] = said["content"].replace('"tie":false', '"tie":true')
            size = sum(len(message["content"].encode()) for message in asked["messages"])
            used = {"prompt_tokens": int(INPUT * size), "completion_tokens": int(OUTPUT * asked["max_tokens"])}
            cost = (IN * used["prompt_tokens"] + OUT * used["completion_tokens"]) / 1e6
            most = (IN * (size + 16 * len(asked["messages"])) + OUT * asked["max_tokens"]) / 1e6
            self._answers[body] = orjson.dumps(reply | {"model": digest, "usage": used}), Bill(digest, cost, most)
        return self._answers[body]


class _Connection(asyncio.Protocol):
    """HTTP/1.1 with bodies of known length, kept alive: all that the program under test speaks."""

    def __init__(self, billing: Billing) -> None:
        self._billing, self._got = billing, b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self._billing.connections.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._billing.connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._got += data
        while (end := self._got.find(b"\r\n\r\n")) >= 0:
            head = self._got[:end].lower()
            size = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
            if len(self._got) < end + 4 + size:
                return
            path, body = self._got.split(b" ", 2)[1].decode(), self._got[end + 4 : end + 4 + size]
            self._got = self._got[end + 4 + size :]
            self._billing.asked(path, body, self._send)

    def _send(self, body: bytes, status: int) -> None:
        head = f"HTTP/1.1 {status} -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        if not self._transport.is_closing():
            self._transport.write(head.encode() + body)


@contextmanager
def billing() -> Iterator[Billing]:
    """A server on a free port of 127.0.0.1, in a thread of its own."""
    loop = asyncio.new_event_loop()
    server = Billing(loop)
    listening = loop.run_until_complete(loop.create_server(lambda: _Connection(server), "127.0.0.1", 0, backlog=1024))
    server.port = listening.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, name="billing", daemon=True)
    thread.start()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(_closed(listening, server), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


async def _closed(listening: asyncio.Server, server: Billing) -> None:
    listening.close()
    for transport in server.connections:
        transport.abort()
    await asyncio.sleep(0)
