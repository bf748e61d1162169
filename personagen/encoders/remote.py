"""Embedding models on servers: OpenAI-compatible ones, all others through LiteLLM."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import orjson

from personagen.call import LLM, Call
from personagen.encoders.embedding import packed
from personagen.encoders.encoder import unit
from personagen.errors import ConfigError, PersonagenError
from personagen.llm.connect import with_cost, with_timeout
from personagen.llm.errors import Failure, address, error, garbled, server_at
from personagen.llm.http import posting
from personagen.llm.litellm import close, failure_of, import_litellm
from personagen.llm.openai import HOST, KEY, headers, versioned
from personagen.llm.prices import Price, price_of
from personagen.llm.usage import mapping, tokens
from personagen.records import Completion


@asynccontextmanager
async def backend(spec: str, base_url: str | None, price: Price | None, seconds: float) -> AsyncIterator[LLM]:
    """The embedding model ``spec``; raises ConfigError for no key, an unknown model or an invalid ``base_url``."""
    open_ = _openai if spec.startswith("openai/") else _litellm
    async with open_(spec, address(spec, base_url), seconds) as ask:
        yield with_cost(with_timeout(ask, spec, seconds), price_of(spec, base_url=base_url, override=price))


@asynccontextmanager
async def _openai(spec: str, base_url: str | None, seconds: float) -> AsyncIterator[LLM]:
    name = spec.removeprefix("openai/")
    server = server_at(spec, base_url=versioned(base_url), host=HOST, key_name=KEY, api_key=None)
    async with posting(server, "/embeddings", headers(server), timeout=seconds) as post:

        async def ask(call: Call) -> Completion:
            # Not every compatible server supports base64.
            body = {"model": name, "input": [m.content for m in call.messages], "encoding_format": "float"}
            answer = await post(orjson.dumps(body))
            if isinstance(answer, Failure):
                raise error(server, answer)
            try:
                return _completion(call, orjson.loads(answer.body)).model_copy(update={"pause": answer.pause})
            except (ValueError, TypeError, LookupError, AttributeError):
                raise garbled(server, answer.body.decode("utf-8", "replace")) from None

        yield ask


@asynccontextmanager
async def _litellm(spec: str, base_url: str | None, seconds: float) -> AsyncIterator[LLM]:
    if "/" not in spec:
        forms = "hashed, sentence-transformers/NAME, openai/NAME or, for a LiteLLM model, PROVIDER/NAME"
        raise ConfigError(f"the encoder {spec} is unknown: write {forms}")
    litellm, server, options = import_litellm(spec, base_url, None, seconds)

    async def ask(call: Call) -> Completion:
        try:
            answer = await litellm.aembedding(model=spec, input=[m.content for m in call.messages], **options)
        except PersonagenError:
            raise
        except Exception as problem:  # custom providers raise what they like
            raise error(server, failure_of(problem)) from None
        try:
            return _completion(call, answer.model_dump())
        except (ValueError, TypeError, LookupError, AttributeError):
            raise garbled(server, answer) from None

    try:
        yield ask
    finally:
        await close(litellm)


def _completion(call: Call, value: Any) -> Completion:
    """The completion with the vectors in the answer ``value``, in the order of the texts."""
    rows = sorted(value["data"], key=lambda entry: entry["index"])
    if [entry["index"] for entry in rows] != list(range(len(call.messages))):
        raise ValueError("the answer does not hold one embedding for each text")
    vectors = unit([entry["embedding"] for entry in rows])
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise ValueError("an embedding is not a vector of finite numbers")
    usage = tokens("", mapping(value.get("usage")).get("prompt_tokens"), 0)
    return Completion(text=packed(vectors), usage=usage, model=call.model)
