"""The benchmark of ``personagen evaluate`` as a task of Inspect: ``inspect eval personagen/aloe --model ...``.

Needs the extra ``inspect``. Inspect asks the model under test and keeps the log; users and judge are personagen's
agents, in a run folder of their own. The same replies have the same AL(k) here and in ``personagen evaluate``
(protocol ``aloe``, ALOE, arXiv 2410.03642).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser, GenerateConfig
from inspect_ai.scorer import Metric, SampleScore, Score, Scorer, Target, metric, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from personagen.env.episode import Info
from personagen.env.waiting import WaitingEnvironment
from personagen.errors import UsageError
from personagen.metrics.alignment import curve
from personagen.prompts.files import folders, load

FIGURES = ("average", "ir", "n_ir", "r2")
RATED = "personagen_turns"  # in the store of a sample


@task
def aloe(
    personas: str | None = None,
    limit: int | None = None,
    turns: int = 10,
    user: str = "offline",
    judge: str = "offline",
    out: str = "outputs/inspect",
    **options: Any,
) -> Task:
    """How well a model aligns with a person over a conversation: AL(k), its average and its slope.

    Args:
        personas: File of personas, or a folder with profiles and personalities; by default the bundled 100.
        limit: Number of personas, evenly spread over the file.
        turns: Turns per conversation.
        user: Model that plays the users, as for ``personagen evaluate --user-model``.
        judge: Judge, as for ``--judge-model``.
        out: Run folder of users and judge; what it has stored is not asked again.
        options: Further keywords of ``personagen.env.Environment``: ``seed``, ``budget``, ``base_url`` and so on.

    Raises:
        UsageError: an option is invalid.
    """
    settings = {"personas": personas, "limit": limit, "turns": turns, "user_model": user, "judge_model": judge}
    shared = _Shared({**settings, "out": out, **options})
    samples = [
        Sample(id=persona.id, input=f"A conversation with {persona.id}", metadata={"profile": persona.profile})
        for persona in shared.env.personas
    ]
    asked = load("assistant/bare", folders(shared.env.environment.options.prompts)).sampling
    return Task(
        dataset=MemoryDataset(samples, name="aloe"),
        solver=conversation(shared),
        scorer=alignment(),
        config=GenerateConfig(temperature=asked.temperature, max_tokens=asked.max_tokens),
        metadata={"turns": turns, "user": user, "judge": judge},
    )


class _Shared:
    """The environment of a task: open while a sample needs it, so that nothing holds its folder afterwards."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.env = WaitingEnvironment(**settings)
        self._users = 0

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[WaitingEnvironment]:
        if not self._users:
            self.env.__enter__()
        self._users += 1
        try:
            yield self.env
        finally:
            self._users -= 1
            if not self._users:
                self.env.__exit__(None, None, None)


@solver
def conversation(shared: _Shared) -> Solver:
    """The user and the model under test, which gets no system text, in turn; the judge rates each reply."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        rated: list[dict[str, Any]] = []
        async with shared.opened() as env:
            episode, message = await asyncio.wrap_future(env.submit(env.environment.begin(str(state.sample_id))))
            state.messages = []
            done = False
            while not done:
                state.messages.append(ChatMessageUser(content=message))
                state = await generate(state)
                try:
                    step = await asyncio.wrap_future(env.submit(episode.step(state.output.completion)))
                except UsageError as error:  # no reply that can be used
                    rated.append({"turn": episode.turn, "score": None, "reason": str(error)})
                    break
                message, _, done, info = step
                # Reasoning is no part of the conversation that users and judge see.
                said = episode.reply
                state.messages[-1] = state.messages[-1].model_copy(update={"content": said})
                rated.append(_row(info))
        state.store.set(RATED, rated)
        return state

    return solve


def _row(info: Info) -> dict[str, Any]:
    kept = {name: info[name] for name in ("turn", "score", "reason")}
    return {**kept, **info["criteria"], "ended": info["ended"]}


@metric(scores="unreduced")
def al() -> Metric:
    """AL(1..K), ``average``, ``ir``, ``n_ir`` and ``r2``, with the 95 % interval of the first two, over personas.

    Epochs of a persona are averaged before anything else. A turn without a rated reply, and what needs one, is left
    out. Formulas: ``metrics.alignment``.
    """

    def figures(scores: list[SampleScore]) -> dict[str, float]:
        people: dict[str, list[list[float]]] = {}
        for one in scores:
            people.setdefault(str(one.sample_id), []).append((one.score.metadata or {})["scores"])
        turns = max((len(row) for rows in people.values() for row in rows), default=0)
        if not turns:
            return {}
        found = curve(np.array([_mean_row(rows, turns) for rows in people.values()]))
        shown = {f"AL({k})": interval.value for k, interval in enumerate(found.al, 1) if interval}
        for name in FIGURES:
            if interval := found.figures[name]:
                shown[name] = interval.value
                if name in ("average", "ir"):
                    shown |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
        return shown

    return figures


def _mean_row(rows: Sequence[Sequence[float | None]], turns: int) -> list[float]:
    """The mean of each turn over the epochs of a persona, NaN where there is no score."""
    columns = [[row[k] for row in rows if k < len(row) and row[k] is not None] for k in range(turns)]
    return [float(np.mean(np.array(column, np.float64))) if column else float("nan") for column in columns]


@scorer(metrics=[al()])
def alignment() -> Scorer:
    """The mean of the judge's scores of a conversation, 1 to 5; each turn's scores and reasons are in the metadata."""

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001
        turns = state.store.get(RATED, [])
        scores = [row["score"] for row in turns]
        known = [one for one in scores if one is not None]
        return Score(
            value=float(np.mean(known)) if known else float("nan"),
            answer=state.output.completion,
            explanation="\n".join(f"turn {row['turn']}: {row['score']} {row['reason']}" for row in turns),
            metadata={"scores": scores, "turns": turns},
        )

    return score
