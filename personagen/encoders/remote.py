"""Embedding models on servers: OpenAI-compatible ones, all others through LiteLLM."""

from __future__ import annotations

import asyncio
import logging
import re
from base64 import b64decode
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, TypeAlias

import numpy as np
import orjson

from personagen.call import LLM, Call
from personagen.encoders.embedding import packed
from personagen.encoders.encoder import FloatArray, unit
from personagen.errors import ConfigError
from personagen.llm.connect import with_cost
from personagen.llm.errors import Server, address, error, garbled, server_at
from personagen.llm.failures import Failure
from personagen.llm.http import posting
from personagen.llm.litellm import GRACE_SECONDS, close, import_litellm, problem_of
from personagen.llm.openai import HOST, KEY, failed, headers, versioned
from personagen.llm.patience import Patience
from personagen.llm.prices import Price, price_of
from personagen.llm.schema import refused_part, remember
from personagen.llm.usage import mapping, tokens
from personagen.llm.words import BAD_KEY, CREDIT, NO_MODEL, TOO_MANY_TEXTS
from personagen.records import Completion, Usage

FORMAT = "encoding_format"
_NUMBER = re.compile(r"(?<![\w.\[-])\d+(?!\w|\.\d)")  # no place in a list, and no part of a name
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """The rows of an answer, its token counts, and the seconds until an exhausted quota resets."""

    data: Sequence[Any]
    usage: Mapping[str, Any]
    pause: float = 0.0


Post: TypeAlias = Callable[[Sequence[str], float], Awaitable[Answer | Failure]]


@asynccontextmanager
async def backend(spec: str, base_url: str | None, price: Price | None, seconds: float) -> AsyncIterator[LLM]:
    """The embedding model ``spec``; raises ConfigError for no key, an unknown model or an invalid ``base_url``."""
    open_ = _openai if spec.startswith("openai/") else _litellm
    async with open_(spec, address(spec, base_url)) as (server, post):
        yield with_cost(_asking(server, post, Patience(seconds)), price_of(spec, base_url=base_url, override=price))


@asynccontextmanager
async def _openai(spec: str, base_url: str | None) -> AsyncIterator[tuple[Server, Post]]:
    name = spec.removeprefix("openai/")
    server = server_at(spec, base_url=versioned(base_url), host=HOST, key_name=KEY, api_key=None)
    refused: set[str] = set()
    async with posting(server, "/embeddings", headers(server)) as send:

        async def attempt(texts: Sequence[str], seconds: float) -> tuple[Any, list[str]]:
            body: dict[str, Any] = {"model": name, "input": list(texts)}
            if FORMAT not in refused:  # not every compatible server supports base64
                body[FORMAT] = "float"
            answer = failed(await send(orjson.dumps(body), seconds))
            return answer, [FORMAT] if FORMAT in body else []

        async def post(texts: Sequence[str], seconds: float) -> Answer | Failure:
            answer, sent = await attempt(texts, seconds)
            if isinstance(answer, Failure) and refused_part(answer, sent):
                remember(server, refused, FORMAT)
                answer, _ = await attempt(texts, seconds)
            if isinstance(answer, Failure):
                return answer
            try:
                value = orjson.loads(answer.body)
                return Answer(value["data"], mapping(value.get("usage")), answer.pause)
            except (ValueError, TypeError, LookupError, AttributeError):
                raise garbled(server, answer.body.decode("utf-8", "replace")) from None

        yield server, post


@asynccontextmanager
async def _litellm(spec: str, base_url: str | None) -> AsyncIterator[tuple[Server, Post]]:
    if "/" not in spec:
        forms = "hashed, sentence-transformers/NAME, openai/NAME or, for a LiteLLM model, PROVIDER/NAME"
        raise ConfigError(f"the encoder {spec} is unknown: write {forms}")
    litellm, server, options = import_litellm(spec, base_url, None)

    async def post(texts: Sequence[str], seconds: float) -> Answer | Failure:
        try:
            async with asyncio.timeout(seconds + GRACE_SECONDS):
                answer = await litellm.aembedding(model=spec, input=list(texts), **options, timeout=seconds)
        except Exception as problem:  # custom providers raise what they like
            return problem_of(server, problem, seconds)
        try:
            value = answer.model_dump()
            return Answer(value["data"], mapping(value.get("usage")))
        except (ValueError, TypeError, LookupError, AttributeError):
            raise garbled(server, answer) from None

    try:
        yield server, post
    finally:
        await close(litellm)


def _asking(server: Server, post: Post, patience: Patience) -> LLM:
    """``post`` as an LLM. A server that takes fewer texts at a time is sent no more from then on."""
    most: int | None = None

    async def ask(call: Call) -> Completion:
        nonlocal most
        texts = [m.content for m in call.messages]
        rows: list[FloatArray] = []
        usage, pause, done = Usage(cost_usd=None), 0.0, 0
        while done < len(texts):
            part = texts[done : done + (most or len(texts))]
            with patience.given(call) as seconds:
                answer = await post(part, seconds)
            if isinstance(answer, Failure):
                fewer = _fewer(answer, len(part))
                if fewer is None:
                    raise error(server, answer)
                if most is None or fewer < most:
                    log.warning("%s takes at most %d texts at a time.", server.model, fewer)
                    most = fewer
                continue
            try:
                rows.append(_vectors(answer.data, len(part)))
                counted = tokens("", answer.usage.get("prompt_tokens"), 0)
            except (ValueError, TypeError, LookupError, AttributeError):
                raise garbled(server, answer.data) from None
            known = counted.input_tokens and (usage.input_tokens or not done)
            usage = usage + counted if known else Usage(cost_usd=None)
            pause, done = max(pause, answer.pause), done + len(part)
        return Completion(text=packed(np.concatenate(rows)), usage=usage, model=call.model, pause=pause)

    return ask


def _fewer(failed: Failure, count: int) -> int | None:
    """How many texts a server takes that refuses ``count`` at a time; None if it refuses something else.

    The largest number below ``count`` that it names, or half of it. Numbers of tokens say nothing of texts.
    """
    words = f"{failed.code} {failed.message}"
    named = TOO_MANY_TEXTS.search(words) and not any(other.search(words) for other in (NO_MODEL, BAD_KEY, CREDIT))
    if failed.status not in (400, 413, 422) or count == 1 or not (named or failed.status == 413):
        return None
    numbers = [int(n) for n in _NUMBER.findall(failed.message) if len(n) < 10] if "token" not in words else []
    fewer = max((n for n in numbers if 0 < n < count), default=None)
    return fewer or (count // 2 if failed.status == 413 or "batch" in words or count in numbers else None)


def _vectors(data: Sequence[Any], count: int) -> FloatArray:
    """The vectors in ``data``, in the order of the texts; some servers answer in base64."""
    data = _ordered(data)
    if len(data) != count:
        raise ValueError("the answer does not hold one embedding for each text")
    vectors = unit([_numbers(entry["embedding"]) for entry in data])
    if vectors.ndim != 2 or not np.isfinite(vectors).all():
        raise ValueError("an embedding is not a vector of finite numbers")
    return vectors


def _ordered(data: Sequence[Any]) -> Sequence[Any]:
    """``data`` by index: from 0 or 1, some as a text; left out, or the same for all, it says nothing of the order."""
    told = [entry.get("index") for entry in data]
    if len(data) > 1 and len(set(map(str, told))) == 1:
        return data
    places = [at if place is None else int(place) for at, place in enumerate(told)]
    first = int(len(data) > 1 and min(places) == 1)
    if sorted(places) != list(range(first, first + len(data))):
        raise ValueError("the answer does not hold one embedding for each text")
    return [entry for _, entry in sorted(zip(places, data, strict=True), key=itemgetter(0))]


def _numbers(embedding: Any) -> Any:
    return np.frombuffer(b64decode(embedding, validate=True), "<f4") if isinstance(embedding, str) else embedding
