"""``personagen train``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from personagen.cli import complete
from personagen.cli.common import print_summary, table
from personagen.cli.options import Command, options_of
from personagen.errors import UsageError
from personagen.options import OutputOptions, place
from personagen.options.train import TrainOptions, methods

if TYPE_CHECKING:
    from personagen.flows.train import TrainSummary

EPILOG = """\b
Examples:
  personagen train dpo outputs/run --model Qwen/Qwen3-0.6B --out outputs/dpo
  personagen train sft,dpo outputs/run --model Qwen/Qwen3-8B --out outputs/aloe
  personagen train dpo outputs/run --model outputs/aloe/sft --recipe my.toml --dry-run
  personagen train reward outputs/split --model model.gguf --no-margin --drop --out outputs/reward
"""


@click.command(cls=Command, params=options_of(TrainOptions, OutputOptions), epilog=EPILOG)
@click.argument("method", metavar="METHOD")
@click.argument("data", metavar="RUN_OR_FILE", shell_complete=complete.runs)
def train(method: str, data: str, json: bool, quiet: bool, **values: Any) -> None:
    """Train a model on a run's pairs with TRL: sft, dpo, kto, reward, or several in turn, as in sft,dpo.

    A run is split by people; a file or a folder with train and test files is one that `export` wrote with the format
    trl-METHOD. Data that would train wrongly is refused. An adapter or a model comes out, with the settings, curves and
    a card. Needs the extra train: pip install 'personagen[train]'.
    """
    from personagen.flows.train import train as flow

    options = TrainOptions(**values)
    try:
        chosen = methods(method)
    except ValueError as error:
        raise UsageError(f"METHOD {method}: {error}") from None

    def say(text: str) -> None:
        if not quiet:
            from personagen.cli.terminal import clean

            click.echo(clean(text), err=True)

    found = flow(chosen, Path(place("RUN_OR_FILE", data)), options, say)
    text = "\n".join(_shown(summary) for summary in found)
    print_summary({"trainings": [asdict(one) for one in found]}, text, json=json, quiet=quiet)


def _shown(summary: TrainSummary) -> str:
    rows = [("method", summary.method), ("model", summary.model)]
    rows += [(f"{name} rows", f"{count:,}") for name, count in summary.rows.items()]
    rows += [("left out", summary.left_out), ("longest row", f"{summary.longest:,} tokens")]
    rows += [(name.removeprefix("eval_"), f"{value:.4g}") for name, value in summary.results.items()]
    if summary.shortcut:
        rows.append(("shortcut", f"{summary.shortcut[0]} picks {summary.shortcut[1]:.1%} of the run's chosen replies"))
    rows += [("note", note) for note in summary.notes]
    head = summary.settings if summary.status == "checked" else summary.out
    return f"{head}\n{table(rows)}"
