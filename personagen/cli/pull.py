"""``personagen pull``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from personagen.cli.common import print_summary, table
from personagen.cli.options import Command, options_of
from personagen.options import OutputOptions
from personagen.options.row import FILES, FilePath, Options, option

EPILOG = """\b
Examples:
  personagen pull me/my-pairs
  personagen pull me/my-pairs --revision 1a2b3c4d --out outputs/theirs
  personagen pull outputs/dataset --out outputs/again
"""


@dataclass(frozen=True, kw_only=True)
class PullOptions(Options):
    """Options of ``pull``."""

    out: FilePath | None = option(None, "Run folder to write.", FILES, "DIR", words="outputs/NAME")
    revision: str | None = option(None, "Branch, tag or commit.", FILES, "REVISION", words="the newest")


@click.command(cls=Command, params=options_of(PullOptions, OutputOptions), epilog=EPILOG)
@click.argument("name", metavar="OWNER/NAME")
def pull(name: str, out: str | None, revision: str | None, **output: bool) -> None:
    """Bring a published dataset back as a run folder, from the Hub or from a folder.

    show, export, label and merge work on it. It can't be extended: the answers of the models stayed where it was made.
    """
    from personagen.flows.pull import pull as flow

    chosen = PullOptions(out=out, revision=revision)
    folder = Path(chosen.out or Path("outputs", Path(name).name))
    summary = flow(name, folder, chosen.revision)
    rows = [("commit", summary.commit), *((file, f"{count:,} records") for file, count in summary.records.items())]
    rows += [("note", note) for note in summary.notes]
    print_summary(summary, f"{summary.out}\n{table(rows)}\nnext: personagen show {summary.out}", **output)
