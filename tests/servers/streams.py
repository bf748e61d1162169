"""A server in a thread, and connections of raw bytes, with TLS where wanted: for answers that are no HTTP."""

from __future__ import annotations

import asyncio
import queue
import ssl
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
    suppress,
)
from typing import Any, TypeVar

T = TypeVar("T")


@contextmanager
def threaded(made: AbstractAsyncContextManager[T]) -> Iterator[T]:
    """What ``made`` gives, entered and left in a thread with an event loop of its own."""
    started: queue.Queue[Any] = queue.Queue()

    async def run() -> None:
        async with made as value:
            stop = asyncio.Event()
            started.put((value, asyncio.get_running_loop(), stop))
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    value, loop, stop = started.get(timeout=10)
    try:
        yield value
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(10)


def head(size: int, status: str = "200 OK", more: str = "") -> bytes:
    """The head of an answer whose body has ``size`` bytes."""
    return f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n{more}\r\n".encode()


async def read_request(reader: asyncio.StreamReader) -> bytes:
    """Reads a request to its end; gives its head."""
    top = await reader.readuntil(b"\r\n\r\n")
    size = next(int(line.split(b":")[1]) for line in top.lower().split(b"\r\n") if line.startswith(b"content-length"))
    await reader.readexactly(size)
    return top


@asynccontextmanager
async def _listening(answer: Callable[..., Any], tls: ssl.SSLContext | None) -> AsyncIterator[dict[str, Any]]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told["count"] += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await answer(reader, writer)
        finally:
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
    told = {"count": 0, "port": server.sockets[0].getsockname()[1]}
    yield told
    server.close()


def connections(
    answer: Callable[..., Any], tls: ssl.SSLContext | None = None
) -> AbstractContextManager[dict[str, Any]]:
    """A server of raw bytes in a thread: ``await answer(reader, writer)`` serves a connection; gives port and count."""
    return threaded(_listening(answer, tls))
