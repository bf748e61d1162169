"""``personagen simulate``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from personagen.cli.common import counts, discarded_rows, failure_rows, rejected_messages
from personagen.cli.measures import judge_rows, shortcut_rows
from personagen.cli.options import Command, options_of
from personagen.cli.realism import realism_rows
from personagen.cli.run import Rows, run_command
from personagen.options import OutputOptions, SimulateOptions
from personagen.options.report import PageOptions

if TYPE_CHECKING:
    from personagen.flows.simulate import SimulateSummary

EPILOG = """\b
Examples:
  personagen simulate --personas outputs/pool/personas.jsonl --conversations 20 --turns 4
  personagen simulate --model openai/gpt-5-mini --model judge=openai/gpt-5 --budget 5
  personagen simulate --model openai/llama --base-url http://127.0.0.1:8000/v1
"""


@click.command(cls=Command, params=options_of(SimulateOptions, PageOptions, OutputOptions), epilog=EPILOG)
def simulate(**values: Any) -> None:
    """Grow conversation trees from personas, and preference pairs from the trees.

    Writes trees.jsonl, pairs.jsonl, rejections.jsonl and run.json; trajectories.jsonl too if several branches of a tree
    continue (docs/trees.md). Without --model it runs offline, at no cost. The same command on the same folder resumes.
    """
    from personagen.flows.simulate import simulate as flow

    run_command(flow, SimulateOptions, values, describe)


def describe(s: SimulateSummary) -> tuple[Rows, str]:
    """The rows of a summary, and what to run next."""
    out = s.report.out
    *rows, ended = outcome_rows(vars(s))
    rows += [
        ("repaired messages", counts(s.repaired) if s.repaired else ""),
        ended,
        ("dropped quotes", f"{s.quotes_dropped:,}"),
        *realism_rows(s.realism),
        *discarded_rows(s.report),
    ]
    more = f"\n      personagen show {out} --failed" if s.failed or s.unusable or s.rejected_messages else ""
    return rows, f"next: personagen show {out}{more}\n      personagen export {out} --format trl --out {out}/trl.jsonl"


def outcome_rows(s: Mapping[str, Any]) -> Rows:
    """The rows about trees, pairs and messages, from the summary in ``run.json``."""
    pairs, paired = s.get("pairs", 0), s.get("paired_turns", s.get("pairs", 0))
    share = f" (aware reply chosen in {s['aware_chosen'] / pairs:.0%})" if pairs and "aware_chosen" in s else ""
    return [
        ("trees", f"{s.get('trees', 0):,} of {s.get('conversations', 0):,}"),
        *failure_rows(s.get("failures", {})),
        ("pairs", f"{pairs:,} {'of' if pairs == paired else f'in {paired:,} of'} {s.get('turns', 0):,} turns{share}"),
        *verdict_rows(s.get("verdicts", {}), pairs),
        ("trajectory pairs", f"{s['trajectories']:,}" if s.get("trajectories") else ""),
        ("twins", twins(s.get("twins", {}))),
        ("without a pair", counts(s.get("rejected", {}))),
        *judge_rows(s.get("judge", {}), s.get("checks", {})),
        *shortcut_rows(s.get("shortcuts", {})),
        ("rejected messages", rejected_messages(s.get("rejected_messages", {}), s.get("messages", 0))),
        ("unusable replies", counts(s.get("unusable", {})) if s.get("unusable") else ""),
        ("ended early", counts(s.get("ended_early", {})) if s.get("ended_early") else ""),
    ]


def twins(made: Mapping[str, int]) -> str:
    """How many conversations were grown as twins, and the pairs they gave; empty without any."""
    return f"{made.get('pairs', 0):,} pairs of {made['conversations']:,} conversations" if made else ""


def verdict_rows(counts: Mapping[str, int], pairs: int) -> Rows:
    """What the verdicts of all pairs rest on, and what other personas and nobody prefer, as far as it is known."""
    rows = []
    for title, known, names in _RESTS_ON:
        whole = counts.get(known, 0)
        shares = [f"{(counts.get(name, 0) / whole):.0%} {text}" for name, text in names.items()] if whole else []
        told = "" if whole == pairs else f" (of {whole:,} pairs)"
        rows.append((title, f"{', '.join(shares)}{told}" if shares else ""))
    return rows


_RESTS_ON = (
    ("grounds", "grounds", {"knowable": "knowable", "generic": "generic", "leaking": "leaking"}),
    ("other personas", "compared", {"personal": "personal", "personal_and_knowable": "personal and knowable"}),
    ("pooled verdict", "pooled", {"agrees": "prefer the chosen reply"}),
)
