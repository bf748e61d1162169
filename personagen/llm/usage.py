"""Token counts and finish reason of an answer, which a server may omit or get wrong without spoiling its text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personagen.records import Usage

MAX_REASON_CHARS = 40


def tokens(text: str, asked: Any, answered: Any, cached: Any = 0, written: Any = 0, *, apart: bool = False) -> Usage:
    """The usage of an answer with ``text``, from the server's counts of input, output, cache-read and cache-written
    tokens; ``apart`` if ``asked`` does not include the last two.

    Impossible counts (no input, a text without tokens, more cached than asked, no number) give no tokens at all, at an
    unknown price.
    """
    counts = [_count(n) for n in (asked, answered, cached, written)]
    known = [n for n in counts if n is not None]
    if apart and len(known) == len(counts):
        known[0] += known[2] + known[3]
    if len(known) < len(counts) or not known[0] or bool(text) > bool(known[1]) or sum(known[2:]) > known[0]:
        return Usage(cost_usd=None)
    names = ("input_tokens", "output_tokens", "cached_input_tokens", "cache_write_input_tokens")
    return Usage(**dict(zip(names, known, strict=True)), cost_usd=None)


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` if it is a JSON object, else an empty mapping."""
    return value if isinstance(value, dict) else {}


def word(value: Any, otherwise: str) -> str:
    """``value`` if it is a text and not empty, else ``otherwise``."""
    return value if isinstance(value, str) and value else otherwise


def finish_reason(how: Any, words: Mapping[Any, str]) -> str:
    """The server's finish reason, translated by ``words``; ``stop`` if it gives none."""
    if not how:
        return "stop"
    return words.get(how, how)[:MAX_REASON_CHARS] if isinstance(how, str) else "unknown"


def _count(value: Any) -> int | None:
    if value is None:
        return 0
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value < 2**53 and value == int(value) else None
