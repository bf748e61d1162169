"""Embedding models as LLMs, with the layers of other calls: a call holds texts, and its completion their vectors."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from collections.abc import Sequence

import numpy as np
import orjson

from personagen.call import LLM, Call
from personagen.encoders.encoder import Encode, FloatArray, unit
from personagen.errors import CorruptError, ServerError
from personagen.records import Message

PROMPT = "encoder/embed"
BATCH = 128
IN_FLIGHT = 4


def packed(vectors: FloatArray) -> str:
    """Vectors (n, d) as the text of a completion: a JSON list of base64 strings, each d little-endian float32."""
    return orjson.dumps([b64encode(np.asarray(vector, "<f4").tobytes()).decode() for vector in vectors]).decode()


def unpacked(text: str) -> FloatArray:
    """The reverse of ``packed``; raises CorruptError for any other text."""
    try:
        rows = [np.frombuffer(b64decode(part, validate=True), "<f4") for part in orjson.loads(text)]
        return np.stack(rows).astype(np.float32)
    except (ValueError, TypeError) as error:
        raise CorruptError(f"a stored embedding can't be read back: {error}; start a new run folder") from error


def embedding(llm: LLM, model: str, batch: int = BATCH) -> Encode:
    """An ``encode`` that asks ``llm`` for the vectors of ``batch`` texts per call, a few calls at once.

    Each text is encoded once. The calls depend only on the texts and their order, so that the journal answers all of
    them when a run is resumed. It raises ServerError if the number or the length of the vectors is wrong.
    """
    known: dict[str, FloatArray] = {}
    slots = asyncio.Semaphore(IN_FLIGHT)

    async def ask(texts: Sequence[str]) -> FloatArray:
        messages = tuple(Message(role="user", content=text) for text in texts)
        async with slots:
            answer = await llm(Call(model, messages, sample="embedding", prompt=PROMPT))
        vectors = unpacked(answer.text)
        if len(vectors) != len(texts):
            raise ServerError(f"{model} returned {len(vectors)} embeddings for {len(texts)} texts; use another model")
        return unit(vectors)

    async def encode(texts: Sequence[str]) -> FloatArray:
        new = [text for text in dict.fromkeys(texts) if text not in known]
        parts = [new[at : at + batch] for at in range(0, len(new), batch)]
        for part, vectors in zip(parts, await asyncio.gather(*map(ask, parts)), strict=True):
            known.update(zip(part, vectors, strict=True))
        if len({len(known[text]) for text in texts}) > 1:
            raise ServerError(f"{model} returned embeddings of different lengths; use another model")
        return np.stack([known[text] for text in texts]) if texts else np.zeros((0, 0), np.float32)

    return encode
