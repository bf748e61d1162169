"""Loopback doubles of the providers: OpenAI's and Anthropic's protocols, answered by a function of the request."""

from __future__ import annotations

import asyncio
import queue
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import orjson
from aiohttp import web

CHAT = "/v1/chat/completions"
MESSAGES = "/v1/messages"


@dataclass(frozen=True)
class Request:
    """What arrived, and ``at`` which second: ``body`` is the decoded JSON, header names are lower case."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]
    at: float = field(default_factory=time.monotonic)

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


def joined(content: Any) -> str:
    """The text of a message that is one string or a list of blocks."""
    return content if isinstance(content, str) else "".join(block["text"] for block in content)


@dataclass(frozen=True)
class Reply:
    """What is answered after ``delay`` seconds; ``body`` is sent as JSON unless it is bytes. Status 0 hangs up."""

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass(frozen=True)
class Server:
    """A running double: where it listens, and the requests so far in order of arrival."""

    url: str
    requests: list[Request] = field(default_factory=list)

    @property
    def v1(self) -> str:
        """The base URL as OpenAI's protocol has it."""
        return f"{self.url}/v1"


def chat(text: str | None, *, finish_reason: str = "stop", refusal: str | None = None, usage: Any = None) -> Reply:
    """An answer in OpenAI's protocol; ``usage`` is (prompt, completion, cached) tokens."""
    prompt, completion, cached = usage or (12, 5, 0)
    message = {"role": "assistant", "content": text, "refusal": refusal}
    counted = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    counted |= {"prompt_tokens_details": {"cached_tokens": cached}}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason, "logprobs": None}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "double"}
    return Reply({**head, "choices": [choice], "usage": counted})


def message(text: str, *, stop_reason: str = "end_turn", usage: Any = None) -> Reply:
    """An answer in Anthropic's protocol; ``usage`` is (fresh input, output, read from cache, written to it) tokens."""
    fresh, output, read, written = (*(usage or (12, 5, 0)), 0)[:4]
    counted = {"input_tokens": fresh, "output_tokens": output, "cache_read_input_tokens": read}
    counted |= {"cache_creation_input_tokens": written}
    content = [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": text}]
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "double", "stop_sequence": None}
    return Reply({**head, "content": content, "stop_reason": stop_reason, "usage": counted})


def refusal(status: int, words: str, *, code: str = "", headers: Mapping[str, str] | None = None) -> Reply:
    """An error in the shape that both protocols share."""
    body = {"type": "error", "error": {"message": words, "type": code or "invalid_request_error", "code": code or None}}
    return Reply(body, status, headers or {})


@contextmanager
def serving(answer: Callable[[Request], Reply]) -> Iterator[Server]:
    """A double on a free port of 127.0.0.1, in a thread of its own; ``answer`` is called there."""
    started: queue.Queue[Any] = queue.Queue()

    async def handle(got: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in got.headers.items()}
        request = Request(got.path, headers, orjson.loads(await got.read()))
        server.requests.append(request)
        reply = answer(request)
        await asyncio.sleep(reply.delay)
        if reply.status == 0 and got.transport:
            got.transport.close()
        kind = {} if isinstance(reply.body, bytes) else {"Content-Type": "application/json"}
        body = reply.body if isinstance(reply.body, bytes) else orjson.dumps(reply.body)
        return web.Response(body=body, status=reply.status or 500, headers={**kind, **reply.headers})

    async def serve() -> None:
        app = web.Application(client_max_size=1 << 26)
        app.router.add_post("/{path:.*}", handle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        stop = asyncio.Event()
        started.put((Server(f"http://127.0.0.1:{runner.addresses[0][1]}"), asyncio.get_running_loop(), stop))
        await stop.wait()
        await runner.cleanup()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    server, loop, stop = started.get(timeout=10)
    try:
        yield server
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


@contextmanager
def connections(answer: Callable[..., Any], tls: ssl.SSLContext | None = None) -> Iterator[dict[str, Any]]:
    """A server of raw bytes in a thread: ``await answer(reader, writer)`` serves a connection; gives port and count."""
    started = threading.Event()
    told: dict[str, Any] = {"count": 0}

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told["count"] += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await answer(reader, writer)
        finally:
            writer.close()

    async def run() -> None:
        server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=tls)
        told.update(port=server.sockets[0].getsockname()[1], loop=asyncio.get_running_loop(), stop=asyncio.Event())
        started.set()
        await told["stop"].wait()
        server.close()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    started.wait(10)
    try:
        yield told
    finally:
        told["loop"].call_soon_threadsafe(told["stop"].set)
        thread.join(10)
