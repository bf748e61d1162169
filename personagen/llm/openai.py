"""OpenAI's chat completions, and compatible servers: vLLM, SGLang, Ollama, llama.cpp, OpenRouter."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Sequence, Set
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import urlsplit

import orjson

from personagen.call import LLM, Call
from personagen.llm.context import Refused, checked
from personagen.llm.effort import openai_fields, with_extra
from personagen.llm.errors import Server, garbled, server_at, whole
from personagen.llm.failures import Failure, failure_within, message_in
from personagen.llm.http import Reply, custom_headers, posting
from personagen.llm.json import loads
from personagen.llm.patience import Patience
from personagen.llm.roles import shaped
from personagen.llm.schema import accepted, in_words, parts, settings, without_refused
from personagen.llm.usage import finish_reason, mapping, reasoning_in, tokens, word
from personagen.records import Completion, Message

KEY = "OPENAI_API_KEY"
HOST = "https://api.openai.com/v1"
_ANSWERS, _ERRORS = (b'"choices"', b'"data"', b'"content"'), (b'"error"', b'"base_resp"')  # names in a body


@asynccontextmanager
async def backend(
    model: str,
    *,
    base_url: str | None,
    api_key: str | None,
    timeout: float,  # noqa: ASYNC109
    refused: set[str] | None = None,
) -> AsyncIterator[LLM]:
    """A model at OpenAI or at ``base_url``, by its name there; ``timeout`` is in seconds.

    The key is ``api_key`` or OPENAI_API_KEY; it is optional with a ``base_url``. Request parts that the server refuses
    (a JSON schema, a sampling setting) are added to ``refused`` and omitted from then on. OpenAI gets
    ``max_completion_tokens``, other servers ``max_tokens``, or the other name where that is refused.

    Raises:
        ConfigError: there is no key, or ``base_url`` is not a valid URL. Nothing was sent.
    """
    server = server_at(f"openai/{model}", base_url=versioned(base_url), host=HOST, key_name=KEY, api_key=api_key)
    refused = Refused() if refused is None else refused
    patience = Patience(timeout)
    async with posting(server, "/chat/completions", headers(server)) as post:

        async def complete(call: Call) -> Completion:
            async def attempt(sized: Call) -> tuple[Reply | Failure, list[str]]:
                body, sent = request(server, model, sized, refused)
                with patience.given(call) as seconds:
                    return failed(await post(orjson.dumps(body), seconds)), sent

            reply = await without_refused(server, refused, call, attempt)
            return checked(server, refused, call, completion(server, model, reply.body, reply.pause))

        yield complete


def headers(server: Server) -> dict[str, str]:
    """The request headers: the key, and those in the environment variables that the SDK reads."""
    named = {"OpenAI-Organization": "OPENAI_ORG_ID", "OpenAI-Project": "OPENAI_PROJECT_ID"}
    account = {name: value for name, variable in named.items() if (value := os.environ.get(variable, "").strip())}
    return {"Authorization": f"Bearer {server.key}", **account, **custom_headers("OPENAI_CUSTOM_HEADERS")}


def request(server: Server, model: str, call: Call, refused: Set[str]) -> tuple[dict[str, Any], list[str]]:
    """The body of a request, and its parts that a server may refuse."""
    sampling = call.sampling
    body: dict[str, Any] = settings(call, refused)
    sent = parts(body)
    is_openais = _is_openais(server)
    # OpenAI's newer models refuse the old name, other servers may not know the new one.
    new = is_openais != ("max_tokens" in refused)
    body["max_completion_tokens" if new else "max_tokens"] = call.max_tokens
    sent += [] if "max_tokens" in refused else ["max_tokens"]
    if is_openais and call.transcript and "prompt_cache_key" not in refused:
        # Prompt caches are per machine; this key routes the calls of one tree to the same one.
        body["prompt_cache_key"] = hashlib.sha256(call.place.partition("/")[0].encode()).hexdigest()[:32]
        sent.append("prompt_cache_key")
    effort, efforts = openai_fields(urlsplit(server.url).hostname or "", model, sampling.reasoning, refused)
    body |= effort
    sent += efforts
    messages: Sequence[Message] = call.messages
    if call.schema is not None:
        schema, keywords = accepted(call.schema, refused)
        if call.in_words or refused & {"schema", "json_schema"}:
            messages = in_words(messages, schema)
        if "schema" not in refused:
            typed = "json_schema" not in refused
            form = response_format(schema, strict="strict" not in refused)
            body["response_format"] = form if typed else {"type": "json_object"}
            sent += ["schema", *(["json_schema", "strict", *keywords] if typed else [])]
    messages, roles = shaped(messages, refused)
    body = with_extra(body, sampling) | {
        "model": model,
        "messages": [{"role": m.role, "content": m.content} for m in messages],
    }
    return body, sent + roles


def _is_openais(server: Server) -> bool:
    return (urlsplit(server.url).hostname or "").endswith(".openai.com")


def response_format(schema: Any, *, strict: bool = True) -> dict[str, Any]:
    """OpenAI's ``response_format`` for the ``schema``."""
    form = {"name": "reply", "strict": True, "schema": schema}
    return {"type": "json_schema", "json_schema": form if strict else {"name": "reply", "schema": schema}}


def completion(server: Server, model: str, body: bytes, pause: float = 0.0) -> Completion:
    """The completion in the body of an answer.

    Raises:
        ServerError: the body is not a completion, or the provider broke the reply off.
    """
    try:
        value = loads(body)
        choice = value["choices"][0]
        message, counted = choice["message"], mapping(value.get("usage"))
        refusal = word(message.get("refusal"), "")
        content = message.get("content") or ""
        if isinstance(content, list):
            content = "".join(part["text"] for part in content if part.get("type") == "text")
        text = refusal or content
        return whole(
            server,
            Completion(
                text=text,
                finish_reason="refusal" if refusal else finish_reason(choice.get("finish_reason")),
                usage=tokens(
                    text,
                    counted.get("prompt_tokens"),
                    counted.get("completion_tokens"),
                    mapping(counted.get("prompt_tokens_details")).get("cached_tokens"),
                    total=counted.get("total_tokens"),
                    reasoned=reasoning_in(counted),
                    thoughts=message.get("reasoning_content") or message.get("reasoning"),
                ),
                model=word(value.get("model"), model),
                pause=pause,
            ),
        )
    except (ValueError, TypeError, LookupError, AttributeError):
        raise garbled(server, body.decode("utf-8", "replace")) from None


def failed(reply: Reply | Failure) -> Reply | Failure:
    """``reply``, or the failure in it: some servers send errors with status 200, with the status as their code."""
    # A quotation mark within a text is escaped, so that these find names only.
    if isinstance(reply, Failure) or (
        any(name in reply.body for name in _ANSWERS) and not any(name in reply.body for name in _ERRORS)
    ):
        return reply
    with suppress(ValueError, TypeError, LookupError, AttributeError):
        value = loads(reply.body)
        choices = value.get("choices")
        broken = choices and choices[0].get("error")
        said = value.get("data") or value.get("content") or (choices and choices[0].get("message", {}).get("content"))
        if broken or not said:
            problem = value.get("error") or broken or (not choices and message_in(value) and value)
            if problem:
                return failure_within(problem, value.get("code"))
    return reply


def versioned(base_url: str | None) -> str | None:
    """``base_url``, with ``/v1`` added to a bare host."""
    return f"{base_url.rstrip('/')}/v1" if base_url and base_url.rstrip("/").count("/") == 2 else base_url
