"""``evaluate --reward judge=MODEL``: the judge rates both replies of each pair, for the person of the pair."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from personagen.agents import rater
from personagen.agents.ask import AgentContext, CallSite
from personagen.errors import PersonagenError, ReplyError, ServerError, UsageError
from personagen.flows.reward import RewardSummary, known_of, recorded
from personagen.flows.train import best_shortcut
from personagen.metrics.pairwise import Rewarded
from personagen.options.evaluate import EvaluateOptions
from personagen.records import ConversationTree, Persona, PreferencePair
from personagen.runs.estimate import Consent
from personagen.runs.progress import Progress
from personagen.runs.run import run as run_workflow
from personagen.runs.schedule import Result, Step, Task
from personagen.runs.workflow import Outcome, RunReport, Workflow
from personagen.store.files import read_records
from personagen.store.folder import Run
from personagen.train.rows import digest

RATED = "rewards.jsonl"


@dataclass(frozen=True)
class JudgedSummary:
    """Of the ``planned`` pairs, ``rated`` ones; the others by reason in ``failures``; and the judge's ``accuracy``.

    ``accuracy`` is None without a rated pair; ``report`` has what every run reports.
    """

    report: RunReport
    planned: int
    rated: int
    failures: dict[str, int]
    accuracy: RewardSummary | None


@dataclass(frozen=True)
class _Case:
    at: int
    pair: PreferencePair
    persona: Persona

    @property
    def id(self) -> str:
        return f"{self.pair.tree}/{self.pair.node}"


async def evaluate_judge(
    options: EvaluateOptions, run: Path, progress: Progress | None = None, consent: Consent | None = None
) -> JudgedSummary:
    """Has the judge of ``options`` rate the pairs of ``run``, a run of ``simulate``; writes ``RATED`` and ``FILE``.

    With ``limit``, the pairs of that number of personas, evenly spread. The same options on the same folder resume. It
    asks for consent and raises as ``runs.run.run`` does.
    """
    cases = _cases(run, options.limit)
    made: list[RewardSummary] = []

    def close(folder: Run, _: str) -> tuple[str, ...]:
        pairs = [*_rewarded(folder.folder / RATED, cases)]
        if pairs:
            judge = f"judge={options.models['judge']}"
            made.append(recorded(pairs, judge, run, folder.folder, best_shortcut(run)))
        return ()

    workflow = Workflow(
        command="evaluate",
        options=options,
        prompts=("judge/rate",),
        unit="pairs",
        items=cases,
        job=_task,
        planned=lambda left: f"{left:,} pairs of {run}, two ratings each",
        summarize=lambda outcome: _summary(outcome, len(cases), made),
        results=(RATED,),
        fingerprint={"pairs": digest({"pairs": run / "pairs.jsonl"})},
        attempts=options.attempts,
        calls_at_once=2.0,
        first_role="judge",
        name=lambda case: case.id,
        weight=lambda case: sum(len(message.content) for message in case.pair.prompt),
        close=close,
    )
    report, own = await run_workflow(workflow, progress, consent)
    return JudgedSummary(report=report, **own)


def _cases(run: Path, limit: int | None) -> tuple[_Case, ...]:
    if not (run / "pairs.jsonl").is_file():
        raise UsageError(f"{run} has no pairs.jsonl: a judge needs a run of `personagen simulate`, with its personas")
    people = {tree.id: tree.persona for tree in read_records(run / "trees.jsonl", ConversationTree)}
    pairs = [*read_records(run / "pairs.jsonl", PreferencePair)]
    ids = [*dict.fromkeys(pair.persona for pair in pairs)]
    count = min(limit or len(ids), len(ids))
    kept = {ids[at * len(ids) // count] for at in range(count)}
    chosen = [pair for pair in pairs if pair.persona in kept]
    if not chosen:
        raise UsageError(f"{run} has no pair; finish it with `personagen simulate`")
    return tuple(_Case(at, pair, people[pair.tree]) for at, pair in enumerate(chosen))


def _task(ctx: AgentContext, case: _Case) -> Task:
    rating = _Rating(ctx, case)
    return Task([partial(rating.rate, "chosen"), partial(rating.rate, "rejected")], rating.result)


class _Rating:
    """The two scores of a pair."""

    def __init__(self, ctx: AgentContext, case: _Case) -> None:
        self.ctx, self.case = ctx, case
        self.scores: dict[str, int] = {}
        self.failure: PersonagenError | None = None

    async def rate(self, side: str) -> list[Step]:
        """Asks for the score of the reply on this ``side``."""
        pair = self.case.pair
        rate = self.ctx.act("judge/rate", rater.rate)
        [reply] = getattr(pair, side)
        try:
            answer = await rate(self.ctx, self.case.persona, pair.prompt, reply.content, False, CallSite(self.case.id))
        except (ReplyError, ServerError) as error:
            self.failure = error
        else:
            self.scores[side] = answer.value.score
        return []

    def result(self) -> Result:
        """The line of the pair, or why there is no score."""
        if self.failure:
            unanswered = isinstance(self.failure, ServerError)
            return Result(failure=f"{self.case.id}: {self.failure}", unanswered=unanswered)
        pair = self.case.pair
        row = {"at": self.case.at, "tree": pair.tree, "node": pair.node, **dict(sorted(self.scores.items()))}
        return Result({RATED: orjson.dumps(row) + b"\n"}, {"rated": 1})


def _rewarded(file: Path, cases: Sequence[_Case]) -> Iterator[Rewarded]:
    if file.is_file():
        for line in file.read_bytes().splitlines():
            row = orjson.loads(line)
            known = known_of(cases[row["at"]].pair)
            yield Rewarded(chosen=row["chosen"], rejected=row["rejected"], **known)


def _summary(outcome: Outcome, planned: int, made: Sequence[RewardSummary]) -> dict[str, Any]:
    return {
        "planned": planned,
        "rated": outcome.counts.get("rated", 0),
        "failures": dict(outcome.failures.most_common()),
        "accuracy": made[-1] if made else None,
    }
