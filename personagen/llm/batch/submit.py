"""Batch mode: sends all calls that are ready as one batch and waits for its results.

A batch is stored before it is sent and polled until it ends, by this process or a later one; meanwhile none of its
calls is sent again.
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
from personagen.llm.batch import poll
from personagen.llm.batch.poll import BatchProgress, Poller, PollPolicy
from personagen.llm.batch.protocol import BatchApi, Outcome, State
from personagen.llm.budget import CostBound
from personagen.llm.errors import error, quoted
from personagen.llm.failures import Failure
from personagen.llm.schema import refused_part, remember
from personagen.records import Completion, content_id
from personagen.store.batches import Batch, Batches

MAX_LOST_BATCHES = 5
# The outcome of a call, and the request parts that its batch omitted.
Answer: TypeAlias = tuple[Outcome, frozenset[str]]
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class BatchMode:
    """What all batches of a run share: their store, when to stop, the maximum cost of a call in USD, and progress."""

    store: Batches
    stopped: Callable[[], PersonagenError | None]
    max_cost: CostBound
    progress: BatchProgress = field(default_factory=BatchProgress)


@asynccontextmanager
async def batched(
    api: BatchApi, mode: BatchMode, policy: PollPolicy | None = None, refused: set[str] | None = None
) -> AsyncIterator[LLM]:
    """The model behind ``api`` in batch mode. Calls fail at once with the error that ``mode.stopped`` returns.

    Request parts that the model refuses are added to ``refused`` and omitted from then on. The caller must merge equal
    calls in flight. On exit, batches that were sent keep running at the provider.
    """
    submitter = _Submitter(api, mode, policy or poll.POLICY, set() if refused is None else refused)
    try:
        yield submitter.ask
    finally:
        await submitter.close()
        await api.close()


class _Submitter:
    """One endpoint: calls waiting to be sent, batches in flight, and answers not yet asked for."""

    def __init__(self, api: BatchApi, mode: BatchMode, policy: PollPolicy, refused: set[str]) -> None:
        self._api, self._mode, self._store = api, mode, mode.store
        self._poller = Poller(api, mode.progress, policy, mode.stopped)
        self._refused = refused
        self._asked: dict[str, tuple[Call, asyncio.Future[Answer]]] = {}
        self._waiting: dict[str, Call] = {}
        self._last = 0.0
        self._in_flight = _under_way(api, mode.store)
        self._followed: set[str] = set()
        self._ready: dict[str, Answer] = {}
        self._max_calls, self._one_at_a_time, self._lost = api.max_requests, False, 0
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
                    problem.status = None  # a batch has no rate limit to wait for, so this counts as a failed attempt
                raise problem
            remember(self._api.server, self._refused, part)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, call: Call) -> Answer:
        """Waits for the batch that holds the call, or for the next one."""
        if call.key in self._ready:
            return self._ready.pop(call.key)
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._asked[call.key] = call, future
        batch = self._in_flight.get(call.key)
        if batch is None:
            self._enqueue(call)
        elif batch.id not in self._followed:
            self._followed.add(batch.id)
            self._start(self._follow(batch), batch.keys)
        try:
            return await future
        finally:
            self._asked.pop(call.key, None)
            self._waiting.pop(call.key, None)

    def _enqueue(self, call: Call) -> None:
        self._waiting[call.key] = call
        self._last = self._poller.policy.clock()
        if not self._collecting:
            self._collecting = True
            self._start(self._collect(), self._waiting)

    def _start(self, work: Coroutine[Any, Any, None], keys: Collection[str]) -> None:
        """Runs ``work`` as a task. If it raises, the calls ``keys`` fail with its error instead of waiting forever."""

        async def guarded() -> None:
            try:
                await work
            except PersonagenError as problem:
                fail(problem)
            except Exception as problem:
                reason = f"{type(problem).__name__}: {quoted(self._api.server, str(problem))}"
                fail(ConfigError(f"{self._api.server.model}, batches: {reason}"))

        def fail(problem: PersonagenError) -> None:
            for _, future in [self._asked[key] for key in keys if key in self._asked]:
                if not future.done():
                    future.set_exception(problem)

        task = asyncio.create_task(guarded())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _collect(self) -> None:
        """Sends the waiting calls whenever no further call has arrived for ``settle`` seconds."""
        policy = self._poller.policy
        try:
            while self._waiting:
                while not self._is_settled():
                    await self._poller.sleep(policy.settle / 4)
                for batch, lines in self._cut():
                    self._in_flight |= dict.fromkeys(batch.keys, batch)
                    self._followed.add(batch.id)
                    self._mode.progress.batches[batch.id] = (0, len(lines))
                    self._start(self._launch(batch, lines), batch.keys)
                    if self._one_at_a_time:
                        break
        finally:
            self._collecting = False

    def _is_settled(self) -> bool:
        if self._one_at_a_time and self._followed:
            return False
        policy = self._poller.policy
        return len(self._waiting) >= self._max_calls or policy.clock() - self._last >= policy.settle

    def _cut(self) -> Iterator[tuple[Batch, list[bytes]]]:
        """Takes the waiting calls in batches within the provider's limits, each with its request lines."""
        server = self._api.server
        while self._waiting:
            now = self._poller.policy.clock()
            batch_id = content_id(now, next(iter(self._waiting)))
            keys: dict[str, float] = {}
            lines: list[bytes] = []
            size = 0
            for key, call in list(self._waiting.items())[: self._max_calls]:
                line = self._api.line(f"{batch_id}-{key}", self._api.request(call, self._refused)[0])
                size += len(line) + 1
                if lines and size > self._api.max_bytes:
                    break
                lines.append(line)
                keys[key] = self._mode.max_cost(call) or 0.0
            for key in keys:
                del self._waiting[key]
            yield Batch(batch_id, server.model, server.url, frozenset(self._refused), now, keys), lines

    async def _launch(self, batch: Batch, lines: list[bytes]) -> None:
        try:
            uploaded = await self._poller.retrying(partial(self._api.upload, batch.id, lines))
            batch = replace(batch, sent_at=self._poller.policy.clock())
            await self._store.intend(batch)
            create = partial(self._api.create, batch.id, lines, uploaded)
            provider_id = await self._poller.retrying(create, lambda problem: problem.status == 429)
            await self._store.submitted(batch.id, provider_id)
            batch = replace(batch, provider_id=provider_id)
        except ServerError:
            pass  # it may have arrived nevertheless: _follow looks for it first
        except PersonagenError:
            self._end(batch)
            await self._forget(batch, batch.keys)
            raise
        lines.clear()
        await self._follow(batch)

    async def _follow(self, batch: Batch) -> None:
        """Waits until the batch ends and answers its calls; if it never arrived, they go into the next one."""
        try:
            outcomes = await self._poller.outcomes(batch)
            if isinstance(outcomes, State):
                await self._make_room(batch, outcomes)
            if isinstance(outcomes, dict):
                self._lost = 0
                await self._forget(batch, [key for key in batch.keys if not isinstance(outcomes[key], bytes)])
                for key in batch.keys:
                    self._in_flight.pop(key, None)
                    self._give(key, (outcomes[key], batch.refused))
                return
            await self._forget(batch, batch.keys)
            for call, _ in [self._asked[key] for key in batch.keys if key in self._asked]:
                self._enqueue(call)
        finally:
            self._end(batch)
        self._lost += outcomes is None
        if self._lost >= MAX_LOST_BATCHES:
            reason = self._mode.progress.trouble or "they are not listed there"
            lost = f"the last {MAX_LOST_BATCHES} batches for {batch.model}"
            raise ConfigError(f"{batch.url} accepted none of {lost}: {reason}")

    def _give(self, key: str, answer: Answer) -> None:
        asked = self._asked.get(key)
        if asked and not asked[1].done():
            asked[1].set_result(answer)
        elif isinstance(answer[0], bytes):
            self._ready[key] = answer

    def _end(self, batch: Batch) -> None:
        self._followed.discard(batch.id)
        self._mode.progress.clear(batch.id)

    async def _forget(self, batch: Batch, keys: Collection[str]) -> None:
        await self._store.settle(batch.id, keys)
        for key in keys:
            self._in_flight.pop(key, None)

    async def _make_room(self, batch: Batch, state: State) -> None:
        """From now on sends one batch at a time, and halves its size if this one was alone and still too large."""
        if len(self._followed) == 1:
            if self._one_at_a_time and self._max_calls == 1:
                await self._forget(batch, batch.keys)
                raise error(self._api.server, state.refusal or Failure(400, "too many requests are queued"))
            self._max_calls = max(1, min(self._max_calls, len(batch.keys)) // 2)
        self._one_at_a_time = True
        await self._poller.sleep(self._poller.policy.longest)


def _under_way(api: BatchApi, store: Batches) -> dict[str, Batch]:
    """The stored batches of this endpoint, by call key."""
    sent: dict[str, Batch] = {}
    for batch in store.pending():
        if (batch.model, batch.url) == (api.server.model, api.server.url):
            sent |= dict.fromkeys(batch.keys, batch)
        elif batch.model == api.server.model:
            moved = "%d calls are in a batch at %s, but %s is now at %s: they are sent again."
            log.warning(moved, len(batch.keys), batch.url, batch.model, api.server.url)
    return sent
