"""``personagen evaluate``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from personagen.cli import complete
from personagen.cli.common import counts, discarded_rows, failure_rows, rejected_messages
from personagen.cli.options import Command, options_of
from personagen.cli.run import Rows, run_command
from personagen.errors import UsageError
from personagen.options import OutputOptions, place
from personagen.options.evaluate import CompareOptions, EvaluateOptions
from personagen.options.report import PageOptions
from personagen.options.reward import RewardOptions

if TYPE_CHECKING:
    from personagen.flows.evaluate import EvaluateSummary

EPILOG = """\b
Examples:
  personagen evaluate --limit 20 --baselines
  personagen evaluate --model openai/mine --user-model openai/gpt-5-mini --judge-model openai/gpt-5 --budget 5
  personagen evaluate --model openai/mine --base-url http://127.0.0.1:8000/v1 --against outputs/run
  personagen evaluate --protocol fixed --reference outputs/evaluation --out outputs/other
  personagen evaluate --compare outputs/evaluation outputs/other --out compare.html
  personagen evaluate --reward outputs/reward outputs/run
"""
FIGURES = {
    "average": "average AL",
    "ir": "slope a turn (IR)",
    "n_ir": "normalized (N-IR)",
    "r2": "fit (R2)",
    "gain": "AL({last}) - AL(1)",
    "area": "area",
}


@click.command(
    cls=Command,
    params=options_of(EvaluateOptions, CompareOptions, RewardOptions, PageOptions, OutputOptions),
    epilog=EPILOG,
)
@click.argument("runs", metavar="[RUN...]", nargs=-1, shell_complete=complete.runs)
def evaluate(runs: tuple[str, ...], compare: bool, reward: str | None, **values: Any) -> None:
    """Measure how well a model aligns with a person as the conversation goes on.

    Personas talk with the model under test, which gets no hint, and a judge rates each reply from 1 to 5 for how well
    it fits that person (ALOE, arXiv 2410.03642). AL(k) is the mean score at turn k; IR is its slope. Every figure has
    an interval over personas; see docs/evaluating.md.

    Writes trees.jsonl, ratings.jsonl, results.json and run.json. Without --model it runs offline, at no cost. The same
    command on the same folder resumes.

    With --compare it reads runs that are there, prints how they differ, and writes a page of them to --out
    (compare.html). With --reward R RUN it measures a reward model: how often it prefers the chosen reply of the pairs
    of RUN, a run of simulate or a file of exported pairs; it writes reward.json.
    """
    if compare and reward is not None:
        raise UsageError("--compare reads runs of evaluate, and --reward pairs: give one of them")
    if compare:
        from personagen.cli.aligned import compare_runs

        compare_runs([Path(place("RUN", run)) for run in runs], values)
        return
    if reward is not None:
        from personagen.cli.reward import measure

        measure(reward, runs, values)
        return
    if runs:
        raise UsageError(f"{runs[0]}: runs are for --compare and --reward; `personagen show RUN` shows one")
    from personagen.flows.evaluate import evaluate as flow

    run_command(flow, EvaluateOptions, values, describe)


def describe(s: EvaluateSummary) -> tuple[Rows, str]:
    """The rows of a summary, and what to run next."""
    out = s.report.out
    return [*outcome_rows(vars(s)), *discarded_rows(s.report)], f"next: personagen show {out}"


def outcome_rows(s: Mapping[str, Any]) -> Rows:
    """The rows about conversations and alignment, from the summary in ``run.json``."""
    results = s.get("results") or {}
    rows = [
        ("conversations", f"{s.get('conversations', 0):,} of {s.get('planned', 0):,}"),
        *failure_rows(s.get("failures", {})),
        ("rated replies", f"{s.get('rated', 0):,} of {s.get('answered', 0):,}"),
    ]
    for name, found in results.get("conditions", {}).items():
        rows += condition_rows(name, found, results.get("against_plain", {}).get(name))
    return [
        *rows,
        *audit_rows(results.get("judge", {})),
        ("rejected messages", rejected_messages(s.get("rejected_messages", {}), s.get("messages", 0))),
        ("ended early", counts(s["ended_early"]) if s.get("ended_early") else ""),
        ("unusable replies", counts(s["unusable"]) if s.get("unusable") else ""),
    ]


def condition_rows(name: str, found: Mapping[str, Any], against: Mapping[str, Any] | None) -> Rows:
    """AL(k) and its figures for one condition; for a baseline, also how it differs from the model by itself."""
    al = [one["value"] if one else None for one in found["al"]]
    figures, last = found["figures"], len(al)
    rows = [(f"AL(k) {name}", " ".join("-" if one is None else f"{one:.2f}" for one in al))]
    for key, title in FIGURES.items():
        if key == "gain" and last == 1:
            continue
        rows.append((f"  {title.format(last=last)}", _interval(figures.get(key), signed=key in ("ir", "n_ir", "gain"))))
    slope = found.get("smallest_slope")
    rows.append(("  smallest slope found", f"{slope:.3f}" if slope else ""))
    for key in ("drop", "regained", "carried", "learned"):
        if key in found:
            rows.append((f"  {key}", _interval(found[key], signed=True)))
    rows += probe_rows(found)
    if against:
        rows.append(("  average against plain", _interval(against["figures"].get("average"), signed=True)))
    return rows


def probe_rows(found: Mapping[str, Any]) -> Rows:
    """How often replies tell what was not said, and what the probes of a condition found."""
    probes = found.get("probes") or {}
    rows = [("  replies that leak", _share(found.get("leaks"), "replies"))]
    for turn, one in probes.get("recall", {}).items():
        rows.append((f"  recalled at {turn}", _share(one["recovered"], "revealed facts")))
        guessed, chance = _share(one["guessed"], "others"), _share(one["chance"], "another's")
        rows.append((f"  guessed at {turn}", f"{guessed}; by chance {chance}" if guessed and chance else guessed))
        rows.append((f"  traits at {turn}", _share(one["traits"], "traits")))
    same = probes.get("same") or {}
    rows.append(("  agrees with falsehood", _share(probes.get("agrees"), "claims")))
    rows.append(("  between people", _interval(same.get("between"))))
    rows.append(("  for one person", _interval(same.get("within"))))
    rows.append(("  difference", _interval(same.get("gap"), signed=True)))
    return rows


def audit_rows(audit: Mapping[str, Any]) -> Rows:
    """How far the judge agrees with itself, with the persona shown first, and with the panel."""
    rows = []
    rows.append(("judge asked again", _agreement(audit.get("again"))))
    rows.append(("persona shown first", _agreement(audit.get("reordered"))))
    rows.append(("  score with it first", _interval(audit.get("order"), signed=True)))
    people = audit.get("human") or {}
    rows.append(("judge and people", _agreement(people) if people.get("count") else ""))
    rows.append(("  judge minus people", _interval(people.get("difference"), signed=True)))
    rows += [(f"judge and {judge}", _agreement(found)) for judge, found in audit.get("panel", {}).items()]
    return rows


def _agreement(found: Mapping[str, Any] | None) -> str:
    if not found:
        return ""
    kappa = found.get("kappa")
    weighted = f", kappa {kappa['value']:.2f} ({kappa['low']:.2f} to {kappa['high']:.2f})" if kappa else ""
    return f"{found['same']:.0%} the same of {found['count']:,}{weighted}"


def _share(found: Mapping[str, float] | None, of: str) -> str:
    if not found:
        return ""
    bounds = f"{100 * found['low']:.1f} to {100 * found['high']:.1f}"
    return f"{found['value']:.1%} ({bounds}) of {found['count']:,.0f} {of}"


def _interval(found: Mapping[str, float] | None, *, signed: bool = False) -> str:
    if not found:
        return ""
    sign = "+" if signed else ""
    return f"{found['value']:{sign}.3f} ({found['low']:{sign}.3f} to {found['high']:{sign}.3f})"
