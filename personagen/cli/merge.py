"""``personagen merge``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from personagen.cli import complete
from personagen.cli.common import print_summary, table
from personagen.cli.options import Command, options_of
from personagen.options import OutputOptions, place
from personagen.options.row import FILES, FilePath, Options, option

EPILOG = """\b
Examples:
  personagen merge outputs/run-en outputs/run-de --out outputs/both
  personagen merge outputs/pool-1 outputs/pool-2 outputs/pool-3 --out outputs/pool
"""


@dataclass(frozen=True, kw_only=True)
class MergeOptions(Options):
    """Options of ``merge``."""

    out: FilePath = option("outputs/merged", "Folder to write.", FILES, "DIR")


@click.command(cls=Command, params=options_of(MergeOptions, OutputOptions), epilog=EPILOG)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=complete.runs)
def merge(runs: tuple[str, ...], out: str, **output: bool) -> None:
    """Write the records of several runs of one command to a new folder, for show and export.

    Each record says in `run` where it comes from. An id that two runs share gets the name of its run before it, and
    records that are equal are kept once. The runs themselves stay as they are.
    """
    from personagen.flows.merge import merge as flow

    summary = flow([Path(place("RUN", run)) for run in runs], Path(MergeOptions(out=out).out))
    rows = [(name, path) for name, path in summary.runs.items()]
    rows += [(file, f"{count:,} records") for file, count in summary.records.items()]
    rows += [("renamed", f"{summary.renamed:,} ids that two runs had" if summary.renamed else "")]
    rows += [("equal", f"{summary.equal:,}, kept once" if summary.equal else "")]
    rows += [("note", note) for note in summary.notes]
    print_summary(summary, f"{summary.out}\n{table(rows)}\nnext: personagen show {summary.out}", **output)
