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
    """The encoder named ``spec``. The hashed encoder fits its idf to ``seeds``.

    Models are called through ``wrap(llm)``, which adds a run's journal, budget and retries; ``price`` replaces the list
    price, and ``timeout`` is in seconds per request.

    Raises:
        ConfigError: a missing extra or key, or an unknown name; nothing was sent.
    """
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

    async with remote.backend(spec, base_url=base_url, price=price, timeout=timeout) as llm:
        yield Encoder(spec, embedding(wrap(llm), spec))
