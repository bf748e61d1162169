"""A context that is too small: what a server says is left, and replies that show that it was full."""

from __future__ import annotations

import logging
import re
from dataclasses import replace

from personagen.call import Call
from personagen.errors import ReplyError
from personagen.llm.errors import CONTEXT_STATUSES, Server
from personagen.llm.failures import Failure
from personagen.llm.words import REPLY_TOO_LONG, SHORT_QUOTA, TOO_LONG
from personagen.records import Completion

MIN_REPLY_TOKENS = 64
MIN_CONTEXT_TOKENS = 128  # no server has less
MARGIN_TOKENS = 16  # servers count a template's own tokens differently from call to call
BYTES_PER_TOKEN = 3  # of a prompt whose tokens are not told; most texts have more
SAFETY = 1.05  # of an estimated prompt
FULL_SHARE = 0.95  # of max_tokens: a reply that was cut off below it did not reach them
# Hardly a tokenizer joins words, so a prompt has about as many tokens as words, or more.
MIN_TOKENS_PER_WORD, MIN_MISSING_TOKENS, MIN_COUNTED_TOKENS = 0.75, 200, 32
_NUMBER = re.compile(r"(?<![\w.])\d+(?!\w|\.\d)")
_BOUND = re.compile(
    r"(?:at least|bound for) \d+|\bvalue=\d+|\d+ characters", re.IGNORECASE
)  # vLLM's: not the prompt's tokens
_NAME = re.compile(r"[A-Za-z][\w.]*(?:-[\w.]+)+|\.\.+")  # of a model; or two dots of a range
_SUM = re.compile(r"requested|completion|prediction|generat|total tokens", re.IGNORECASE)  # of prompt and reply
_LIMITS = tuple(  # the first that is found, names it
    re.compile(words, re.IGNORECASE)
    for words in (
        r"(?:\d|\d tokens|must be) *(?:<=|>) *(\d+)",
        r"\[\d+(?:, *| to |-)(\d+)\]",
        r"\bto (\d+) \(exclusive",
        r"with (\d+) maximum",
        r"(?:context|window|limit|maximum|at most|exceeds?|only|less than|up to|allowed)[^\d]{0,60}?(?<!by )\b(\d+)",
        r"(?:(?:more|greater|larger) than|over|max_model_len is)[^\d]{0,40}(\d+)",
    )
)
log = logging.getLogger(__name__)


class Refused(set[str]):
    """The parts of a request that a server refuses, and the room it has, in tokens.

    ``context`` is for a prompt and its reply together, of which a prompt needs ``per_byte``; ``longest`` is for a
    reply. ``drops`` says that the user was told that the beginning of prompts is dropped.
    """

    context: int | None = None
    per_byte: float = 0.0
    longest: int | None = None
    drops: bool = False


def fitted(call: Call, refused: set[str]) -> Call:
    """``call`` with no more ``max_tokens`` than its server is known to have room for."""
    if not isinstance(refused, Refused) or (refused.context is None and refused.longest is None):
        return call
    wished = call.max_tokens
    room = min(wished, refused.longest or wished)
    if refused.context is not None:
        left = refused.context - int(SAFETY * refused.per_byte * _size(call)) - MARGIN_TOKENS
        room = min(room, left) if left >= MIN_REPLY_TOKENS else room
    return call if room == wished else shortened(call, room)


def shortened(call: Call, max_tokens: int) -> Call:
    """``call`` with other ``max_tokens``."""
    return replace(call, room=0, sampling=replace(call.sampling, max_tokens=max_tokens))


def learned(server: Server, refused: set[str], call: Call, failed: Failure) -> int | None:
    """The ``max_tokens`` with which ``call`` can be sent again, if ``failed`` says how much room there is.

    Later calls are ``fitted`` to it. A warning says so once.
    """
    wished = call.max_tokens
    found = room(failed, wished)
    if found is None or not isinstance(refused, Refused):
        return None
    limit, prompt = found
    bounded = prompt is None and _BOUND.search(failed.message)
    if prompt is None and not bounded and REPLY_TOO_LONG.search(f"{failed.code} {failed.message}"):
        limit -= "exclusive" in failed.message
        known, refused.longest = refused.longest, limit
        if known is None:
            log.warning("%s writes at most %s tokens: longer replies are cut off.", server.model, f"{limit:,}")
        return limit if limit < wished else None
    size = _size(call)
    prompt = prompt or size // BYTES_PER_TOKEN
    left = limit - prompt - MARGIN_TOKENS
    if bounded and not MIN_REPLY_TOKENS <= left < wished:
        left, prompt = wished // 2, limit - wished  # which the prompt exceeds, or there would be no refusal
    if not MIN_REPLY_TOKENS <= left < wished:
        return None
    if refused.context is None:
        told = "%s has a context of %s tokens: replies get at most what the prompt leaves."
        log.warning(told, server.model, f"{limit:,}")
    refused.context, refused.per_byte = limit, max(prompt / size, refused.per_byte)
    return left


def does_not_fit(server: Server, call: Call, failed: Failure) -> ReplyError | None:
    """The error for a prompt that leaves no room for a reply; None if ``failed`` does not tell the numbers."""
    found = room(failed, call.max_tokens)
    if found is None or found[1] is None or not TOO_LONG.search(f"{failed.code} {failed.message}"):
        return None
    problem = ReplyError(
        f"the prompt ({found[1]:,} tokens) does not fit into the context of {server.model} ({found[0]:,} tokens):"
        " serve it with more context, or make the prompt or the conversation shorter"
    )
    problem.cause = "context"
    return problem


def room(failed: Failure, wished: int) -> tuple[int, int | None] | None:
    """The limit that ``failed`` names and the tokens of the prompt, None if it does not say; for ``wished`` tokens of a
    reply. None if it is about something else. Of a reply alone, the limit is the largest number below ``wished``.
    """
    words = f"{failed.code} {failed.message}"
    if failed.status not in CONTEXT_STATUSES or not (TOO_LONG.search(words) or REPLY_TOO_LONG.search(words)):
        return None
    if SHORT_QUOTA.search(words):  # of the account, not of the model
        return None
    text = re.sub(r"(?<=\d)[,_](?=\d{3}\b)", "", failed.message if re.search(r"\d", failed.message) else words)
    if not TOO_LONG.search(words):
        below = (int(n) for n in _NUMBER.findall(_NAME.sub(" ", text)) if len(n) < 10)
        longest = max((n for n in below if MARGIN_TOKENS <= n < wished and n != failed.status), default=None)
        return None if longest is None else (longest, None)
    named = next((found for limit in _LIMITS if (found := limit.search(text))), None)
    if named is None:
        return None
    limit = int(named[1])
    numbers = map(int, _NUMBER.findall(_BOUND.sub("", text)))
    rest = [n for n in numbers if n not in (limit, wished) and n >= MARGIN_TOKENS]  # the others are parts of names
    prompts = (
        [n - wished for n in rest if n - wished in rest]  # it tells the sum, too
        or [n for n in rest if n < limit < n + wished]
        or [n - wished for n in rest if wished < n and _SUM.search(text)]
        or [n for n in rest if n >= limit]
    )
    return limit, max(prompts, default=None)


def checked(server: Server, refused: set[str], call: Call, answer: Completion) -> Completion:
    """``answer``, which ended for ``context`` if the context was full, or if the server dropped part of the prompt."""
    usage = answer.usage
    wished = call.max_tokens if call.sampling.max_tokens else 0
    if wished and answer.finish_reason == "length" and usage.input_tokens + usage.output_tokens >= MIN_CONTEXT_TOKENS:
        longest = refused.longest if isinstance(refused, Refused) and refused.longest else wished
        if usage.output_tokens < FULL_SHARE * min(wished, longest):
            return answer.model_copy(update={"finish_reason": "context"})
    counted = usage.input_tokens + usage.cached_input_tokens
    if counted < MIN_COUNTED_TOKENS:
        return answer
    least = MIN_TOKENS_PER_WORD * sum(m.content.count(" ") for m in call.messages) - MIN_MISSING_TOKENS
    if counted >= least:
        return answer
    words = sum(len(m.content.split()) for m in call.messages)
    if counted >= MIN_TOKENS_PER_WORD * words - MIN_MISSING_TOKENS:
        return answer
    if isinstance(refused, Refused) and not refused.drops:
        refused.drops = True
        log.warning(
            "%s read only %s tokens of a prompt of %s words: it silently drops the beginning. Serve it with more"
            " context (Ollama: OLLAMA_CONTEXT_LENGTH or num_ctx).",
            *(server.model, f"{usage.input_tokens:,}", f"{words:,}"),
        )
    return answer.model_copy(update={"finish_reason": "context"})


def _size(call: Call) -> int:
    return max(1, sum(len(m.content.encode("utf-8", "replace")) for m in call.messages))
