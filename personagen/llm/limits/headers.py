"""How long a server asks us to wait: in rate-limit headers, in Retry-After, and in the text of a refusal."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime

MAX_PAUSE_SECONDS = 120.0
_RETRY_NAMES = (("retry-after-ms", 0.001), ("x-ms-retry-after-ms", 0.001), ("retry-after", 1.0))
_UNITS = {"d": 86400.0, "h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|us|µs|ns|[dhms])")
_MIN_TIMESTAMP, _MIN_TIMESTAMP_MS = 1e8, 1e11  # a larger number is a date in seconds or milliseconds since 1970
# draft-ietf-httpapi-ratelimit-headers: from version 07, and before 03.
_NOTHING_LEFT = re.compile(r"\br(?:emaining)?=0\b")
_LEFT_UNTIL = re.compile(r"\b(?:t|reset)=(\d+)")
_IN_WORDS = re.compile(
    r"(?:(?:try|retry)(?: \w+){0,3}? (?:in|after)|\bwait(?: for)?) (?:about |at least )?"
    r"((?:\d{1,9}(?:\.\d+)? ?(?:ms|milliseconds?|s(?:ec(?:ond)?s?)?|m(?:in(?:ute)?s?)?|h(?:(?:ou)?rs?)?|d(?:ays?)?)"
    r"(?![a-z]) ?)+)",
    re.IGNORECASE,
)
_IN_A_FIELD = re.compile(
    r'"(?:retry_?(?:delay|after)(?:_?seconds)?|estimated_time)"\s*:\s*"?(\d{1,9}(?:\.\d+)?)s?\b', re.IGNORECASE
)
_WORD = re.compile(r"(\d+(?:\.\d+)?) ?(ms|milli|[dhms])", re.IGNORECASE)


def seconds_until_reset(headers: Mapping[str, str], now: float | None = None) -> float:
    """Seconds until the last exhausted quota resets, at most ``MAX_PAUSE_SECONDS``; 0 if none is exhausted.

    Of every header that says what remains of a limit, the one named like it says when that resets. Header names are
    lower case, unless the mapping ignores case. ``now`` is in seconds since 1970.
    """
    longest, now = 0.0, time.time() if now is None else now
    for name, left in ((name.lower(), left) for name, left in headers.items()):
        if "limit" not in name:
            continue
        if "remaining" in name and left.strip() in ("0", "0.0"):
            longest = max(longest, _seconds(headers.get(name.replace("remaining", "reset"), ""), now) or 0.0)
        elif name == "ratelimit":
            quotas = (quota for quota in re.split(r",(?= *\")", left) if _NOTHING_LEFT.search(quota))
            longest = max([longest, *(float(n) for quota in quotas for n in _LEFT_UNTIL.findall(quota)[:1])])
    return min(longest, MAX_PAUSE_SECONDS)


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """The wait in seconds in ``retry-after-ms`` or ``retry-after`` (seconds or a date), or None.

    ``now`` is in seconds since 1970.
    """
    for name, unit in _RETRY_NAMES:
        wait = _seconds(headers.get(name, ""), time.time() if now is None else now)
        if wait is not None:
            return wait * unit
    return None


def wait_in(text: str) -> float | None:
    """The wait in seconds in the text of a refusal: ``try again in 1m2.5s``, ``"retryDelay": "34s"``; or None."""
    if found := _IN_A_FIELD.search(text):
        return float(found[1])
    if found := _IN_WORDS.search(text):
        return sum(float(n) * _UNITS["ms" if unit[1:] else unit.lower()] for n, unit in _WORD.findall(found[1]))
    return None


def _seconds(text: str, now: float) -> float | None:
    """``1s``, ``6m0s``, ``120ms``, a number of seconds, (milli)seconds since 1970, or a date of HTTP or RFC 3339.

    None for anything else.
    """
    text = text.strip()
    parts = _PART.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _UNITS[unit] for number, unit in parts)
    with suppress(ValueError):
        value = float(text)
        if not (math.isfinite(value) and value < 1e15):
            return None
        if value > _MIN_TIMESTAMP:
            value = (value / 1000 if value > _MIN_TIMESTAMP_MS else value) - now
        return max(0.0, value)
    for read in (datetime.fromisoformat, parsedate_to_datetime):
        with suppress(ValueError, OverflowError, OSError, TypeError, IndexError):
            return max(0.0, read(text).timestamp() - now)
    return None
