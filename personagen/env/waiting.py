"""``WaitingEnvironment``: the environment for programs without an event loop; every call waits for its answer."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Mapping, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from personagen.env.episode import Step
from personagen.env.live import Environment
from personagen.errors import UsageError
from personagen.records import Persona

T = TypeVar("T")


class WaitingEnvironment:
    """``Environment`` with plain functions, a context manager; the loop of its calls runs in a thread of its own.

        with WaitingEnvironment(personas="personas.jsonl", turns=5) as env:
            message, done = env.reset(), False
            while not done:
                message, reward, done, info = env.step(policy(message))

    Its functions are those of ``Environment``, with the same arguments, results and errors. They may be called from
    several threads.
    """

    def __init__(self, *, weights: Mapping[str, float] | None = None, **options: Any) -> None:
        self.environment = Environment(weights=weights, **options)
        self._loop: asyncio.AbstractEventLoop | None = None

    def __enter__(self) -> WaitingEnvironment:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="personagen-environment", daemon=True)
        self._thread.start()
        try:
            self._wait(self.environment.__aenter__())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *error: Any) -> None:
        try:
            self._wait(self.environment.__aexit__(*error))
        finally:
            self._stop()

    @property
    def personas(self) -> tuple[Persona, ...]:
        """The personas to talk with."""
        return self.environment.personas

    @property
    def usage(self) -> dict[str, float | None]:
        """What this process has asked so far."""
        return self.environment.usage

    def reset(self, persona: str | Persona | None = None, *, seed: int | None = None) -> str:
        """The user's first message in a new conversation."""
        return self._wait(self.environment.reset(persona, seed=seed))

    def step(self, reply: str) -> Step:
        """(user message, reward, done, info) after ``reply``."""
        return self._wait(self.environment.step(reply))

    def reset_many(self, personas: Sequence[str | Persona | None], *, seed: int | None = None) -> list[str]:
        """The first messages of new conversations with ``personas``, begun at the same time."""
        return self._wait(self.environment.reset_many(personas, seed=seed))

    def step_many(self, replies: Sequence[str | None]) -> list[Step | None]:
        """A step of each conversation at the same time; None is for those left out."""
        return self._wait(self.environment.step_many(replies))

    def submit(self, asked: Coroutine[Any, Any, T]) -> Future[T]:
        """Starts ``asked`` in the environment's loop, for a program whose own loop is another one.

        Raises:
            UsageError: the environment is not open.
        """
        if self._loop is None:
            asked.close()
            raise UsageError("the environment is not open: write `with WaitingEnvironment(...) as env:`")
        return asyncio.run_coroutine_threadsafe(asked, self._loop)

    def _wait(self, asked: Coroutine[Any, Any, T]) -> T:
        running = self.submit(asked)
        try:
            return running.result()
        except BaseException:
            running.cancel()
            raise

    def _stop(self) -> None:
        loop, self._loop = self._loop, None
        if loop:
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()
            loop.close()
