"""``personagen show``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from personagen.cli.common import counts, money, options, output_options, rejected_messages, table, tell
from personagen.options import place

if TYPE_CHECKING:
    from rich.console import RenderableType

    from personagen.cli.browse import Shelf

EPILOG = """\b
Examples:
  personagen show outputs/run            # how the run stands, its trees, and the first of them
  personagen show outputs/run 7          # the seventh tree
  personagen show outputs/run 3f9a       # the tree whose id begins so
  personagen show outputs/pool 12        # the twelfth persona
  personagen show outputs/run 7 --json | python -m json.tool | less
"""
RATIOS = {"persona": 1, "profile": 2, "traits": 1}  # columns that share what the others leave


@click.command(epilog=EPILOG)
@options(
    click.argument("run", metavar="RUN"),
    click.argument("tree", required=False, metavar="[TREE]"),
    click.option(
        "--rows",
        type=click.IntRange(0, 10**9),
        default=20,
        show_default=True,
        help="Rows of the table; 0 shows them all.",
    ),
    output_options,
)
def show(run: str, tree: str | None, rows: int, as_json: bool, quiet: bool) -> None:
    """Show a run, or one of its conversation trees: chosen and rejected replies side by side.

    TREE is a place in the run counted from 1, an id, or the beginning of one. In the folder of `personagen expand` it
    is a persona.
    """
    from personagen.cli.browse import find, listed, opened

    folder = Path(place("RUN", run))
    shelf, state = opened(folder)
    if tree is not None:
        number, record = find(shelf, tree)
        if as_json or quiet:
            tell(shelf.as_json(record), "", as_json=as_json, quiet=quiet)
        else:
            _print(_drawn(shelf, record, f"{shelf.word} {number}"))
        return
    shown, more, first = listed(shelf, rows)
    if as_json or quiet:
        overview = {"run": state, f"{shelf.word}s": shown, **(shelf.as_json(first) if first else {})}
        tell(overview, "", as_json=as_json, quiet=quiet)
        return
    _print(_overview(folder, state), *_table(shelf, shown, more, folder))
    if first:
        _print("", _drawn(shelf, first, f"{shelf.word} 1"))


def _print(*parts: RenderableType) -> None:
    from personagen.cli.screen import console

    screen = console()
    for part in parts:
        screen.print(part)


def _drawn(shelf: Shelf, record: Any, title: str) -> RenderableType:
    from personagen.cli import drawing

    return drawing.conversation(record, title) if shelf.word == "tree" else drawing.persona(record, title)


def _overview(folder: Path, state: dict[str, Any]) -> RenderableType:
    """How the run stands, from ``run.json``."""
    from rich.text import Text

    from personagen.cli.screen import clean, one_line

    usage = state.get("usage", {})
    rows = [("status", f"{state.get('command', '?')}, {state.get('status', '?')}")]
    rows += _of_simulate(state) if state.get("command") == "simulate" else _of_expand(state)
    rows += [
        ("models", ", ".join(_models(state))),
        ("calls", f"{usage.get('calls', 0):,}"),
        ("tokens", f"{usage.get('input_tokens', 0):,} in, {usage.get('output_tokens', 0):,} out"),
        ("cost", money(usage) if "cost_usd" in usage else ""),
        ("written", str(state.get("written", ""))),
    ]
    return Text.assemble((one_line(str(folder)), "bold"), "\n", clean(table(rows)), "\n")


def _models(state: dict[str, Any]) -> list[str]:
    return [str(model) for model in state.get("options", {}).get("model", ())]


def _of_simulate(state: dict[str, Any]) -> list[tuple[str, str]]:
    s = state.get("summary", {})
    pairs = s.get("pairs", 0)
    share = f" (the aware reply chosen in {s.get('aware_chosen', 0) / pairs:.0%})" if pairs else ""
    return [
        ("trees", f"{s.get('trees', 0):,} of {s.get('conversations', 0):,}"),
        ("failed", counts(s.get("failures", {})) if s.get("failed") else ""),
        ("pairs", f"{pairs:,} of {s.get('turns', 0):,} turns{share}"),
        ("no pair", counts(s.get("rejected", {}))),
        ("turned away", rejected_messages(s.get("rejected_messages", {}), s.get("messages", 0))),
        ("ended early", counts(s.get("ended_early", {})) if s.get("ended_early") else ""),
    ]


def _of_expand(state: dict[str, Any]) -> list[tuple[str, str]]:
    s = state.get("summary", {})
    pools = s.get("pools", {})
    return [
        ("personas", f"{s.get('personas', 0):,}"),
        *((kind, f"{pool.get('size', 0):,}, of which seeds {pool.get('seeds', 0):,}") for kind, pool in pools.items()),
        *((f"{kind} rejected", counts(pool.get("rejected", {}))) for kind, pool in pools.items()),
    ]


def _table(shelf: Shelf, rows: list[dict[str, Any]], more: int, folder: Path) -> list[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    from personagen.cli.screen import one_line

    if not rows:
        return [Text(f"No {shelf.word} is finished yet.")]
    grid = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for name in rows[0]:
        number = isinstance(rows[0][name], int)
        grid.add_column(
            "#" if name == "index" else name,
            justify="right" if number else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=RATIOS.get(name),
        )
    for row in rows:
        grid.add_row(*(Text(one_line(str(value))) for value in row.values()))
    last: list[RenderableType] = []
    if more:
        go_on = f"personagen show {one_line(str(folder))} --rows 0"
        last = [Text(f"… and {more:,} more: {go_on}, or one by its number")]
    return [grid, *last]
