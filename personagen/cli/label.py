"""``personagen label``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import click

from personagen.cli import complete
from personagen.cli.common import print_summary, table
from personagen.cli.measures import label_rows
from personagen.cli.options import Command, options_of
from personagen.options import OutputOptions, place
from personagen.options.row import GENERAL, SIZE, Options, option

EPILOG = """\b
Examples:
  personagen label outputs/run
  personagen label outputs/run --pairs 100 --seed 3 --port 8765
"""


@dataclass(frozen=True, kw_only=True)
class LabelOptions(Options):
    """Options of ``label``."""

    pairs: int = option(50, "Pairs to label, drawn at random.", SIZE, least=1, most=100_000)
    seed: int = option(0, "Random seed.", SIZE, least=-(2**63), most=2**63 - 1)
    port: int = option(0, "Port on this machine; 0 takes a free one.", GENERAL, most=65_535)


@click.command(cls=Command, params=options_of(LabelOptions, OutputOptions), epilog=EPILOG)
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
def label(run: str, pairs: int, seed: int, port: int, **output: bool) -> None:
    """Say yourself which replies you prefer, on a page in your browser, and see how far the judge agrees.

    The page shows the persona, the conversation and both replies in a drawn order, not the verdict: press 1, 2, or 0
    for no difference. Every answer is saved at once in RUN/labels.jsonl; the same command goes on where you stopped.
    The page is served to this machine only, at an address that holds a secret. Ctrl-C ends it.
    """
    from personagen.flows.label import label as flow

    chosen = LabelOptions(pairs=pairs, seed=seed, port=port)

    def announce(address: str) -> None:
        click.echo(f"open {address}" if address else "", err=True)

    summary = flow(Path(place("RUN", run)), chosen.pairs, chosen.seed, chosen.port, announce)
    print_summary(summary, table(label_rows(summary)), **output)
