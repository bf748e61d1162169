"""Anthropic's messages, and every server that speaks them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson

from personagen.llm import LLM, Call
from personagen.llm.failures import Server, error, failure, garbled, server_at, unreachable
from personagen.llm.schema import in_words, refused_part, remember, strict
from personagen.records import Completion, Message, Usage

if TYPE_CHECKING:
    from anthropic import AsyncAnthropic
    from anthropic._types import RequestOptions

KEY = "ANTHROPIC_API_KEY"
HOST = "https://api.anthropic.com"
JSON: RequestOptions = {"headers": {"Content-Type": "application/json"}}
CONNECTIONS = 4096
# Required by the protocol; every model still served allows as many.
MAX_TOKENS = 4096
REASONS = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    None: "stop",
}


@asynccontextmanager
async def backend(
    model: str,
    *,
    base_url: str | None,
    api_key: str | None,
    timeout: float,  # noqa: ASYNC109
    heard: Callable[[Mapping[str, str]], None] | None = None,
) -> AsyncIterator[LLM]:
    """A model at Anthropic or at ``base_url`` (with or without ``/v1``), by its name there; ``timeout`` is in seconds.

    The key is ``api_key`` or ANTHROPIC_API_KEY; with a ``base_url`` there may be none. System messages go into the
    protocol's own field, neighbouring messages of one role are joined, ``max_tokens`` is ``MAX_TOKENS`` where the call
    names none. What the server refuses (a JSON schema, a sampling setting) is left out from then on.

    Raises:
        ConfigError: there is no key, or ``base_url`` is no address. Nothing was sent.
    """
    url = base_url and base_url.rstrip("/").removesuffix("/v1")
    server = server_at(f"anthropic/{model}", base_url=url, host=HOST, key_name=KEY, api_key=api_key)
    refused: set[str] = set()
    client: AsyncAnthropic | None = None

    async def complete(call: Call) -> Completion:
        nonlocal client
        import anthropic
        import httpx2

        client = client or _client(server, timeout)
        while True:
            body, sent = request(model, call, refused)
            try:
                # Not messages.create: its models cost twice the CPU, and more with every message.
                answer = await client.post(
                    "/v1/messages", cast_to=httpx2.Response, content=orjson.dumps(body), options=JSON
                )
                if heard:
                    heard(answer.headers)
                return completion(server, model, answer.content)
            except anthropic.APIStatusError as problem:
                failed = failure(problem.status_code, problem.response.content, problem.response.headers)
            except anthropic.APIError as problem:
                raise unreachable(server, problem) from None
            part = refused_part(failed, sent)
            if part is None:
                raise error(server, failed)
            remember(server, refused, part)

    try:
        yield complete
    finally:
        if client is not None:
            await client.close()


def request(model: str, call: Call, refused: Collection[str]) -> tuple[dict[str, Any], list[str]]:
    """The body of a request, and the parts of it that a server may refuse."""
    settings = {"temperature": call.sampling.temperature, "top_p": call.sampling.top_p}
    body: dict[str, Any] = {name: v for name, v in settings.items() if v is not None and name not in refused}
    sent = list(body)
    messages = call.messages
    if call.schema is not None and "schema" in refused:
        messages = in_words(messages, call.schema)
    elif call.schema is not None:
        body["output_config"] = {"format": {"type": "json_schema", "schema": strict(call.schema)}}
        sent.append("schema")
    system = "\n\n".join(m.content for m in messages if m.role == "system")
    if system:
        body["system"] = system
    body |= {"model": model, "max_tokens": call.sampling.max_tokens or MAX_TOKENS, "messages": _turns(messages)}
    return body, sent


def completion(server: Server, model: str, body: bytes) -> Completion:
    """The completion in the body of an answer: its text blocks, without what the model thought.

    Raises:
        ServerError: the body is no completion.
    """
    try:
        value = orjson.loads(body)
        counted, reason = value.get("usage") or {}, value.get("stop_reason")
        cached, written = (counted.get(f"cache_{which}_input_tokens") or 0 for which in ("read", "creation"))
        return Completion(
            text="".join(block["text"] for block in value["content"] if block["type"] == "text"),
            finish_reason=REASONS.get(reason, reason),
            usage=Usage(
                # Anthropic counts what the cache served apart, everyone else within.
                input_tokens=(counted.get("input_tokens") or 0) + cached + written,
                output_tokens=counted.get("output_tokens") or 0,
                cached_input_tokens=cached,
                cost_usd=None,
            ),
            model=value.get("model") or model,
        )
    except (ValueError, TypeError, LookupError, AttributeError):
        raise garbled(server, body.decode("utf-8", "replace")) from None


def _turns(messages: Iterable[Message]) -> list[dict[str, str]]:
    turns: list[dict[str, str]] = []
    for message in messages:
        if message.role == "system":
            continue
        if turns and turns[-1]["role"] == message.role:
            turns[-1]["content"] += f"\n\n{message.content}"
        else:
            turns.append({"role": message.role, "content": message.content})
    return turns


def _client(server: Server, timeout: float) -> AsyncAnthropic:
    import anthropic
    import httpx2

    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    transport = anthropic.DefaultAioHttpClient(timeout=timeout, limits=limits, follow_redirects=False)
    return anthropic.AsyncAnthropic(
        api_key=server.key, base_url=server.url, max_retries=0, timeout=timeout, http_client=transport
    )
