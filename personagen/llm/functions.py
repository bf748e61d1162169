"""Calls of user functions: plain ones in a thread, and their errors with file and line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable
from typing import Any

from personagen.llm.errors import Server, quoted
from personagen.plugins import is_async, location


def awaitable(function: Callable[..., Any]) -> Callable[..., Awaitable[Any]]:
    """``function`` if it is async; else one that runs it in a thread, one call at a time: it may not be thread-safe."""
    if is_async(function):
        return function
    lock = asyncio.Lock()

    async def run(*args: Any) -> Any:
        async with lock:
            answer = await asyncio.to_thread(function, *args)
        return await answer if isawaitable(answer) else answer

    return run


def raised(name: str, function: Any, error: Exception) -> str:
    """What happened in the user's ``function``: the error, without keys, and its file and line."""
    # The message may quote a URL that contains a key.
    what = f"{type(error).__name__}: {quoted(Server('', '', ''), str(error))}"
    return f"{_named(name, location(function, error))} raised {what}; correct it and run again"


def returned(name: str, function: Any, answer: Any, wanted: str) -> str:
    """That the user's ``function`` gave something else than ``wanted``, and where it is defined."""
    what = type(answer).__name__
    article = "an" if what[0] in "aeiouAEIOU" else "a"
    return f"{_named(name, location(function))} returned {article} {what}, not {wanted}; correct it"


def _named(name: str, where: str) -> str:
    return f"{name} ({where})" if where else name
