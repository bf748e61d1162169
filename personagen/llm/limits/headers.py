"""Rate-limit headers: the seconds until an exhausted quota resets."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from datetime import datetime

# Remaining and reset: OpenAI, Anthropic, then others (draft-ietf-httpapi-ratelimit-headers before 07, GitHub).
NAMES = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
    ("anthropic-ratelimit-input-tokens-remaining", "anthropic-ratelimit-input-tokens-reset"),
    ("anthropic-ratelimit-output-tokens-remaining", "anthropic-ratelimit-output-tokens-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
)
MAX_PAUSE_SECONDS = 120.0
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|[dhms])")
_MIN_TIMESTAMP = 1e8  # a larger number is a date in seconds since 1970


def seconds_until_reset(headers: Mapping[str, str], now: float | None = None) -> float:
    """Seconds until the last exhausted quota resets, at most ``MAX_PAUSE_SECONDS``; 0 if none is exhausted.

    Header names are lower case, unless the mapping ignores case. ``now`` is in seconds since 1970.
    """
    longest = 0.0
    for remaining, reset in NAMES:
        left = headers.get(remaining)
        if left is not None and left.strip() in ("0", "0.0"):
            longest = max(longest, _seconds(headers.get(reset, ""), time.time() if now is None else now))
    return min(longest, MAX_PAUSE_SECONDS)


def _seconds(text: str, now: float) -> float:
    """``1s``, ``6m0s``, ``120ms``, a number of seconds, seconds since 1970, or a date of RFC 3339; else 0."""
    text = text.strip()
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    try:
        value = float(text)
    except ValueError:
        pass
    else:
        return max(0.0, value - now if value > _MIN_TIMESTAMP else value) if value < 1e15 else 0.0
    try:
        return max(0.0, datetime.fromisoformat(text).timestamp() - now)
    except (ValueError, OverflowError, OSError):
        return 0.0
