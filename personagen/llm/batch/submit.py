"""A model asked by the wave: whatever is ready at one time goes together.

A wave is durable before it is sent and followed until it ends, in this process or a later one; no call of it is sent
again meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeAlias

from personagen.call import LLM, Call
from personagen.errors import ConfigError, PersonagenError, ServerError
from personagen.llm.batch import poll as watch
from personagen.llm.batch.poll import Board, Pace, Watch
from personagen.llm.batch.protocol import BatchApi, Outcome, State
from personagen.llm.budget import CostBound
from personagen.llm.errors import Failure, error, quoted
from personagen.llm.schema import refused_part, remember
from personagen.records import Completion, content_id
from personagen.store.batches import Batches, Wave

TRIES = 5
# What became of a call, and the parts that its wave had left out.
Answer: TypeAlias = tuple[Outcome, frozenset[str]]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchMode:
    """What the batches of a run share: where they are stored, when to stop waiting, what a call may cost, the board."""

    book: Batches
    stopped: Callable[[], PersonagenError | None]
    bound: CostBound
    board: Board = field(default_factory=Board)


@asynccontextmanager
async def batched(
    api: BatchApi, mode: BatchMode, pace: Pace | None = None, refused: set[str] | None = None
) -> AsyncIterator[LLM]:
    """The model behind ``api``, asked by the wave. Calls end at once with the error that ``mode.stopped`` gives.

    ``refused`` gets the parts of requests that it refuses, which are left out from then on. Equal calls in flight must
    have been merged before. At the end, what was sent goes on at the provider.
    """
    waves = _Waves(api, mode, pace or watch.PACE, set() if refused is None else refused)
    try:
        yield waves.ask
    finally:
        await waves.close()
        await api.close()


class _Waves:
    """One endpoint: calls that wait to be sent, waves under way, and answers that nobody has asked for yet."""

    def __init__(self, api: BatchApi, mode: BatchMode, pace: Pace, refused: set[str]) -> None:
        self._api, self._mode, self._book = api, mode, mode.book
        self._watch = Watch(api, mode.board, pace, mode.stopped)
        self._refused = refused
        self._asked: dict[str, tuple[Call, asyncio.Future[Answer]]] = {}
        self._waiting: dict[str, Call] = {}
        self._last = 0.0
        self._sent = _under_way(api, mode.book)
        self._followed: set[str] = set()
        self._ready: dict[str, Answer] = {}
        self._most, self._crowded, self._lost = api.most_requests, False, 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._collecting = False

    async def ask(self, call: Call) -> Completion:
        while True:
            outcome, refused = await self._answer(call)
            if isinstance(outcome, bytes):
                return self._api.completion(outcome)
            if isinstance(outcome, ServerError):
                raise outcome
            part = refused_part(outcome, self._api.request(call, refused)[1])
            if part is None:
                problem = error(self._api.server, outcome)
                if isinstance(problem, ServerError):
                    problem.status = None  # a batch has no limit to wait for as a request has: such tries are counted
                raise problem
            remember(self._api.server, self._refused, part)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, call: Call) -> Answer:
        """Waits for the wave that the call is in, or for the next one."""
        if call.key in self._ready:
            return self._ready.pop(call.key)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[call.key] = call, future
        wave = self._sent.get(call.key)
        if wave is None:
            self._enqueue(call)
        elif wave.id not in self._followed:
            self._followed.add(wave.id)
            self._start(self._follow(wave), wave.keys)
        try:
            return await future
        finally:
            self._asked.pop(call.key, None)
            self._waiting.pop(call.key, None)

    def _enqueue(self, call: Call) -> None:
        self._waiting[call.key] = call
        self._last = self._watch.pace.clock()
        if not self._collecting:
            self._collecting = True
            self._start(self._collect(), self._waiting)

    def _start(self, work: Coroutine[Any, Any, None], keys: Collection[str]) -> None:
        """Does ``work`` beside. What it raises ends the calls ``keys``: none may wait for nothing."""

        async def guarded() -> None:
            try:
                await work
            except PersonagenError as problem:
                fail(problem)
            except Exception as problem:
                told = f"{type(problem).__name__}: {quoted(self._api.server, str(problem))}"
                fail(ConfigError(f"{self._api.server.model}, batches: {told}"))

        def fail(problem: PersonagenError) -> None:
            for _, future in [self._asked[key] for key in keys if key in self._asked]:
                if not future.done():
                    future.set_exception(problem)

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _collect(self) -> None:
        """Sends what waits, each time when no further call has come for a while."""
        pace = self._watch.pace
        try:
            while self._waiting:
                while not self._is_settled():
                    await self._watch.sleep(pace.settle / 4)
                for wave, lines in self._cut():
                    self._sent |= dict.fromkeys(wave.keys, wave)
                    self._followed.add(wave.id)
                    self._mode.board.waves[wave.id] = (0, len(lines))
                    self._start(self._launch(wave, lines), wave.keys)
                    if self._crowded:
                        break
        finally:
            self._collecting = False

    def _is_settled(self) -> bool:
        if self._crowded and self._followed:
            return False
        pace = self._watch.pace
        return len(self._waiting) >= self._most or pace.clock() - self._last >= pace.settle

    def _cut(self) -> Iterator[tuple[Wave, list[bytes]]]:
        """Takes the calls that wait, as waves within the provider's limits, each with its requests."""
        server = self._api.server
        while self._waiting:
            now = self._watch.pace.clock()
            wave_id = content_id(now, next(iter(self._waiting)))
            keys: dict[str, float] = {}
            lines: list[bytes] = []
            size = 0
            for key, call in list(self._waiting.items())[: self._most]:
                line = self._api.line(f"{wave_id}-{key}", self._api.request(call, self._refused)[0])
                size += len(line) + 1
                if lines and size > self._api.most_bytes:
                    break
                lines.append(line)
                keys[key] = self._mode.bound(call) or 0.0
            for key in keys:
                del self._waiting[key]
            yield Wave(wave_id, server.model, server.url, frozenset(self._refused), now, keys), lines

    async def _launch(self, wave: Wave, lines: list[bytes]) -> None:
        try:
            uploaded = await self._watch.patiently(partial(self._api.upload, wave.id, lines))
            wave = replace(wave, made=self._watch.pace.clock())
            await self._book.intend(wave)
            create = partial(self._api.create, wave.id, lines, uploaded)
            batch = await self._watch.patiently(create, lambda problem: problem.status == 429)
            await self._book.submitted(wave.id, batch)
            wave = replace(wave, batch=batch)
        except ServerError:
            pass  # it may have arrived all the same: following it begins with looking for it
        except PersonagenError:
            self._end(wave)
            await self._forget(wave, wave.keys)
            raise
        lines.clear()
        await self._follow(wave)

    async def _follow(self, wave: Wave) -> None:
        """Waits for the wave's end and answers its calls; those that were never sent go into the next one."""
        try:
            outcomes = await self._watch.outcomes(wave)
            if isinstance(outcomes, State):
                await self._make_room(wave, outcomes)
            if isinstance(outcomes, dict):
                self._lost = 0
                await self._forget(wave, [key for key in wave.keys if not isinstance(outcomes[key], bytes)])
                for key in wave.keys:
                    self._sent.pop(key, None)
                    self._give(key, (outcomes[key], wave.refused))
                return
            await self._forget(wave, wave.keys)
            for call, _ in [self._asked[key] for key in wave.keys if key in self._asked]:
                self._enqueue(call)
        finally:
            self._end(wave)
        self._lost += outcomes is None
        if self._lost >= TRIES:
            said = self._mode.board.trouble or "they are not listed there"
            raise ConfigError(f"{wave.url} took none of the last {TRIES} batches for {wave.model}: {said}")

    def _give(self, key: str, answer: Answer) -> None:
        asked = self._asked.get(key)
        if asked and not asked[1].done():
            asked[1].set_result(answer)
        elif isinstance(answer[0], bytes):
            self._ready[key] = answer

    def _end(self, wave: Wave) -> None:
        self._followed.discard(wave.id)
        self._mode.board.clear(wave.id)

    async def _forget(self, wave: Wave, keys: Collection[str]) -> None:
        await self._book.settle(wave.id, keys)
        for key in keys:
            self._sent.pop(key, None)

    async def _make_room(self, wave: Wave, state: State) -> None:
        """From now on one batch at a time; half as large, where this one alone was too much."""
        if len(self._followed) == 1:
            if self._crowded and self._most == 1:
                await self._forget(wave, wave.keys)
                raise error(self._api.server, state.refusal or Failure(400, "too much is queued"))
            self._most = max(1, min(self._most, len(wave.keys)) // 2)
        self._crowded = True
        await self._watch.sleep(self._watch.pace.longest)


def _under_way(api: BatchApi, book: Batches) -> dict[str, Wave]:
    """The stored waves of this endpoint by the keys of their calls."""
    sent: dict[str, Wave] = {}
    for wave in book.pending():
        if (wave.model, wave.url) == (api.server.model, api.server.url):
            sent |= dict.fromkeys(wave.keys, wave)
        elif wave.model == api.server.model:
            told = "%d calls are in a batch at %s, but %s is asked at %s now: they are sent anew."
            log.warning(told, len(wave.keys), wave.url, wave.model, api.server.url)
    return sent
