"""Local embedding models, through the sentence-transformers library (extra ``embed``)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

from personagen.call import LLM, Call
from personagen.encoders.embedding import packed
from personagen.encoders.encoder import unit
from personagen.errors import ConfigError
from personagen.personas.filters import Threshold
from personagen.records import Completion, Kind

# Fitted to all pairs of ALOE's 331 profiles and 71 personalities, like those of the hashed encoder: in pools of 5, 20,
# 70 and 330, a held-out profile is taken for a repeat in 0.9, 1.4, 1.3 and 1.8 % of draws. Any other model is
# calibrated on the seeds of its run.
# Reproduce: python benchmarks/filter.py --data DIR --encoder sentence-transformers/all-MiniLM-L6-v2
_MINILM: Mapping[Kind, Threshold] = {
    "profile": Threshold(0.6551, 0.0481, -0.1949, 0.8888),
    "personality": Threshold(0.8483, 0.0317, -0.3879, 0.9219),
}
THRESHOLDS = {"all-MiniLM-L6-v2": _MINILM, "sentence-transformers/all-MiniLM-L6-v2": _MINILM}


def backend(name: str) -> LLM:
    """The model ``name``, loaded at the first call; raises ConfigError if it or the extra ``embed`` is not there."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        raise ConfigError(
            "sentence-transformers is not installed: pip install 'personagen[embed]', or use --encoder hashed"
        ) from None
    model = cache(lambda: _load(SentenceTransformer, name))
    turn = asyncio.Lock()

    def encode(texts: list[str]) -> str:
        return packed(unit(model().encode(texts, convert_to_numpy=True, show_progress_bar=False)))

    async def ask(call: Call) -> Completion:
        async with turn:
            text = await asyncio.to_thread(encode, [message.content for message in call.messages])
        return Completion(text=text, model=call.model)

    return ask


def _load(model: Any, name: str) -> Any:
    try:
        # A cached model needs no network.
        with suppress(Exception):
            return model(name, local_files_only=True)
        return model(name)
    except Exception as error:
        first = str(error).strip().partition("\n")[0][:200]
        raise ConfigError(
            f"the sentence-transformers model {name} can't be loaded: {first}; give its name on the Hub or a folder"
        ) from error
