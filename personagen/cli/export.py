"""``personagen export``."""

from __future__ import annotations

from pathlib import Path

import click

from personagen.cli.common import options, output_options, table, tell
from personagen.options import place

EPILOG = """\b
Examples:
  personagen export outputs/run
  personagen export outputs/run --format aloe --out outputs/aloe.jsonl
  personagen export outputs/run --format my_formats:sft --out outputs/sft.jsonl
"""


@click.command(epilog=EPILOG)
@options(
    click.argument("run", metavar="RUN"),
    click.option(
        "--format",
        default="trl",
        show_default=True,
        metavar="FORMAT",
        help="trl, aloe, or a function of your own as module:function.",
    ),
    click.option("--out", metavar="FILE", help="The file to write.  [default: RUN/FORMAT.jsonl]"),
    output_options,
)
def export(run: str, format: str, out: str | None, as_json: bool, quiet: bool) -> None:
    """Write a run's data in another format, as JSON lines.

    trl: preference pairs with an explicit prompt, for TRL's DPO and reward trainers. aloe: conversations in the schema
    of ALOE's released script. A function of your own takes the trees and the pairs and yields one dict a row.
    """
    from personagen.flows.export import export as flow

    file = Path(place("--out", out)) if out is not None else Path(run) / f"{format.rpartition(':')[2]}.jsonl"
    summary = flow(Path(run), format, file)
    rows = [
        ("rows", f"{summary.rows:,}"),
        ("bytes", f"{summary.bytes:,}"),
        *(("note", note) for note in summary.notes),
    ]
    follow = f"load: from datasets import load_dataset\n      {summary.load}"
    tell(summary, f"{summary.out}\n{table(rows)}\n{follow}", as_json=as_json, quiet=quiet)
