"""``personagen compare``."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from personagen.cli import complete
from personagen.cli.common import print_summary, table
from personagen.cli.options import Command, options_of
from personagen.cli.terminal import clean, one_line, page
from personagen.options import OutputOptions, place
from personagen.options.row import GENERAL, Options, option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from personagen.flows.compare import Comparison
    from personagen.metrics.win_rate import Interval

EPILOG = """\b
Examples:
  personagen compare outputs/run outputs/run-new-prompt
  personagen compare outputs/run-a outputs/run-b --rows 0 --json
"""


@dataclass(frozen=True, kw_only=True)
class CompareOptions(Options):
    """Options of ``compare``."""

    rows: int = option(3, "Changed turns to show; 0 shows all.", GENERAL)


@click.command(cls=Command, params=options_of(CompareOptions, OutputOptions), epilog=EPILOG)
@click.argument("first", metavar="RUN", shell_complete=complete.runs)
@click.argument("second", metavar="RUN", shell_complete=complete.runs)
def compare(first: str, second: str, rows: int, json: bool, quiet: bool) -> None:
    """Compare two runs of simulate: settings, prompts, verdicts, win rates, and the changed turns side by side.

    Turns are matched by tree and node. Win rates have 95 % intervals from resampled conversations; their difference
    is taken over the turns that have a pair in both runs.
    """
    from personagen.flows.compare import compare as flow

    found = flow(Path(place("RUN", first)), Path(place("RUN", second)))
    shown = CompareOptions(rows=rows).rows
    if json or quiet:
        print_summary(found, "", json=json, quiet=quiet)
        return
    page(*_report(found), *_side_by_side(found, shown))


def _report(found: Comparison) -> Iterator[RenderableType]:
    from rich.text import Text

    one, other = map(one_line, found.runs)
    yield Text(f"{one}  →  {other}", style="bold")
    settings = [(name, f"{one_line(str(a))}  →  {one_line(str(b))}") for name, (a, b) in found.settings.items()]
    rows = [*settings] or [("settings", "the same")]
    rows.append(("trees", "{:,} and {:,}, in both {:,}".format(*found.trees)))
    same = f", {found.same_texts:,} of them with the same texts"
    rows.append(("turns", "{:,} and {:,}, in both {:,}".format(*found.turns) + same))
    for agent, rate in found.win_rates.items():
        change = f", in the same turns {_percent(rate.difference, sign='+')}" if rate.difference else ""
        rows.append((f"{one_line(agent)} wins", f"{_percent(rate.first)}  →  {_percent(rate.second)}{change}"))
    kept = sum(n for a, b, n in found.outcomes if a == b)
    rows.append(("verdicts", f"{kept:,} the same, {len(found.changed):,} changed"))
    rows += [("", f"{n:,}  {one_line(a)}  →  {one_line(b)}") for a, b, n in found.outcomes if a != b]
    yield Text(clean(table(rows)))
    for name, diff in found.prompts.items():
        yield Text(f"\nprompt {name}", style="bold")
        yield from (Text(clean(line), style=_COLOURS.get(line[:1], "")) for line in diff.splitlines()[2:])


_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def _percent(rate: Interval | None, sign: str = "") -> str:
    if rate is None:
        return "no pairs"
    low, value, high = (f"{100 * number:{sign}.0f}" for number in (rate.low, rate.value, rate.high))
    return f"{value} % ({low} to {high})"


def _side_by_side(found: Comparison, rows: int) -> Iterator[RenderableType]:
    """The first changed turns, one run in each column."""
    from rich.table import Table
    from rich.text import Text

    from personagen.cli.drawing import one_turn
    from personagen.records import ConversationTree
    from personagen.store.files import read_records

    shown = found.changed[: rows or None]
    wanted = {change.tree for change in shown}
    trees = [
        {tree.id: tree for tree in read_records(Path(run) / "trees.jsonl", ConversationTree) if tree.id in wanted}
        for run in found.runs
    ]
    for change in shown:
        why = "other texts" if change.texts else "the same texts"
        head = f"tree {one_line(change.tree)}, turn {change.turn}: {change.before}  →  {change.after}, {why}"
        yield Text(f"\n{head}", style="bold")
        grid = Table.grid(expand=True, padding=(0, 2, 0, 0))
        grid.add_column(ratio=1)
        grid.add_column(ratio=1)
        grid.add_row(*(one_turn(run[change.tree], change.node) for run in trees))
        yield grid
    if left := len(found.changed) - len(shown):
        yield Text(f"… and {left:,} more: --rows 0")
