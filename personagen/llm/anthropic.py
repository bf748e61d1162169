"""Anthropic's messages, and compatible servers.

Anthropic caches a prefix up to a content block marked with ``cache_control``, and looks it up at the end of that block
and of the 20 blocks before it. So a block ends wherever a message of the conversation (``Call.transcript``) ends, in a
chat or in a prompt that quotes it, and the last of these blocks and the system text are marked. The same agent's next
call, two messages later, reads that prefix from the cache; text after the conversation is never written to it. Prefixes
below the model's minimum (1,024 to 4,096 tokens) are neither cached nor charged.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence, Set
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import orjson

from personagen.call import LLM, Call
from personagen.llm.context import Refused, checked
from personagen.llm.effort import anthropic_fields, with_extra
from personagen.llm.errors import Server, garbled, server_at, whole
from personagen.llm.failures import Failure
from personagen.llm.http import Reply, custom_headers, posting
from personagen.llm.json import loads
from personagen.llm.openai import failed
from personagen.llm.patience import Patience
from personagen.llm.roles import SYSTEM, shaped
from personagen.llm.schema import LENGTHS, accepted, in_words, parts, settings, without, without_refused
from personagen.llm.usage import finish_reason, mapping, reasoning_in, tokens, word
from personagen.records import Completion, Message

KEY = "ANTHROPIC_API_KEY"
HOST = "https://api.anthropic.com"
VERSION = "2023-06-01"
CACHED = {"cache_control": {"type": "ephemeral"}}
COUNTED = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


@asynccontextmanager
async def backend(
    model: str,
    *,
    base_url: str | None,
    api_key: str | None,
    timeout: float,  # noqa: ASYNC109
    refused: set[str] | None = None,
) -> AsyncIterator[LLM]:
    """A model at Anthropic or at ``base_url`` (with or without ``/v1``), by its name there; ``timeout`` is in seconds.

    The key is ``api_key`` or ANTHROPIC_API_KEY; it is optional with a ``base_url``. System messages go into ``system``,
    adjacent messages of one role are joined. Request parts that the
    server refuses (a JSON schema, a sampling setting) are added to ``refused`` and omitted from then on.

    Raises:
        ConfigError: there is no key, or ``base_url`` is not a valid URL. Nothing was sent.
    """
    url = base_url and base_url.rstrip("/").removesuffix("/v1")
    server = server_at(f"anthropic/{model}", base_url=url, host=HOST, key_name=KEY, api_key=api_key)
    refused = Refused() if refused is None else refused
    patience = Patience(timeout)
    async with posting(server, "/v1/messages", headers(server)) as post:

        async def complete(call: Call) -> Completion:
            async def attempt(sized: Call) -> tuple[Reply | Failure, list[str]]:
                body, sent = request(model, sized, refused)
                with patience.given(call) as seconds:
                    return failed(await post(orjson.dumps(body), seconds)), sent

            reply = await without_refused(server, refused, call, attempt)
            return checked(server, refused, call, completion(server, model, reply.body, reply.pause))

        yield complete


def headers(server: Server) -> dict[str, str]:
    """The request headers: the API version, the key, and those in the environment."""
    headers = {"anthropic-version": VERSION, "x-api-key": server.key}
    if urlsplit(server.url).hostname != urlsplit(HOST).hostname:
        headers["Authorization"] = f"Bearer {server.key}"  # for servers that do not read x-api-key
    return headers | custom_headers("ANTHROPIC_CUSTOM_HEADERS")


def request(model: str, call: Call, refused: Set[str]) -> tuple[dict[str, Any], list[str]]:
    """The body of a request, and its parts that a server may refuse."""
    effort, efforts = anthropic_fields(call.sampling.reasoning, refused)
    # Claude takes no sampling settings while it thinks.
    thinks = effort.get("thinking", {}).get("type", "disabled") != "disabled"
    body: dict[str, Any] = {} if thinks else settings(call, refused)
    sent = [*parts(body), *efforts]
    body |= effort
    messages: Sequence[Message] = call.messages
    if call.schema is not None:
        # Anthropic takes no lengths of arrays but minItems 0 and 1.
        schema, keywords = accepted(without(call.schema, LENGTHS), refused)
        if call.in_words or "schema" in refused:
            messages = in_words(messages, schema)
        if "schema" not in refused:
            config = {"format": {"type": "json_schema", "schema": schema}}
            body["output_config"] = config | body.get("output_config", {})
            sent += ["schema", *keywords]
    messages, roles = shaped(messages, refused)
    sent += [part for part in roles if part == SYSTEM]  # adjacent messages of one role are joined anyway
    system: Any = "\n\n".join(m.content for m in messages if m.role == "system")
    turns = _turns(messages)
    if "cache_control" not in refused:
        system = [{"type": "text", "text": system, **CACHED}] if system else None
        _mark(turns, call.transcript)
        sent.append("cache_control")
    if system:
        body["system"] = system
    body = with_extra(body, call.sampling) | {"model": model, "max_tokens": call.max_tokens, "messages": turns}
    return body, sent


def completion(server: Server, model: str, body: bytes, pause: float = 0.0) -> Completion:
    """The completion in the body of an answer: its text blocks, without thinking blocks.

    Raises:
        ServerError: the body is not a completion, or the provider broke the reply off.
    """
    try:
        value = loads(body)
        counted = mapping(value.get("usage"))
        text = "".join(block["text"] for block in value["content"] or () if block["type"] == "text")
        thoughts = "".join(word(block.get("thinking"), "") for block in value["content"] or ())
        return whole(
            server,
            Completion(
                text=text,
                finish_reason=finish_reason(value.get("stop_reason")),
                # Anthropic counts cache reads and writes apart from input tokens, other APIs within them.
                usage=tokens(
                    text,
                    *(counted.get(name) for name in COUNTED),
                    apart=True,
                    reasoned=reasoning_in(counted),
                    thoughts=thoughts,
                ),
                model=word(value.get("model"), model),
                pause=pause,
            ),
        )
    except (ValueError, TypeError, LookupError, AttributeError):
        raise garbled(server, body.decode("utf-8", "replace")) from None


def _turns(messages: Iterable[Message]) -> list[dict[str, Any]]:
    turns: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "system":
            continue
        if turns and turns[-1]["role"] == message.role:
            turns[-1]["content"] += f"\n\n{message.content}"
        else:
            turns.append({"role": message.role, "content": message.content})
    return turns


def _mark(turns: list[dict[str, Any]], transcript: Iterable[Message]) -> None:
    """Splits ``turns`` into blocks where messages of ``transcript`` end, and marks the last of these blocks."""
    # With its line feed, so that a short message is not found inside another word.
    texts = [f"{turn['content']}\n" for turn in turns]
    cuts: list[list[int]] = [[] for _ in turns]
    turn = end = 0
    for message in transcript:
        for i in range(turn, len(turns)):
            start = texts[i].find(f"{message.content}\n", end if i == turn else 0)
            if start >= 0:
                turn, end = i, start + len(message.content)
                cuts[i].append(end)
                break
    for i, places in enumerate(cuts):
        if places and (len(places) > 1 or i == turn):
            turns[i]["content"] = _blocks(turns[i]["content"], places, marked=i == turn)


def _blocks(text: str, places: Sequence[int], *, marked: bool) -> list[dict[str, Any]]:
    parts = [text[start:end] for start, end in zip((0, *places), (*places, len(text)), strict=True)]
    blocks: list[dict[str, Any]] = [{"type": "text", "text": part} for part in parts if part]
    if marked:
        blocks[-1 if not parts[-1] else -2] |= CACHED
    return blocks
