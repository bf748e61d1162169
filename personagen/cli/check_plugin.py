"""``personagen check-plugin``."""

from __future__ import annotations

from dataclasses import dataclass

import click

from personagen.cli.common import print_summary, table
from personagen.cli.options import Command, options_of
from personagen.options import OutputOptions
from personagen.options.row import GENERAL, Options, option

EPILOG = """\b
Examples:
  personagen check-plugin my_plugins:terse
  personagen check-plugin my_plugins:strict --as judge/prefer
"""
MAX_SHOWN = 200  # characters of a reply


@dataclass(frozen=True, kw_only=True)
class CheckOptions(Options):
    """Options of ``check-plugin``."""

    kind: str | None = option(
        None,
        "What it is: model, candidate, filter, format, reward or ROLE/ACT.",
        GENERAL,
        "KIND",
        flag="--as",
        words="by its parameters",
        names=("model", "candidate", "filter", "format", "reward"),
    )


@click.command("check-plugin", cls=Command, params=options_of(CheckOptions, OutputOptions), epilog=EPILOG)
@click.argument("function", metavar="MODULE:FUNCTION")
def check_plugin(function: str, kind: str | None, **output: bool) -> None:
    """Try your own model, candidate, agent, filter, format or reward on samples, in seconds.

    personagen itself sends nothing; your function may. Errors name its file and line.
    """
    from personagen.cli.terminal import one_line
    from personagen.flows.check_plugin import check_plugin as flow
    from personagen.runs.interrupt import run_sync

    report = run_sync(flow(function, CheckOptions(kind=kind).kind or ""))
    texts = [(name, one_line(text)) for name, text in report.rows]
    rows = [(name, text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…") for name, text in texts]
    head = f"{report.kind} {report.name} ({report.defined})"
    print_summary(report, f"{head}\n{table(rows)}\nuse: {report.use}", **output)
