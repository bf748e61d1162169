"""Prices in USD per token, from the table in the LiteLLM package, read without importing LiteLLM."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson

from personagen.errors import UsageError
from personagen.llm.errors import address
from personagen.records import Usage

_TABLE = "model_prices_and_context_window_backup.json"
_HOSTS = ("openai.com", "anthropic.com")


@dataclass(frozen=True)
class Price:
    """USD per token; None for cache reads or cache writes means the price of other input."""

    input: float
    output: float
    cached_input: float | None = None
    cache_write: float | None = None

    @property
    def dearest_input(self) -> float:
        """The maximum price of an input token."""
        return max(self.input, self.cached_input or 0.0, self.cache_write or 0.0)


def parse_price(text: str) -> Price:
    """Parses ``IN,OUT``, ``IN,OUT,CACHED`` or ``IN,OUT,CACHED,WRITTEN`` in USD per million tokens.

    Raises:
        UsageError: not two to four numbers, or one is negative.
    """
    try:
        numbers = [float(part) / 1e6 for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (2, 3, 4) or not all(math.isfinite(n) and n >= 0 for n in numbers):
        raise UsageError(f"the price {text!r} is not IN,OUT in USD per million tokens, as in 0.25,2.00")
    return Price(*numbers)


def price_of(
    model: str, *, base_url: str | None = None, override: Price | None = None, batch: bool = False
) -> Price | None:
    """``override``, or the list price of a model string (``openai/gpt-5-mini``), or None if unknown.

    A ``base_url`` other than the provider's has no known price, whatever its model is called; the offline cast is free.
    ``batch`` gives the batch price: half, if the table has none. Surcharges for very long prompts are not counted.
    """
    if override is not None:
        return override
    if model.partition("/")[0] == "offline":
        return Price(0.0, 0.0)
    url = address(model, base_url)
    if url is not None and not _is_providers_own(url):
        return None
    table = _table()
    provider, _, name = model.partition("/")
    entry = table.get(model) or table.get(name, {})
    if model not in table and entry.get("litellm_provider") != provider:
        return None
    names = ("input_cost_per_token", "output_cost_per_token")
    caches = ("cache_read_input_token_cost", "cache_creation_input_token_cost")
    fresh, written = (_listed(entry, name, batch) for name in names)
    if fresh is None or written is None:
        return None
    return Price(fresh, written, *(_listed(entry, name, batch) for name in caches))


def cost(price: Price | None, usage: Usage) -> float | None:
    """The cost of ``usage`` in USD, or None if the price is unknown or the server counted no tokens."""
    if price is None or not (usage.input_tokens or usage.output_tokens):
        return None
    cached = price.input if price.cached_input is None else price.cached_input
    written = price.input if price.cache_write is None else price.cache_write
    fresh = usage.input_tokens - usage.cached_input_tokens - usage.cache_write_input_tokens
    return (
        fresh * price.input
        + usage.cached_input_tokens * cached
        + usage.cache_write_input_tokens * written
        + usage.output_tokens * price.output
    )


def _listed(entry: Mapping[str, Any], name: str, batch: bool) -> float | None:
    whole: float | None = entry.get(name)
    if not batch or whole is None:
        return whole
    return float(entry.get(f"{name}_batches") or whole / 2)


def _is_providers_own(base_url: str) -> bool:
    host = urlsplit(base_url).hostname or ""
    return any(host == own or host.endswith(f".{own}") for own in _HOSTS)


@cache
def _table() -> dict[str, dict[str, Any]]:
    spec = find_spec("litellm")
    if spec is None or spec.origin is None:
        return {}
    file = Path(spec.origin).with_name(_TABLE)
    table: dict[str, dict[str, Any]] = orjson.loads(file.read_bytes()) if file.exists() else {}
    return table
