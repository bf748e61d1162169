"""What ``personagen evaluate --reward`` does and prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from personagen.cli.common import discarded_rows, failure_rows, print_summary, table
from personagen.cli.run import Rows, run_command
from personagen.errors import UsageError
from personagen.options import place
from personagen.options.evaluate import EvaluateOptions
from personagen.options.reward import RewardOptions

if TYPE_CHECKING:
    from personagen.flows.judged import JudgedSummary
    from personagen.flows.reward import RewardSummary
    from personagen.metrics.pairwise import Accuracy

OUT, JUDGE_OUT = "outputs/reward-evaluation", "outputs/judge-evaluation"
JUDGE = "judge="


def measure(reward: str, runs: tuple[str, ...], values: Mapping[str, Any]) -> None:
    """Measures ``reward`` on the pairs of the one run in ``runs``; ``values`` are the other options as given."""
    from personagen.flows.reward import evaluate_reward
    from personagen.runs.interrupt import run_sync

    name = place("--reward", str(RewardOptions(reward=reward).reward))
    if len(runs) != 1:
        raise UsageError(f"--reward {reward} needs one RUN, of simulate or a file of exported pairs, not {len(runs)}")
    source = click.get_current_context().get_parameter_source("out")
    usual = JUDGE_OUT if name.startswith(JUDGE) else OUT
    out = usual if source is click.core.ParameterSource.DEFAULT else place("--out", values["out"])
    run = Path(place("RUN", runs[0]))
    if name.startswith(JUDGE):
        _judge(name.removeprefix(JUDGE), run, {**values, "out": out, "no_report": True})
        return
    summary = run_sync(evaluate_reward(name, run, Path(out)))
    text = f"{summary.out}\n{table([*rows_of(summary)])}"
    print_summary(summary, text, json=values["json"], quiet=values["quiet"])


def _judge(model: str, run: Path, values: Mapping[str, Any]) -> None:
    """Has ``model`` rate the pairs of ``run``, as a run that can be resumed."""
    from personagen.flows.judged import evaluate_judge

    async def flow(options: EvaluateOptions, progress: Any, consent: Any) -> JudgedSummary:
        return await evaluate_judge(options, run, progress, consent)

    run_command(flow, EvaluateOptions, {**values, "judge_model": (model,)}, _described)


def _described(s: JudgedSummary) -> tuple[Rows, str]:
    rows = [*rows_of(s.accuracy)] if s.accuracy else []
    rated = f"{s.rated:,} of {s.planned:,}"
    return [
        *rows,
        ("rated pairs", rated),
        *failure_rows(s.failures),
        *discarded_rows(s.report),
    ], f"figures: {s.report.out}/reward.json"


def rows_of(s: RewardSummary) -> Iterator[tuple[str, str]]:
    """The rows of the summary: the accuracy on every kind of pair, and the best shortcut to compare it with."""
    yield "reward model", s.reward
    yield "pairs", f"{s.pairs:,} of {s.personas:,} personas, in {s.run}"
    yield "ties", f"{s.ties:,}, counted half" if s.ties else ""
    yield "accuracy", shown(s.overall)
    if s.shortcut:
        yield "best shortcut", f"{s.shortcut[0]} picks {s.shortcut[1]:.1%} of the chosen replies, and knows no user"
    kinds = dict(s.by_kind)
    hard = f", margin up to {s.hard_margin:g}" if s.hard_margin is not None else ""
    yield from ((f"  {name}", f"{shown(one)}{hard if name == 'hard' else ''}") for name, one in kinds.items())
    yield from _listed("turn", s.by_turn)
    yield from _listed("", s.by_group)
    yield from (("note", note) for note in s.notes)


def _listed(head: str, found: Mapping[str, Accuracy]) -> Rows:
    return [(f"  {head} {name}".rstrip() if head else f"  {name}", shown(one)) for name, one in found.items()]


def shown(one: Accuracy) -> str:
    """``68.1% (60.2 to 75.0) of 1,200 pairs``."""
    return f"{one.value:.1%} ({100 * one.low:.1f} to {100 * one.high:.1f}) of {one.pairs:,} pairs"
