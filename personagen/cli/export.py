"""``personagen export``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from personagen.cli import complete
from personagen.cli.common import print_summary, table
from personagen.cli.options import Command, options_of
from personagen.options import OutputOptions
from personagen.options.export import ExportOptions

EPILOG = """\b
Examples:
  personagen export outputs/run
  personagen export outputs/run --split train=0.9,test=0.1 --to parquet
  personagen export outputs/run --where "margin >= 1 and personal" --limit 1000 --out outputs/personal.jsonl
  personagen export outputs/run --balance length --out outputs/balanced.jsonl
  personagen export outputs/run --profile profile.toml --with-provenance --out outputs/chosen
  personagen export outputs/run --format aloe --with-persona --out outputs/aloe.jsonl
  personagen export outputs/run --format my_formats:sft --out outputs/sft.jsonl
"""


@click.command(cls=Command, params=options_of(ExportOptions, OutputOptions), epilog=EPILOG)
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
def export(run: str, json: bool, quiet: bool, **values: Any) -> None:
    """Write a run's data in another format.

    trl: preference pairs with an explicit prompt, for TRL's DPO and reward trainers. aloe: conversations in the schema
    of ALOE's released script. Your own function takes the trees and the pairs and yields one dict per row.
    """
    from personagen.flows.export import default_out
    from personagen.flows.export import export as flow

    chosen = ExportOptions(**values)
    out = Path(chosen.out) if chosen.out else default_out(Path(run), chosen)
    summary = flow(Path(run), chosen.format, out, chosen)
    rows = [("rows", f"{summary.rows:,}"), *((f"  {name}", f"{rows:,}") for name, rows in summary.splits.items())]
    rows.append(("bytes", f"{summary.bytes:,}"))
    rows += [("pairs" if not at else "", f"{n:,} {why}") for at, (why, n) in enumerate(summary.selection.items())]
    rows += [("reasons", summary.reasons), *(("note", note) for note in summary.notes)]
    follow = f"load: from datasets import load_dataset\n      {summary.load}"
    print_summary(summary, f"{summary.out}\n{table(rows)}\n{follow}", json=json, quiet=quiet)
