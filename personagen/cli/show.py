"""``personagen show``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import click

from personagen.cli import complete
from personagen.cli.common import counts, money, print_summary, table
from personagen.cli.evaluate import outcome_rows as evaluation_rows
from personagen.cli.measures import ALARMING, label_rows
from personagen.cli.options import Command, options_of
from personagen.cli.realism import realism_rows
from personagen.cli.simulate import outcome_rows
from personagen.cli.terminal import clean, one_line, page
from personagen.errors import UsageError
from personagen.options import OutputOptions, checked_texts, place
from personagen.options.row import GENERAL, FilePath, Options, Texts, option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from personagen.cli.browse import Listing
    from personagen.cli.pick import Pick

EPILOG = """\b
Examples:
  personagen show outputs/run            # status of the run, its trees, and the first tree
  personagen show outputs/run 7          # the seventh tree
  personagen show outputs/run 3f9a       # the tree whose id begins with 3f9a
  personagen show outputs/pool 12        # the twelfth persona
  personagen show outputs/run --random --brief
  personagen show outputs/run --only inconsistent --turn 3
  personagen show outputs/run --rejected aware --search landlord
  personagen show outputs/run --where personal --where knowable --where "margin>=1"
  personagen show outputs/run --failed   # failed conversations, ended branches and rejected messages
  personagen show outputs/run 3 --failed # the third of them with its whole text
  personagen show outputs/run --reference wildchat.parquet  # its users beside real ones
  personagen show outputs/run 7 --json | python -m json.tool | less
"""
Only = Literal["pairs", "ties", "inconsistent", "failed"]
ONLY = get_args(Only)
RATIOS = {"persona": 1, "profile": 2, "traits": 1}  # columns that share the remaining width


@dataclass(frozen=True, kw_only=True)
class ShowOptions(Options):
    """Options of ``show``."""

    search: str | None = option(None, "Only turns, or personas, in which this text occurs.", GENERAL, "TEXT")
    only: Only | None = option(
        None, "Only turns of this outcome; failed is the same as --failed.", GENERAL, choices=ONLY
    )
    rejected: str | None = option(None, "Only turns in which this candidate's reply was rejected.", GENERAL, "NAME")
    turn: int | None = option(None, "Only this turn.", GENERAL, "N", least=1)
    where: Texts = option(
        (),
        "Only turns with a pair of this kind: personal, not-leaking, margin>=1, ...",
        GENERAL,
        "CONDITION",
        names=("personal", "knowable", "generic", "leaking", "twin", "not-", "margin>="),
    )
    random: bool = option(False, "Show one that is drawn at random.", GENERAL)
    brief: bool = option(False, "Show the persona of a tree in two lines.", GENERAL)
    failed: bool = option(False, "Show what failed or was rejected, with its text.", GENERAL)
    reference: FilePath | None = option(
        None, "Conversations of real users, to set the run's users beside.", GENERAL, "FILE"
    )
    rows: int = option(20, "Rows of the table; 0 shows all.", GENERAL)


@click.command(cls=Command, params=options_of(ShowOptions, OutputOptions), epilog=EPILOG)
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
@click.argument("tree", required=False, metavar="[TREE]", shell_complete=complete.trees)
def show(run: str, tree: str | None, json: bool, quiet: bool, **values: Any) -> None:
    """Show a run, or one of its conversation trees: chosen and rejected replies side by side.

    TREE is the number of a tree, counted from 1, its id, or the beginning of its id. In a folder of `personagen expand`
    it is a persona, and with --failed something that failed. In a terminal the output goes through $PAGER.
    """
    from personagen.cli.browse import as_json, drawn, find, listed, open_run
    from personagen.cli.pick import Pick
    from personagen.flows.flags import read_flags, read_links
    from personagen.where import where as conditions_of

    folder, output = Path(place("RUN", run)), {"json": json, "quiet": quiet}
    o = ShowOptions(**values)
    listing, state = open_run(folder)
    if o.failed or o.only == "failed":
        _show_failed(folder, tree, o.rows, output)
        return
    if o.reference is not None:
        _show_beside(folder, o.reference, output)
        return
    conditions = checked_texts(o.where)
    asked = conditions_of(conditions)
    flags = read_flags(folder) if asked.flagged else frozenset()
    links = read_links(folder) if asked.twin else {}
    pick = Pick(o.search or "", o.only or "", o.rejected or "", o.turn, conditions, flags, links)
    picks = pick.test(listing.word)
    if tree is not None or o.random:
        number, record = drawn(listing, picks) if tree is None else find(listing, tree)
        if any(output.values()):
            print_summary(as_json(record, listing) | _picked(pick, record), "", **output)
        else:
            page(_drawn(listing, record, f"{listing.word} {number}", pick, brief=o.brief))
        return
    table_rows, more, first = listed(listing, o.rows, picks)
    if any(output.values()):
        own = as_json(first, listing) | _picked(pick, first) if first else {}
        print_summary({"run": state, f"{listing.word}s": table_rows, **own}, "", **output)
        return
    ended = str(state.get("status", "")).startswith(("done", "stopped"))
    if picks and not table_rows:
        raise UsageError(f"{one_line(str(folder))} has no {listing.word} for {pick}; leave an option out or change it")
    about = [] if picks else [_overview(folder, state)]
    drawing = (
        ["", _drawn(listing, first, f"{listing.word} {table_rows[0]['index']}", pick, brief=o.brief)] if first else []
    )
    page(*about, *_table(listing, table_rows, more, folder, ended=ended), *drawing)


def _picked(pick: Pick, record: Any) -> dict[str, Any]:
    """The picked turns of a tree, if some are."""
    return {"turns": pick.turns(record)} if pick != type(pick)() and hasattr(record, "nodes") else {}


def _show_beside(folder: Path, reference: FilePath, output: dict[str, bool]) -> None:
    from personagen.cli.realism import beside_rows
    from personagen.flows.reference import beside

    found = beside(folder, reference)
    print_summary(found, f"{one_line(str(folder))}\n{table(beside_rows(found))}", **output)


def _show_failed(folder: Path, wanted: str | None, rows: int, output: dict[str, bool]) -> None:
    from personagen.cli import failed

    found = failed.listed(folder, rows) if wanted is None else failed.find(folder, wanted, rows)
    if any(output.values()):
        print_summary(failed.as_json(*found), "", **output)
    else:
        page(failed.drawn(*found, folder, whole=wanted is not None))


def _drawn(listing: Listing, record: Any, title: str, pick: Pick, *, brief: bool) -> RenderableType:
    from personagen.cli import drawing
    from personagen.cli.aligned import rated_conversation

    if listing.word != "tree":
        return drawing.persona(record, title)
    turns = None if pick == type(pick)() else pick.turns(record)
    if turns == []:
        raise UsageError(f"{title} has no turn for {pick}; leave an option out or change it")
    if listing.ratings is not None:
        return rated_conversation(record, listing.ratings.get(record.id, []), title, turns, brief=brief)
    return drawing.conversation(record, title, turns, brief=brief)


def _overview(folder: Path, state: dict[str, Any]) -> RenderableType:
    """The status of the run, from ``run.json``, and what a person said about its pairs."""
    from rich.text import Text

    from personagen.flows.labels import label_summary, read_labels

    usage = state.get("usage", {})
    rows = [("status", f"{state.get('command', '?')}, {state.get('status', '?')}")]
    summary = state.get("summary", {})
    rows += [("run", f"{name}: {run.get('path', '')}") for name, run in state.get("runs", {}).items()]
    made = (state.get("command"), state.get("of"))
    if "simulate" in made:
        rows += [*outcome_rows(summary), *label_rows(label_summary(read_labels(folder)))]
    else:
        rows += evaluation_rows(summary) if "evaluate" in made else _pool_rows(summary)
    rows += realism_rows(summary.get("realism") or {}, whole=True)
    unpriced = "cost_usd" not in usage or (state.get("estimate", {}).get("free") and not usage["cost_usd"])
    rows += [
        ("models", ", ".join(map(str, state.get("options", {}).get("model", ())))),
        ("calls", f"{usage.get('calls', 0):,}"),
        ("tokens", f"{usage.get('input_tokens', 0):,} in, {usage.get('output_tokens', 0):,} out"),
        ("cost", "" if unpriced else money(usage)),
        ("written", str(state.get("written", ""))),
    ]
    figures = Text(clean(table(rows)))
    figures.highlight_regex(ALARMING, "red")
    return Text.assemble((one_line(str(folder)), "bold"), "\n", figures, "\n")


def _pool_rows(summary: dict[str, Any]) -> list[tuple[str, str]]:
    pools = summary.get("pools", {})
    return [
        ("personas", f"{summary.get('personas', 0):,}"),
        *((kind, f"{pool.get('size', 0):,}, {pool.get('seeds', 0):,} of them seeds") for kind, pool in pools.items()),
        *((f"{kind} rejected", counts(pool.get("rejected", {}))) for kind, pool in pools.items()),
    ]


def _table(
    listing: Listing, rows: list[dict[str, Any]], more: int, folder: Path, *, ended: bool
) -> list[RenderableType]:
    from rich.table import Table
    from rich.text import Text

    if not rows:
        why = f"No {listing.word} came of it: `personagen show {one_line(str(folder))} --failed` shows why."
        return [Text(why if ended else f"No {listing.word} is finished yet.")]
    grid = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for name, value in rows[0].items():
        grid.add_column(
            "#" if name == "index" else name,
            justify="right" if isinstance(value, int | float) else "left",
            no_wrap=True,
            overflow="ellipsis",
            ratio=RATIOS.get(name),
        )
    for row in rows:
        shown = (f"{value:.2f}" if isinstance(value, float) else str(value) for value in row.values())
        grid.add_row(*(Text(one_line(value)) for value in shown))
    if not more:
        return [grid]
    return [grid, Text(f"… and {more:,} more: personagen show {one_line(str(folder))} --rows 0, or give a number")]
