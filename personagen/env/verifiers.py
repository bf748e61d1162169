"""The environment for `verifiers`: ``vf-eval personagen-env``, and trainers that take its environments.

``personagen_env`` is the module by whose name verifiers finds it. A task is a persona. The policy has the seat
``assistant`` and is asked through verifiers' own interception, so that its trace has every call, with tokens where the
client gives them. Rewards are recorded on that trace by component, ``judge``, ``belief`` and ``final``, each with its
weight; their sum is that of the rewards of ``Environment`` over the conversation.

Sources: verifiers 0.4.0, ``v1/env.py``, ``v1/agent.py`` (``Interaction``), ``v1/harness.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import verifiers.v1 as vf
from pydantic import Field

from personagen.env.episode import COMPONENTS, Episode
from personagen.env.live import WEIGHTS, Environment
from personagen.errors import UsageError
from personagen.flows.cases import personas_of
from personagen.options import source
from personagen.options.environment import EnvironmentOptions

ID = "personagen-env"


class PersonaTasksetConfig(vf.TasksetConfig):
    """Whom the policy talks with: ``personas`` and ``limit`` as for ``Environment``."""

    id: str = ID
    personas: str | None = None
    limit: int | None = None


class PersonaTaskset(vf.Taskset[vf.Task, PersonaTasksetConfig]):
    """A task for each persona; its id names it, and its prompt is empty, since the user begins."""

    def load(self) -> Iterable[vf.Task]:
        """The tasks, in the order of the personas."""
        options = EnvironmentOptions(personas=self.config.personas, limit=self.config.limit)
        people, _ = personas_of(options, source(options.personas))
        for persona in people:
            yield vf.Task(vf.TaskData(id=persona.id, name=persona.id), self.config.task)


class ChatHarnessConfig(vf.HarnessConfig):
    """The harness has no settings of its own."""

    id: str = ID


class ChatHarness(vf.Harness[ChatHarnessConfig]):
    """One request for each reply, without tools, from this process."""

    SUPPORTS_RESUME = True
    APPENDS_SYSTEM_PROMPT = True
    EXECUTES_CODE = False
    NEEDS_CONTAINER = False

    async def launch(
        self,
        ctx: vf.ModelContext,
        trace: vf.Trace,  # noqa: ARG002
        runtime: vf.Runtime,  # noqa: ARG002
        endpoint: str,
        secret: str,
        mcp_urls: dict[str, str],  # noqa: ARG002
        data: vf.TaskData,
    ) -> vf.ProgramResult:
        """Asks for the next reply; the interception at ``endpoint`` keeps it."""
        from openai import AsyncOpenAI

        system, prompt = self.resolve_prompt(data)
        chat: list[Any] = [{"role": "system", "content": system}] if system else []
        chat += [{"role": one.role, "content": one.content} for one in prompt or () if not isinstance(one, str)]
        async with AsyncOpenAI(base_url=endpoint, api_key=secret, max_retries=0) as client:
            made = await client.chat.completions.create(model=ctx.model, messages=chat)
        return vf.ProgramResult(exit_code=0, stdout=made.choices[0].message.content or "", stderr="")


class PersonaEnvConfig(vf.EnvConfig):
    """The policy's seat, the turns, the weights of the reward, and ``options``: further keywords of ``Environment``."""

    assistant: vf.AgentConfig = vf.AgentConfig(runtime=vf.SubprocessConfig())  # its harness is the taskset's own
    turns: int = 10
    weights: dict[str, float] = Field(default_factory=lambda: dict(WEIGHTS))
    options: dict[str, Any] = Field(default_factory=dict)


class PersonaEnv(vf.Env[PersonaEnvConfig]):
    """Conversations with personas. One run folder serves all rollouts of an evaluation or a training step.

    A reply that can't be used, such as an empty one, ends its conversation with what it has earned so far. Other errors
    of users or judge are those of the episode.
    """

    _live: Environment | None = None

    async def start(self) -> None:
        """Opens the run folder."""
        taskset = self.config.taskset
        people = {name: getattr(taskset, name, None) for name in ("personas", "limit")}
        live = Environment(turns=self.config.turns, weights=self.config.weights, **people, **self.config.options)
        self._live = await live.__aenter__()

    async def stop(self) -> None:
        """Closes it."""
        live, self._live = self._live, None
        if live:
            await live.__aexit__(None, None, None)

    async def run(self, task: vf.Task, agents: vf.Agents) -> None:
        """One conversation with the persona of ``task``."""
        if self._live is None:
            raise UsageError("the environment is not open: run episodes inside `async with env.serving():`")
        episode, message = await self._live.begin(task.data.id)
        async with agents.assistant.interaction(task) as policy:
            sums, scores = await _talk(policy, episode, message)
        for name in COMPONENTS:
            if weight := self._live.weights[name]:
                policy.trace.record_reward(name, math.fsum(sums[name]), weight)
        policy.trace.record_metrics({f"score_{turn}": float(score) for turn, score in scores.items()})
        policy.trace.record_metric("turns", float(len(sums["judge"])))


async def _talk(
    policy: vf.Interaction, episode: Episode, message: str
) -> tuple[dict[str, list[float]], dict[int, int]]:
    """The components of each turn's reward, and the judge's score of those that it rated."""
    sums: dict[str, list[float]] = {name: [] for name in COMPONENTS}
    scores: dict[int, int] = {}
    while not episode.done:
        segment = await policy.turn(message)
        if segment.terminated:
            break
        try:
            message, _, _, info = await episode.step(segment.last_reply)
        except UsageError:
            break
        for name, value in info["components"].items():
            sums[name].append(value)
        if info["score"] is not None:
            scores[info["turn"]] = info["score"]
    return sums, scores
