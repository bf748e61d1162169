"""``Environment``: conversations with personas, in a run folder, as many at once as are begun."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Any

from personagen.env.episode import COMPONENTS, Episode, Step
from personagen.env.session import opened, used
from personagen.errors import UsageError
from personagen.flows.cases import Case, personas_of
from personagen.options import source
from personagen.options.environment import EnvironmentOptions
from personagen.options.row import rows_of
from personagen.personas.topics import load_topics
from personagen.ratings import PLAIN
from personagen.records import Persona
from personagen.runs.session import Session

WEIGHTS: Mapping[str, float] = {"judge": 1.0, "belief": 0.0, "final": 0.0}
log = logging.getLogger(__name__)


class Environment:
    """Personas to talk with, an async context manager.

        async with Environment(personas="personas.jsonl", turns=5, out="outputs/environment") as env:
            message = await env.reset()
            message, reward, done, info = await env.step("How can I help?")

    Keywords are those of ``EnvironmentOptions``: ``personas``, ``turns``, ``model``, ``user_model``, ``judge_model``,
    ``observer_model``, ``out``, ``seed``, ``budget``, ``max_calls``, ``concurrency``, ``base_url`` and so on. Without a
    model the offline cast plays every part. ``weights`` are those of the ``COMPONENTS`` of the reward (``Episode``); a
    component with weight 0 costs no call.

    Every answer is stored in ``out`` before it is used: the same replies to the same personas ask nothing twice, in
    this process or a later one, and bring the same rewards. Conversations of one persona with one seed begin alike, as
    a group of rollouts does.

    Raises:
        UsageError: an option or weight is invalid, or ``out`` holds another run.
    """

    def __init__(self, *, weights: Mapping[str, float] | None = None, **options: Any) -> None:
        known = {row.name for row in rows_of(EnvironmentOptions)}
        if wrong := sorted(options.keys() - known):
            raise UsageError(f"Environment has no keyword {wrong[0]}; it has {', '.join(sorted(known))}")
        self.options = EnvironmentOptions(**options)
        self.weights = _weights(weights)
        self.personas, notes = personas_of(self.options, source(self.options.personas))
        for note in notes:
            log.warning("%s", note)
        self._by_id = {persona.id: persona for persona in self.personas}
        self._topics = load_topics(self.options.topics)
        self._episodes: list[Episode] = []
        self._stack: AsyncExitStack | None = None
        self._session: Session | None = None
        self._next = 0

    async def __aenter__(self) -> Environment:
        async with AsyncExitStack() as stack:
            self._session = await stack.enter_async_context(opened(self.options, self.personas, self._topics))
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *error: Any) -> None:
        stack, self._stack, self._session = self._stack, None, None
        if stack:
            await stack.__aexit__(*error)

    @property
    def usage(self) -> dict[str, float | None]:
        """What this process has asked so far: calls, those answered from the journal, tokens, and the cost in USD."""
        return used(self._open())

    async def begin(self, persona: str | Persona | None = None, *, seed: int | None = None) -> tuple[Episode, str]:
        """A conversation of its own with ``persona``, and the user's first message; ``reset`` is for one at a time.

        ``persona`` is one of ``personas`` or its id; None takes them in turn. ``seed`` draws what the user brings up
        (``seed`` of the options).

        Raises:
            UsageError: there is no such persona, or the environment is not open.
            ReplyError: no usable first message came.
        """
        session, chosen = self._open(), self._chosen(persona)
        case = Case(
            persona=chosen,
            condition=PLAIN,
            turns=self.options.turns,
            seed=self.options.seed if seed is None else seed,
            topics=self._topics,
            other=chosen,
            later=chosen,
        )
        episode = Episode(session.ctx, case, self.weights, lambda: used(session))
        return episode, await episode.begin()

    async def reset(self, persona: str | Persona | None = None, *, seed: int | None = None) -> str:
        """Begins the conversation that ``step`` continues; returns the user's first message. Raises as ``begin``."""
        [message] = await self.reset_many([persona], seed=seed)
        return message

    async def step(self, reply: str) -> Step:
        """(user message, reward, done, info) after ``reply``. Raises as ``Episode.step``."""
        [step] = await self.step_many([reply])
        assert step
        return step

    async def reset_many(self, personas: Sequence[str | Persona | None], *, seed: int | None = None) -> list[str]:
        """Begins a conversation with each of ``personas`` at the same time; returns their first messages in order."""
        chosen = [self._chosen(persona) for persona in personas]
        begun = await _all([self.begin(persona, seed=seed) for persona in chosen])
        self._episodes = [episode for episode, _ in begun]
        return [message for _, message in begun]

    async def step_many(self, replies: Sequence[str | None]) -> list[Step | None]:
        """A step of each conversation of the last reset at the same time; None, in and out, is for those left out.

        Raises:
            UsageError: there are more or fewer replies than conversations, or as ``Episode.step``.
        """
        if len(replies) != len(self._episodes):
            raise UsageError(f"{len(replies)} replies for {len(self._episodes)} conversations: give one each, or None")
        pairs = zip(self._episodes, replies, strict=True)
        return await _all([_left_out() if reply is None else episode.step(reply) for episode, reply in pairs])

    def _open(self) -> Session:
        if self._session is None:
            raise UsageError("the environment is not open: write `async with Environment(...) as env:`")
        return self._session

    def _chosen(self, persona: str | Persona | None) -> Persona:
        if persona is None:
            self._next += 1
            return self.personas[(self._next - 1) % len(self.personas)]
        name = persona if isinstance(persona, str) else persona.id
        found = self._by_id.get(name)
        if found is None or (not isinstance(persona, str) and persona != found):
            raise UsageError(f"there is no persona {name} among the {len(self.personas)} of this environment")
        return found


def _weights(given: Mapping[str, float] | None) -> dict[str, float]:
    """The weight of every component; of those not given 0, of all the usual ones if nothing is given."""
    weights = dict(WEIGHTS if given is None else given)
    if wrong := sorted(weights.keys() - set(COMPONENTS)):
        raise UsageError(f"weights: there is no component {wrong[0]}; there are {', '.join(COMPONENTS)}")
    if bad := [name for name, value in weights.items() if not math.isfinite(value)]:
        raise UsageError(f"weights: that of {bad[0]} is no number")
    return {name: float(weights.get(name, 0.0)) for name in COMPONENTS}


async def _all(awaited: Sequence[Any]) -> list[Any]:
    """All results in order; the first error is raised once nothing is in flight."""
    found = await asyncio.gather(*awaited, return_exceptions=True)
    for one in found:
        if isinstance(one, BaseException):
            raise one
    return found


async def _left_out() -> None:
    return None
