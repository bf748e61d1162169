"""What turns texts into vectors, by name.

hashed                          the default: no download, no network, numpy alone
sentence-transformers/<name>    a model on this machine (extra ``embed``); <name> may be a folder
anything else                   an embedding model on a server: openai/text-embedding-3-small, or as LiteLLM has it
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from personagen.call import LLM
from personagen.encoders.encoder import Encoder, from_bytes, to_bytes
from personagen.llm.limits.retry import with_retries
from personagen.llm.prices import Price

LOCAL = "sentence-transformers/"

__all__ = ["LOCAL", "Encoder", "from_bytes", "open_encoder", "to_bytes"]


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
    """The encoder that ``spec`` names. ``seeds`` are the texts on which the hashed encoder freezes its idf.

    A model asks through ``wrap(llm)``, so that a run can put its journal, budget and retries round it; ``base_url``
    points at another server, ``price`` is what it costs there instead of the list price, and ``timeout`` is in seconds
    a request.

    Raises:
        ConfigError: the model can't be had (a missing extra or key, an unknown name); nothing was sent.
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
