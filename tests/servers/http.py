"""HTTP/1.1 on a free port of 127.0.0.1: a function answers each request, or a fault takes its connection over.

It is written on asyncio's protocol: the clients that benchmarks measure cost less than a comfortable server. Requests
in chunks and requests before the last one was answered are not understood.
"""

from __future__ import annotations

import asyncio
import hashlib
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import orjson

from tests.servers.streams import threaded

RESET = struct.pack("ii", 1, 0)  # close at once, and let the other side know


def joined(content: Any) -> str:
    """The text of a message that is one string or a list of blocks."""
    return content if isinstance(content, str) else "".join(block["text"] for block in content)


@dataclass(eq=False)
class Request:
    """What arrived ``at`` which second, and later what became of it: the server's log.

    ``fault`` names what went wrong on purpose, ``billed`` says whether an answer was generated, ``sent`` counts the
    bytes of it. The same request may come for the ``nth`` time, where faults are counted.
    """

    path: str
    raw: bytes = b""
    head: bytes = b""
    at: float = field(default_factory=time.monotonic)
    nth: int = 1
    fault: str | None = None
    billed: bool = False
    ended: float = 0.0
    sent: int = 0

    @property
    def method(self) -> str:
        return self.head.partition(b" ")[0].decode()

    @cached_property
    def headers(self) -> dict[str, str]:
        """The headers by their names in lower case."""
        lines = (line.partition(":") for line in self.head.decode("latin-1").split("\r\n")[1:])
        return {name.lower(): value.strip() for name, _, value in lines}

    @cached_property
    def body(self) -> Any:
        """The decoded JSON."""
        return orjson.loads(self.raw)

    @cached_property
    def digest(self) -> str:
        """Which request it is: equal bodies have equal digests."""
        return hashlib.sha256(self.raw).hexdigest()[:16]

    @property
    def schema(self) -> dict[str, Any] | None:
        """The JSON schema the reply is asked to follow, in either protocol."""
        chat = self.body.get("response_format", {}).get("json_schema", {}).get("schema")
        return chat or self.body.get("output_config", {}).get("format", {}).get("schema")

    @property
    def messages(self) -> list[dict[str, str]]:
        """The messages with their blocks joined, Anthropic's system text as the first of them."""
        system = [{"role": "system", "content": self.body["system"]}] if self.body.get("system") else []
        return [{"role": m["role"], "content": joined(m["content"])} for m in [*system, *self.body["messages"]]]


@dataclass(eq=False)
class Reply:
    """What is answered after ``delay`` seconds; ``body`` is sent as JSON unless it is bytes. Status 0 hangs up.

    ``sent`` is called as soon as it has left.
    """

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    sent: Callable[[], None] | None = None


def refusal(status: int, words: str, *, code: str = "", headers: Mapping[str, str] | None = None) -> Reply:
    """An error in the shape that both protocols share."""
    body = {"type": "error", "error": {"message": words, "type": code or "invalid_request_error", "code": code or None}}
    return Reply(body, status, headers or {})


Answer = Callable[[Request], Reply]
Fault = Callable[["Connection"], Awaitable[None]]


class Connection(asyncio.Protocol):
    """A client's kept-alive connection, and what a fault can do with the ``request`` that is answered on it."""

    def __init__(self, server: Server) -> None:
        self.server, self.request, self.got = server, Request(""), b""
        self.writable, self.lost = asyncio.Event(), asyncio.Event()
        self.writable.set()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.server.connections.add(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self.server.connections.discard(self.transport)
        self.writable.set()
        self.lost.set()

    def pause_writing(self) -> None:
        self.writable.clear()

    def resume_writing(self) -> None:
        self.writable.set()

    def data_received(self, data: bytes) -> None:
        self.got += data
        while (end := self.got.find(b"\r\n\r\n")) >= 0:
            head = self.got[:end]
            at = head.lower().find(b"content-length:")
            end += 4 + (int(head[at + 15 :].partition(b"\r\n")[0]) if at >= 0 else 0)
            if len(self.got) < end:
                return
            path = head.split(b" ", 2)[1].partition(b"?")[0].decode()
            self.request, self.got = Request(path, self.got[len(head) + 4 : end], head), self.got[end:]
            if path.endswith(("/props", "/slots")):  # asked once by every run; no model answers it
                self.server.asked.append(head.split(b" ", 2)[1].decode())
                said = self.server.props if path.endswith("props") else self.server.slots
                self.reply(Request(path), Reply(said) if said else refusal(404, "File Not Found"))
                continue
            self.server.arrived(self, self.request)

    def reply(self, request: Request, reply: Reply) -> None:
        """Sends ``reply``."""
        if reply.status == 0:
            self.transport.close()
        elif not self.transport.is_closing():
            self.transport.write(_raw(reply.status, reply.body, reply.headers))
        request.ended = time.monotonic()
        if reply.sent:
            reply.sent()

    def good(self) -> Any:
        """The body of a good answer, as JSON; it has to be paid for."""
        self.request.billed = True
        return orjson.loads(orjson.dumps(self.server.answer(self.request).body))

    async def send(self, status: int, body: Any, headers: Any = (), *, size: int | None = None) -> None:
        """Sends an answer of JSON, or of bytes; ``size`` is what its head says instead of the true one."""
        await self.write(_raw(status, body, dict(headers), size))

    async def write(self, raw: bytes) -> None:
        """Sends bytes as they are.

        Raises:
            ConnectionError: the client is gone.
        """
        if self.transport.is_closing():
            raise ConnectionResetError
        self.transport.write(raw)
        self.request.sent += len(raw)
        await self.writable.wait()

    def reset(self) -> None:
        """Breaks the connection off."""
        self.transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.transport.close()


def _raw(status: int, body: Any, headers: Mapping[str, str], size: int | None = None) -> bytes:
    """An answer with its head."""
    raw, kind = (body, b"") if isinstance(body, bytes) else (orjson.dumps(body), b"Content-Type: application/json\r\n")
    more = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode() if headers else b""
    told = len(raw) if size is None else size
    return b"HTTP/1.1 %d -\r\n%bContent-Length: %d\r\n%b\r\n%b" % (status, kind, told, more, raw)


@dataclass(eq=False)
class Server:
    """A running server: ``answer`` gives a reply to each request after ``delay`` seconds, unless ``misbehave`` gives a
    fault; ``requests`` are those so far in order of arrival, if they are kept (``log``). ``props`` and ``slots`` are
    what it says of itself, if it is llama.cpp, at the addresses ``asked``.
    """

    answer: Answer
    delay: float = 0.0
    misbehave: Callable[[Request], Fault | None] | None = None
    log: bool = True
    port: int = 0
    props: Any = None
    slots: Any = None
    asked: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    connections: set[Any] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def v1(self) -> str:
        """The base URL as OpenAI's protocol has it."""
        return f"{self.url}/v1"

    def base(self, protocol: str) -> str:
        """The base URL for ``openai`` or ``anthropic``."""
        return self.v1 if protocol == "openai" else self.url

    @asynccontextmanager
    async def up(self) -> AsyncIterator[Server]:
        """It listens, on a free port unless it has one."""
        self.loop, self.tasks = asyncio.get_running_loop(), set[asyncio.Task[None]]()
        await self._listen()
        try:
            yield self
        finally:
            self._door.close()
            for task in self.tasks:
                task.cancel()
            for transport in self.connections:
                transport.abort()
            await asyncio.sleep(0)

    async def _listen(self) -> None:
        self._door = await self.loop.create_server(lambda: Connection(self), "127.0.0.1", self.port, backlog=4096)
        self.port = self._door.sockets[0].getsockname()[1]

    def shut(self, seconds: float) -> None:
        """Refuses every new connection for so long."""
        if self._door.is_serving():
            self._door.close()
            self.loop.call_later(seconds, lambda: self._begin(self._listen()))

    def settle(self) -> None:
        """Waits, from another thread, until everything that was sent by now has arrived."""
        for _ in range(3):  # a connection is accepted in one round of the loop and read in the next
            asyncio.run_coroutine_threadsafe(asyncio.sleep(0.001), self.loop).result()

    def arrived(self, connection: Connection, request: Request) -> None:
        """Has the request answered in a while."""
        if self.log:
            self.requests.append(request)
        if self.misbehave and (fault := self.misbehave(request)):
            self._begin(self._misbehaving(fault, connection, request))
            return
        try:
            reply = self.answer(request)
        except Exception as problem:
            reply = refusal(500, f"{type(problem).__name__}: {problem}")
        request.billed = reply.status == 200
        self.loop.call_later(self.delay + reply.delay, connection.reply, request, reply)

    async def _misbehaving(self, fault: Fault, connection: Connection, request: Request) -> None:
        try:
            await asyncio.sleep(self.delay)
            with suppress(ConnectionError):
                await fault(connection)
        finally:
            request.ended = time.monotonic()

    def _begin(self, work: Any) -> None:
        task = self.loop.create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


def serving(answer: Answer, **options: Any) -> AbstractContextManager[Server]:
    """A server in a thread, with the options of ``Server``; ``answer`` is called there."""
    return threaded(Server(answer, **options).up())
