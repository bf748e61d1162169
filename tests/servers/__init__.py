"""Doubles of the servers that personagen asks, one file a protocol, all on the HTTP server of ``http.py``."""

from __future__ import annotations

from tests.servers.anthropic import MESSAGES, message
from tests.servers.http import Connection, Reply, Request, Server, joined, refusal, serving
from tests.servers.openai import CHAT, chat

__all__ = [
    "CHAT",
    "MESSAGES",
    "Connection",
    "Reply",
    "Request",
    "Server",
    "chat",
    "completion",
    "joined",
    "message",
    "refusal",
    "serving",
]


def completion(request: Request, text: str, usage: tuple[int, ...] | None = None) -> Reply:
    """The answer ``text``, in the protocol of the request; ``usage`` as that protocol counts it."""
    return message(text, usage=usage) if request.path.endswith("/messages") else chat(text, usage=usage)
