"""Answers in Anthropic's protocol."""

from __future__ import annotations

from typing import Any

from tests.servers.http import Reply

MESSAGES = "/v1/messages"


def message(text: str, *, stop_reason: str = "end_turn", usage: Any = None) -> Reply:
    """A message; ``usage`` is (fresh input, output, read from cache, written to it) tokens."""
    fresh, output, read, written = (*(usage or (12, 5, 0)), 0)[:4]
    counted = {"input_tokens": fresh, "output_tokens": output, "cache_read_input_tokens": read}
    counted |= {"cache_creation_input_tokens": written}
    content = [{"type": "thinking", "thinking": "hm", "signature": ""}, {"type": "text", "text": text}]
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "double", "stop_sequence": None}
    return Reply({**head, "content": content, "stop_reason": stop_reason, "usage": counted})
