"""Embedding models on servers: OpenAI's API and whatever speaks it, anything else through LiteLLM."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson

from personagen.encoders.embedding import packed
from personagen.encoders.encoder import unit
from personagen.errors import ConfigError, PersonagenError, ServerError
from personagen.llm import LLM, Call
from personagen.llm.failures import (
    NO_KEY,
    Failure,
    Server,
    error,
    failure,
    garbled,
    retry_after,
    server_at,
    unreachable,
)
from personagen.llm.prices import cost, price_of
from personagen.records import Completion, Usage

if TYPE_CHECKING:
    from openai import AsyncOpenAI

KEY = "OPENAI_API_KEY"
HOST = "https://api.openai.com/v1"


@asynccontextmanager
async def backend(
    spec: str,
    *,
    base_url: str | None = None,
    timeout: float = 120.0,  # noqa: ASYNC109
) -> AsyncIterator[LLM]:
    """The embedding model ``spec``, ``openai/NAME`` or as LiteLLM has it; ``timeout`` is in seconds.

    Keys come from the environment. There are no retries here. Completions carry the tokens used and their cost in USD,
    None where the price is unknown.

    Raises:
        ConfigError: there is no key, the model string is unknown, or ``base_url`` is no address. Nothing was sent.
    """
    price = price_of(spec, base_url=base_url)
    async with (
        _openai(spec, base_url, timeout) if spec.startswith("openai/") else _litellm(spec, base_url, timeout) as ask
    ):

        async def costed(call: Call) -> Completion:
            try:
                async with asyncio.timeout(timeout):
                    answer = await ask(call)
            except TimeoutError:
                raise ServerError(f"{spec} gave no answer within {timeout:g} seconds", status=408) from None
            usage = answer.usage.model_copy(update={"cost_usd": cost(price, answer.usage)})
            return answer.model_copy(update={"usage": usage})

        yield costed


@asynccontextmanager
async def _openai(spec: str, base_url: str | None, seconds: float) -> AsyncIterator[LLM]:
    name = spec.removeprefix("openai/")
    server = server_at(spec, base_url=base_url, host=HOST, key_name=KEY, api_key=None)
    client: AsyncOpenAI | None = None

    async def ask(call: Call) -> Completion:
        nonlocal client
        import httpx
        import openai

        client = client or openai.AsyncOpenAI(api_key=server.key, base_url=server.url, max_retries=0, timeout=seconds)
        # Plain numbers: not every server that speaks the protocol knows base64.
        body = {"model": name, "input": [m.content for m in call.messages], "encoding_format": "float"}
        try:
            answer = await client.post("/embeddings", cast_to=httpx.Response, body=body)
        except openai.APIStatusError as problem:
            response = problem.response
            raise error(server, failure(problem.status_code, response.content, response.headers)) from None
        except openai.APIError as problem:
            raise unreachable(server, problem) from None
        try:
            value = orjson.loads(answer.content)
            return _completion(call, value["data"], value.get("usage") or {})
        except (ValueError, TypeError, LookupError):
            raise garbled(server, answer.text) from None

    try:
        yield ask
    finally:
        if client is not None:
            await client.close()


@asynccontextmanager
async def _litellm(spec: str, base_url: str | None, seconds: float) -> AsyncIterator[LLM]:
    litellm = _imported()
    try:
        provider = litellm.get_llm_provider(spec, api_base=base_url)[1]
    except litellm.exceptions.BadRequestError:
        raise ConfigError(
            f"the encoder {spec} is unknown: write hashed, sentence-transformers/NAME, openai/NAME or PROVIDER/NAME as"
            " LiteLLM has it"
        ) from None
    missing = litellm.validate_environment(spec)["missing_keys"]
    # Cloud logins (AWS, Vertex) come in many ways that LiteLLM finds by itself; only plain API keys are checked.
    missing = missing if all(name.endswith("_API_KEY") for name in missing) else []
    if missing and not base_url:
        raise ConfigError(f"{spec} needs a key and {' or '.join(missing)} is not set: set it to your key")
    server = Server(spec, base_url or f"{provider} (through LiteLLM)", " or ".join(missing) or "its key")
    options: dict[str, Any] = {"timeout": seconds, "num_retries": 0, "max_retries": 0}
    options |= {"api_base": base_url} if base_url else {}
    options |= {"api_key": NO_KEY} if missing else {}

    async def ask(call: Call) -> Completion:
        try:
            answer = await litellm.aembedding(model=spec, input=[m.content for m in call.messages], **options)
        except PersonagenError:
            raise
        except Exception as problem:  # custom providers raise what they like
            status = getattr(problem, "status_code", None)
            headers = getattr(problem, "litellm_response_headers", None) or {}
            headers = headers or getattr(getattr(problem, "response", None), "headers", None) or {}
            code = status if isinstance(status, int) else 500
            raise error(server, Failure(code, str(problem), type(problem).__name__, retry_after(headers))) from None
        try:
            value = answer.model_dump()
            return _completion(call, value["data"], value.get("usage") or {})
        except (ValueError, TypeError, LookupError, AttributeError):
            raise garbled(server, answer) from None

    try:
        yield ask
    finally:
        # A closed client left in LiteLLM's cache would be used again by the next run of this process.
        await litellm.close_litellm_async_clients()
        litellm.in_memory_llm_clients_cache.flush_cache()


def _imported() -> Any:
    # Without it the import fetches a price list from the network.
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    import litellm

    litellm.telemetry = False
    litellm.suppress_debug_info = True
    return litellm


def _completion(call: Call, data: Sequence[Any], usage: Any) -> Completion:
    """The completion for the ``data`` of an answer, in the order of the texts."""
    rows = sorted(data, key=lambda entry: entry["index"])
    if [entry["index"] for entry in rows] != list(range(len(call.messages))):
        raise ValueError("the answer does not hold one embedding for each text")
    return Completion(
        text=packed(unit([entry["embedding"] for entry in rows])),
        usage=Usage(input_tokens=usage.get("prompt_tokens") or 0, cost_usd=None),
        model=call.model,
    )
