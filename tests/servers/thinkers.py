"""Models that reason before they answer, as servers show it: hidden, beside the content, or in it.

``hidden`` is like OpenAI's gpt-5-mini: it knows no ``max_tokens``, takes no temperature but 1 and no effort of
``none``, counts its reasoning within ``completion_tokens`` and shows none of it. ``apart`` is like Qwen3 behind a
reasoning parser, ``tagged`` like Qwen3 without one; both ignore that they are told not to reason.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.servers.actor import role_of, said
from tests.servers.http import Reply, Request
from tests.servers.openai import chat

REASONING = 900  # tokens before every answer
THOUGHT = 'Okay, the user wants me to play a part. {"draft": true} Let me think. '
EFFORTS = ("minimal", "low", "medium", "high")


def hidden(request: Request) -> Reply:
    """An answer of a model whose reasoning is not shown."""
    body = request.body
    if "chat_template_kwargs" in body:
        return _refused("Unrecognized request argument supplied: chat_template_kwargs", None, None)
    if "max_tokens" in body:
        words = (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead."
        )
        return _refused(words, "max_tokens", "unsupported_parameter")
    if body.get("temperature", 1) != 1:
        given = f"does not support {body['temperature']} with this model. Only the default (1) value is supported."
        return _refused(f"Unsupported value: 'temperature' {given}", "temperature", "unsupported_value")
    if body.get("reasoning_effort", "medium") not in EFFORTS:
        known = "does not support 'none' with this model. Supported values are: 'minimal', 'low', 'medium', and 'high'."
        return _refused(f"Unsupported value: 'reasoning_effort' {known}", "reasoning_effort", "unsupported_value")
    return _answer(request, body["max_completion_tokens"], lambda message, _: message)


def apart(request: Request) -> Reply:
    """An answer with its reasoning beside the content."""
    return _answer(
        request, request.body["max_tokens"], lambda message, thought: message | {"reasoning_content": thought}
    )


def tagged(request: Request) -> Reply:
    """An answer with its reasoning in the content, and no count of it."""

    def marked(message: dict[str, Any], thought: str) -> dict[str, Any]:
        answer = message["content"]
        return message | {"content": f"<think>\n{thought}" + (f"\n</think>\n\n{answer}" if answer is not None else "")}

    return _answer(request, request.body["max_tokens"], marked, counted=False)


def _answer(
    request: Request,
    room: int,
    shown: Callable[[dict[str, Any], str], dict[str, Any]],
    *,
    counted: bool = True,
) -> Reply:
    text = said(request, role_of(request))
    cut = room <= REASONING
    spent = min(room, REASONING) + (0 if cut else len(text) // 4 + 1)
    reply = chat(
        None if cut else text, finish_reason="length" if cut else "stop", usage=(len(request.raw) // 4, spent, 0)
    )
    value: dict[str, Any] = reply.body
    message = value["choices"][0]["message"]
    thought = (THOUGHT * REASONING)[: 4 * min(room, REASONING)]
    value["choices"][0]["message"] = shown(message, thought)
    if counted:
        value["usage"]["completion_tokens_details"] = {"reasoning_tokens": min(room, REASONING)}
    return Reply(value)


def _refused(words: str, parameter: str | None, code: str | None) -> Reply:
    problem = {"message": words, "type": "invalid_request_error", "param": parameter, "code": code}
    return Reply({"error": problem}, 400)
