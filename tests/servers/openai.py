"""Answers in OpenAI's protocol."""

from __future__ import annotations

from typing import Any

from tests.servers.http import Reply

CHAT = "/v1/chat/completions"


def chat(text: Any, *, finish_reason: str = "stop", refusal: str | None = None, usage: Any = None) -> Reply:
    """A chat completion; ``usage`` is (prompt, completion, cached) tokens."""
    prompt, completion, cached = usage or (12, 5, 0)
    message = {"role": "assistant", "content": text, "refusal": refusal}
    counted = {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}
    counted |= {"prompt_tokens_details": {"cached_tokens": cached}}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason, "logprobs": None}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "double"}
    return Reply({**head, "choices": [choice], "usage": counted})
