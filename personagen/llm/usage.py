"""Token counts and finish reason of an answer, which a server may omit or get wrong without spoiling its text."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from personagen.records import Usage

BYTES_PER_TOKEN = 4  # for reasoning that is shown and not counted
# How servers name an ending that is not the model's own, by what it means to us, the first that fits; any other is a
# normal stop. A word for a limit or a maximum is the token limit, unless it names another one.
_ENDINGS = {
    "content_filter": r"filter|safety|unsafe|recitation|blocked|blocklist|prohibit|spii|sensitive|guardrail|toxic"
    r"|moderat|flagged|violat|policy|harm(?!ony)|jailbreak|censor|risk|armor|unsupported_language|^language$",
    "refusal": r"refus|declin|reject|denied|disallow",
    "context": r"context|window|(?:^|_)n?_?ctx|model_len|position|kv_cache|cache_full|error_limit"
    r"|(?:prompt|input)_.*(?:long|large|limit|exceed)",
    "error": r"(?<!no_)error|abort|cancel|time_?d?_?out|time_limit|max_time|rate_limit|quota|interrupt|resource"
    r"|fail(?:ed|ure)|load|preempt|connect|(?:^|_)oom|out_of_mem|malform|unexpected|too_many|missing|repeti|loop"
    r"|crash|kill|internal|exception|capacity|shut_?down|unavailable|expired|user_stop|stopped_(?:by|early)|early_stop",
    "length": r"length|limit|max|budget|trunc|cut_?off|too_long|exceed|n(?:um)?_predict|out_of|exhaust|^tokens?$|^not_"
    r"|^un(?:finished|complete)|incomplete|pause_turn",
}
log = logging.getLogger(__name__)


def tokens(
    text: str,
    asked: Any,
    answered: Any,
    cached: Any = 0,
    written: Any = 0,
    *,
    apart: bool = False,
    total: Any = None,
    reasoned: Any = None,
    thoughts: Any = None,
) -> Usage:
    """The usage of an answer with ``text``, from the server's counts of input, output, cache-read and cache-written
    tokens; ``apart`` if ``asked`` does not include the last two.

    Reasoning is paid as output. Some servers count it within ``answered``, others (xAI, Gemini) only within ``total``,
    so the output is at least ``total`` minus ``asked``. ``thoughts`` are the text of reasoning that is not counted.

    Impossible counts (no input, a text without tokens, more cached than asked, a total below its parts, more reasoning
    than output, no number) give no tokens at all, at an unknown price.
    """
    counts = [_count(n) for n in (asked, answered, cached, written, reasoned, total)]
    known = [n for n in counts if n is not None]
    shown = -(-len(thoughts.encode("utf-8", "replace")) // BYTES_PER_TOKEN) if isinstance(thoughts, str) else 0
    if len(known) < len(counts) or (answered is None and total is None):
        return Usage(cost_usd=None)
    read, output, from_cache, to_cache, reasoning, whole = known
    if apart:
        read += from_cache + to_cache
    outside = 0 if whole or reasoning <= output else reasoning
    output, visible = max(output + outside, whole - read), output
    hidden = output - visible if answered is not None else 0
    contradicts = (whole and whole < read + visible) or reasoning > output
    if not read or bool(text) > bool(output) or from_cache + to_cache > read or contradicts:
        return Usage(cost_usd=None)
    return Usage(
        input_tokens=read,
        output_tokens=output,
        cached_input_tokens=from_cache,
        cache_write_input_tokens=to_cache,
        reasoning_tokens=min(reasoning or hidden or shown, output),
        cost_usd=None,
    )


def reasoning_in(counted: Mapping[str, Any]) -> Any:
    """The count of reasoning tokens in a usage object, wherever its server puts it."""
    details = [mapping(value) for name, value in counted.items() if name.endswith("_details")]
    found = (part.get(name) for part in (*details, counted) for name in ("reasoning_tokens", "thinking_tokens"))
    return next((count for count in found if count is not None), None)


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` if it is a JSON object, else an empty mapping."""
    return value if isinstance(value, dict) else {}


def word(value: Any, otherwise: str) -> str:
    """``value`` if it is a text and not empty, else ``otherwise``."""
    return value if isinstance(value, str) and value else otherwise


def finish_reason(how: Any) -> str:
    """How a reply ended: ``stop``, ``length``, ``context``, ``refusal``, ``content_filter`` or ``error``.

    Only what is known to be a cut or a refusal is one: servers have many words for a normal stop. Some put the word
    into a list, or an object (SGLang's ``{"type": "length", "length": 16}``); a number says nothing.
    """
    for _ in range(3):
        if isinstance(how, Mapping):
            how = how.get("type") or how.get("reason") or list(how.values())
        if isinstance(how, list | tuple):
            how = next(iter(how), None)
    return _ending(how[:100]) if isinstance(how, str) else "stop"


@lru_cache(256)
def _ending(how: str) -> str:
    plain = re.sub(r"\W+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", how).lower())
    found = next((meaning for meaning, words in _ENDINGS.items() if re.search(words, plain)), "stop")
    log.debug("the finish reason %r counts as %s", how, found)
    return found


def _count(value: Any) -> int | None:
    if value is None:
        return 0
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 <= value < 2**53 and value == int(value) else None
