"""``personagen simulate``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from personagen.cli.common import counts, discarded_rows, failure_rows, rejected_messages
from personagen.cli.options import Command, options_of
from personagen.cli.run import Rows, run_command
from personagen.options import OutputOptions, SimulateOptions

if TYPE_CHECKING:
    from personagen.flows.simulate import SimulateSummary

EPILOG = """\b
Examples:
  personagen simulate --personas outputs/pool/personas.jsonl --conversations 20 --turns 4
  personagen simulate --model openai/gpt-5-mini --model judge=openai/gpt-5 --budget 5
  personagen simulate --model openai/llama --base-url http://127.0.0.1:8000/v1
"""


@click.command(cls=Command, params=options_of(SimulateOptions, OutputOptions), epilog=EPILOG)
def simulate(**values: Any) -> None:
    """Grow conversation trees from personas, and preference pairs from the trees.

    Writes trees.jsonl, pairs.jsonl, rejections.jsonl and run.json. Without --model it runs offline, at no cost. The
    same command on the same folder resumes.
    """
    from personagen.flows.simulate import simulate as flow

    run_command(flow, SimulateOptions, values, describe)


def describe(s: SimulateSummary) -> tuple[Rows, str]:
    """The rows of a summary, and what to run next."""
    out = s.report.out
    share = f" (aware reply chosen in {s.aware_chosen / s.pairs:.0%})" if s.pairs else ""
    rows = [
        ("trees", f"{s.trees:,} of {s.conversations:,}"),
        *failure_rows(s.failures),
        ("pairs", f"{s.pairs:,} of {s.turns:,} turns{share}"),
        ("without a pair", counts(s.rejected)),
        ("rejected messages", rejected_messages(s.rejected_messages, s.messages)),
        ("repaired messages", counts(s.repaired) if s.repaired else ""),
        ("unusable replies", counts(s.unusable) if s.unusable else ""),
        ("ended early", counts(s.ended_early) if s.ended_early else ""),
        ("dropped quotes", f"{s.quotes_dropped:,}"),
        *discarded_rows(s.report),
    ]
    more = f"\n      personagen show {out} --failed" if s.failed or s.unusable or s.rejected_messages else ""
    return rows, f"next: personagen show {out}{more}\n      personagen export {out} --format trl --out {out}/trl.jsonl"
