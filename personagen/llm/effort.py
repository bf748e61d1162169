"""The request fields that set how much a model reasons; every kind of server has its own.

``none`` means off, or as little as the model offers. A field or value that a server refuses is left out, and the next
lower offer is made: each is a part of the request, named by the field and the value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

import orjson

from personagen.call import Sampling

# Effort asked for -> the values to try, in order.
OFFERS = {"none": ("none", "minimal", "low"), "low": ("low",), "medium": ("medium",), "high": ("high",)}
# Budgets in tokens for servers that take no words; the values that LiteLLM and others use lie near.
BUDGETS = {"low": 1024, "medium": 4096, "high": 16384}
MIN_BUDGET = 1024  # of Anthropic's
# Models that reason unless told not to, by the names that their makers use.
_REASONS = re.compile(
    r"(?:^|[/_.-])(?:o\d(?:$|[-_:.])|gpt-(?:[5-9]|oss)|gemini-(?:2\.5|[3-9])|grok-(?:3-mini|[4-9])|qwq|qvq|magistral"
    r"|glm-(?:4\.[5-9]|[5-9])|minimax-m\d|kimi-k\d|seed-oss|smollm3|nemotron|mimo|hunyuan|ernie-\d|step-?\d|exaone"
    r"|claude-(?:mythos|fable))"
    r"|qwen-?3|deepseek-(?:r\d|reasoner|v4)|deepseek.*r1|reason(?:er|ing)",
    re.IGNORECASE,
)
# Whatever else their names say.
_REASONS_ALWAYS = re.compile(r"(?<![a-z])(?<!non-)think(?:ing|er)?(?![a-z])|seed-oss|hunyuan-a\d", re.IGNORECASE)
_DOES_NOT = re.compile(
    r"instruct|non-?(?:thinking|reasoning)|gpt-5[\w.]*-chat|qwen-?3-(?:coder|max|next)", re.IGNORECASE
)
# Hosts whose field for it differs; all that are not here get the fields of open servers.
_EFFORT_HOSTS = ("openai.com", "azure.com", "googleapis.com", "x.ai", "groq.com", "mistral.ai", "perplexity.ai")
_TYPE_HOSTS = ("deepseek.com", "z.ai", "bigmodel.cn", "moonshot.ai", "moonshot.cn", "volces.com")
_SWITCH_HOSTS = ("aliyuncs.com", "siliconflow.cn", "siliconflow.com")

# What a refusal calls a part, by the first word of its name.
_CALLED = {
    "reasoning_effort": r"reasoning[_. ]?effort|think value|support thinking",  # Ollama's words
    "chat_template_kwargs": r"chat_template\w*|enable_thinking",
    "enable_thinking": r"enable_thinking|thinking_budget",
    "thinking": r"thinking\.\w+|budget_tokens|output_config.effort",
}
# Without a name of the field, and if nothing else is named.
_ABOUT = re.compile(r"\b(?:reasoning|think|thinking(?:_\w+)?|effort|budget)\b", re.IGNORECASE)
_NO_SUCH_FIELD = re.compile(
    r"unrecognized|unknown (?!variant)|unexpected|extra[_ ](?:forbidden|inputs|fields)|unsupported[_ ]parameter"
    r"|not support param|no endpoints",
    re.IGNORECASE,
)
_FIELDS = ("reasoning_effort", "chat_template_kwargs", "enable_thinking", "thinking", "reasoning")
LOWEST = (" none", " minimal", " disabled")  # the ends of parts that ask for no reasoning

Offers = list[tuple[str, dict[str, Any]]]


def reasons(model: str) -> bool:
    """Whether the model of this name is known to reason unless told not to."""
    known = _REASONS.search(model) and not _DOES_NOT.search(model)
    return bool(known or _REASONS_ALWAYS.search(model))


def budget(reasoning: str) -> int:
    """The tokens of reasoning that ``none``, an effort or a number asks for; 0 if it is off or left to the server."""
    return int(reasoning) if reasoning.isdecimal() else BUDGETS.get(reasoning, 0)


def openai_fields(host: str, model: str, reasoning: str, refused: Collection[str]) -> tuple[dict[str, Any], list[str]]:
    """The fields for a server with OpenAI's protocol, and the names of these parts.

    ``host`` is its name, empty for LiteLLM, which translates efforts for every provider itself.
    """
    if not reasoning:
        return {}, []
    if not host or _is(host, _EFFORT_HOSTS):
        # These refuse the field for models that do not reason.
        known = reasons(model) or reasoning != "none"
        return _first(_efforts(reasoning), refused) if known else ({}, [])
    off = reasoning == "none"
    if _is(host, ("openrouter.ai",)):
        offers: Offers = [(f"reasoning {v}", {"reasoning": {"effort": v}}) for v in OFFERS[_effort(reasoning)]]
        if reasoning.isdecimal():
            offers.insert(0, ("reasoning max_tokens", {"reasoning": {"max_tokens": int(reasoning)}}))
        return _first(offers, refused)
    if _is(host, _TYPE_HOSTS):
        return _first([("thinking", {"thinking": {"type": "disabled" if off else "enabled"}})], refused)
    if _is(host, _SWITCH_HOSTS):
        switch: dict[str, Any] = {"enable_thinking": not off}
        switch |= {"thinking_budget": int(reasoning)} if reasoning.isdecimal() else {}
        return _first([("enable_thinking", switch)], refused)
    return _open_server_fields(reasoning, refused)


def anthropic_fields(reasoning: str, refused: Collection[str]) -> tuple[dict[str, Any], list[str]]:
    """The fields for a server with Anthropic's protocol, and the names of these parts."""
    if not reasoning:
        return {}, []
    if reasoning == "none":
        return _first([("thinking disabled", {"thinking": {"type": "disabled"}})], refused)
    tokens, effort = max(MIN_BUDGET, budget(reasoning)), {"effort": _effort(reasoning)}
    offers: Offers = [
        ("thinking enabled", {"thinking": {"type": "enabled", "budget_tokens": tokens}}),
        ("thinking adaptive", {"thinking": {"type": "adaptive"}, "output_config": effort}),
    ]
    return _first(offers, refused)


def refused_effort(words: str, sent: Collection[str], *, loosely: bool = False) -> str | None:
    """The part of ``sent`` about reasoning that a refusal in these ``words`` means; or None.

    It is named by its field; ``loosely`` also by its value, or by any word for reasoning.
    """
    efforts = [part for part in sent if part.partition(" ")[0] in _FIELDS]
    if loosely:  # a switch last: a server that knows it knows what it means
        efforts.sort(key=lambda part: " " not in part)
    for part in efforts:
        field, _, value = part.partition(" ")
        named = rf"\b(?:{_CALLED.get(field, field)})\b" + (rf"|['\"`]{value}['\"`]" if loosely and value else "")
        if re.search(named, words, re.IGNORECASE) or (loosely and _ABOUT.search(words)):
            return field if _NO_SUCH_FIELD.search(words) else part
    return None


def with_extra(body: Mapping[str, Any], sampling: Sampling) -> dict[str, Any]:
    """``body`` with the further fields that the user gives; objects are joined, so that what is set beside them stays.

    The schema of a reply stays too.
    """
    fields: dict[str, Any] = orjson.loads(sampling.extra) if sampling.extra else {}
    for name, value in fields.items():
        ours = body.get(name)
        if isinstance(ours, dict) and isinstance(value, dict):
            fields[name] = ours | value | {key: ours[key] for key in ("format",) if key in ours}
    return {**body, **fields}


def _open_server_fields(reasoning: str, refused: Collection[str]) -> tuple[dict[str, Any], list[str]]:
    """For vLLM, SGLang and llama.cpp a switch of the chat template, for Ollama and gpt-oss an effort."""
    on = reasoning != "none"
    effort = _effort(reasoning)
    template = {"enable_thinking": on, "thinking": on, "reasoning_effort": effort if on else "low"}
    switch, parts = _first([("chat_template_kwargs", {"chat_template_kwargs": template})], refused)
    word, more = _first(_efforts(reasoning), refused)
    return switch | word, parts + more


def _efforts(reasoning: str) -> Offers:
    return [(f"reasoning_effort {value}", {"reasoning_effort": value}) for value in OFFERS[_effort(reasoning)]]


def _effort(reasoning: str) -> str:
    """An effort in words: of a number of tokens, the one with the nearest budget from above."""
    if not reasoning.isdecimal():
        return reasoning
    return next((word for word, tokens in BUDGETS.items() if int(reasoning) <= tokens), "high")


def _first(offers: Offers, refused: Collection[str]) -> tuple[dict[str, Any], list[str]]:
    for name, found in offers:
        if name not in refused and name.partition(" ")[0] not in refused:
            return found, [name]
    return {}, []


def _is(host: str, names: Collection[str]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)
