"""The particulars of an answer that a server may leave out or get wrong, without its text being worth less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from personagen.records import Usage

_LONGEST = 40


def tokens(text: str, asked: Any, answered: Any, cached: Any = 0, written: Any = 0, *, apart: bool = False) -> Usage:
    """The usage of an answer with ``text`` as a server counts it: tokens in and out, of the input read from a cache and
    written to one; ``apart`` says that those two are not counted within the input.

    What can't be true (nothing asked, a text of no tokens, more cached than asked, no number) counts as unknown: no
    tokens at all, for which nobody takes a low price.
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
    """``value`` where it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def word(value: Any, otherwise: str) -> str:
    """``value`` where it is a text that says something, else ``otherwise``."""
    return value if isinstance(value, str) and value else otherwise


def finish_reason(how: Any, words: Mapping[Any, str]) -> str:
    """How an answer ended, in our words where ``words`` has one; ``stop`` where nothing is said."""
    if not how:
        return "stop"
    return words.get(how, how)[:_LONGEST] if isinstance(how, str) else "unknown"


def _count(value: Any) -> int | None:
    if value is None:
        return 0
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value < 2**53 and value == int(value) else None
