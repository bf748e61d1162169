"""``personagen export``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import click

from personagen.cli import complete
from personagen.cli.common import print_summary, table
from personagen.cli.options import Command, options_of
from personagen.options import OutputOptions, checked_texts
from personagen.options.row import FILES, FilePath, Options, Texts, option

EPILOG = """\b
Examples:
  personagen export outputs/run
  personagen export outputs/run --format aloe --out outputs/aloe.jsonl
  personagen export outputs/run --where personal --where knowable --out outputs/personal.jsonl
  personagen export outputs/run --format my_formats:sft --out outputs/sft.jsonl
  personagen export outputs/run --balance length --out outputs/balanced.jsonl
"""
Balance = Literal["length"]


@dataclass(frozen=True, kw_only=True)
class ExportOptions(Options):
    """Options of ``export``."""

    format: str = option(
        "trl", "trl, aloe, or your own function as module:function.", FILES, "FORMAT", names=("trl", "aloe")
    )
    out: FilePath | None = option(None, "File to write.", FILES, "FILE", words="RUN/FORMAT.jsonl")
    where: Texts = option(
        (),
        "Only pairs of this kind: personal, not-leaking, margin>=1, ...",
        FILES,
        "CONDITION",
        names=("personal", "knowable", "generic", "leaking", "not-", "margin>="),
    )
    balance: Balance | None = option(
        None,
        "Draw pairs in which this says nothing of which reply was chosen.",
        FILES,
        choices=get_args(Balance),
        words="all pairs",
    )


@click.command(cls=Command, params=options_of(ExportOptions, OutputOptions), epilog=EPILOG)
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
def export(
    run: str, format: str, out: str | None, where: tuple[str, ...], balance: Balance | None, **output: bool
) -> None:
    """Write a run's data in another format, as JSON lines.

    trl: preference pairs with an explicit prompt, for TRL's DPO and reward trainers. aloe: conversations in the schema
    of ALOE's released script. Your own function takes the trees and the pairs and yields one dict per row.
    """
    from personagen.flows.export import export as flow

    chosen = ExportOptions(format=format, out=out, where=where, balance=balance)
    file = Path(chosen.out or Path(run) / f"{format.rpartition(':')[2]}.jsonl")
    summary = flow(Path(run), format, file, checked_texts(chosen.where), chosen.balance)
    rows = [("rows", f"{summary.rows:,}"), ("bytes", f"{summary.bytes:,}"), *(("note", note) for note in summary.notes)]
    follow = f"load: from datasets import load_dataset\n      {summary.load}"
    print_summary(summary, f"{summary.out}\n{table(rows)}\n{follow}", **output)
