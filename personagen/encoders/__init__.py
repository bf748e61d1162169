"""Encoders, which turn texts into vectors, by name.

hashed                          the default: no download, no network, only numpy
sentence-transformers/<name>    a local model (extra ``embed``); <name> may be a folder
anything else                   an embedding model on a server: openai/text-embedding-3-small, or any LiteLLM model
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from personagen.call import LLM
from personagen.encoders.encoder import Encoder
from personagen.llm.middleware import with_retries
from personagen.llm.prices import Price

LOCAL = "sentence-transformers/"

__all__ = ["LOCAL", "Encoder", "open_encoder"]


@asynccontextmanager
async def open_encoder(
    spec: str,
    seeds: Sequence[str],
    *,
    base_url: str | None = None,
    price: Price | None = None,
    timeout: float = 120.0,  # noqa: ASYNC109
    wrap: Callable[[LLM], LLM] = with_retries,
) -> AsyncIterator[Encoder]:
    """The encoder named ``spec``. The hashed one fits its idf to ``seeds``, others are called through ``wrap(llm)``."""
    if spec == "hashed":
        from personagen.encoders import hashed

        yield hashed.encoder(seeds)
        return
    from personagen.encoders.embedding import embedding

    if spec.startswith(LOCAL):
        from personagen.encoders import sentence_transformers as local

        name = spec.removeprefix(LOCAL)
        yield Encoder(spec, embedding(wrap(local.backend(name)), spec), local.THRESHOLDS.get(name))
        return
    from personagen.encoders import remote

    async with remote.backend(spec, base_url, price, timeout) as llm:
        yield Encoder(spec, embedding(wrap(llm), spec))
