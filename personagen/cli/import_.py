"""``personagen import`` and its subcommand ``aloe``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from personagen.cli.common import print_summary, table
from personagen.cli.options import Command, options_of
from personagen.options import OutputOptions, place
from personagen.options.row import FILES, FilePath, Options, option

EPILOG = """\b
Examples:
  personagen import aloe aloe.jsonl --out outputs/aloe
  personagen import aloe profile.jsonl personality.jsonl --out outputs/aloe-pool
"""


@dataclass(frozen=True, kw_only=True)
class ImportOptions(Options):
    """Options of ``import aloe``."""

    out: FilePath = option("outputs/imported", "Folder to write.", FILES, "DIR")


@click.group(name="import")
def import_() -> None:
    """Read other projects' datasets into a run folder, for show, export and label."""


@import_.command(cls=Command, params=options_of(ImportOptions, OutputOptions), epilog=EPILOG)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
def aloe(files: tuple[str, ...], out: str, **output: bool) -> None:
    """Read ALOE's files: the conversations that its script writes, or both of its persona pools.

    Conversations become a run as `simulate` writes it; exported with --format aloe they are the same again. The pools,
    profile.jsonl and personality.jsonl, become personas for `simulate --personas`, one for each profile.
    """
    from personagen.flows.import_aloe import import_aloe

    summary = import_aloe([Path(place("FILE", file)) for file in files], Path(ImportOptions(out=out).out))
    rows = [(name, f"{count:,}") for name, count in summary.records.items()]
    follow = (
        f"personagen show {summary.out}"
        if summary.of == "simulate"
        else f"personagen simulate --personas {summary.out}/personas.jsonl"
    )
    print_summary(summary, f"{summary.out}\n{table(rows)}\nnext: {follow}", **output)
