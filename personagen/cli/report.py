"""``personagen report``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from personagen.cli import complete
from personagen.cli.common import print_summary, table
from personagen.cli.options import Command, options_of
from personagen.cli.run import announce_report
from personagen.options import OutputOptions, place
from personagen.options.report import ReportOptions
from personagen.options.row import FilePath

EPILOG = """\b
Examples:
  personagen report outputs/run
  personagen report outputs/run outputs/other-prompts --out compare.html
"""


@click.command(cls=Command, params=options_of(ReportOptions, OutputOptions), epilog=EPILOG)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True, shell_complete=complete.runs)
def report(runs: tuple[str, ...], out: FilePath | None, **output: bool) -> None:
    """Write one HTML file of a run: figures, personas, every conversation as a tree and a chat, search, notes.

    Of a run of evaluate it has AL(k) with bands, and each reply with its rating; several of them share one chart.

    The file opens from disk and loads nothing. Two or three runs are compared: settings, prompts, figures, and turns
    whose verdict changed. A run that is damaged or not finished gives a report too, which says what is missing.
    """
    from personagen.flows.report import report as flow
    from personagen.runs.interrupt import run_sync

    folders = [Path(place("RUN", run)) for run in runs]
    if not any(output.values()):
        announce_report(folders[0])
    summary = run_sync(flow(folders, Path(out) if out is not None else None))
    rows = [
        ("conversations", f"{summary.conversations:,}" if summary.conversations else ""),
        ("pairs", f"{summary.pairs:,}" if summary.conversations else ""),
        ("personas", f"{summary.personas:,}"),
        ("size", f"{summary.bytes / 1e6:,.1f} MB"),
        *(("note", problem) for problem in summary.problems),
    ]
    print_summary(asdict(summary), f"{summary.file}\n{table(rows)}", **output)
