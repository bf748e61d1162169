"""Runs of ``evaluate`` on the terminal: several compared, and a conversation with the rating of each reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

import click

from personagen.cli.terminal import clean, one_line
from personagen.errors import UsageError
from personagen.records import ConversationTree, Node
from personagen.tree import parent, turn

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table
    from rich.text import Text

GREY = "dim"
LETTERS = ascii_uppercase  # of the runs in a table
PAGE = "compare.html"
_OF_COMPARISON = ("compare", "runs", "out", "json", "quiet", "no_report")
_SIGNED = ("ir", "n_ir", "gain")
_TITLES = {"average": "average", "ir": "IR", "n_ir": "N-IR", "first": "AL(1)", "last": "AL({})", "gain": "gain"}
_KINDS = {"again": "asked again", "reordered": "persona first"}


def compare_runs(runs: list[Path], values: Mapping[str, Any]) -> None:
    """What ``evaluate --compare RUN RUN`` does with the options ``values``: prints the comparison, writes its page."""
    from personagen.cli.common import print_summary
    from personagen.cli.terminal import page
    from personagen.flows.evaluations import compare
    from personagen.flows.report import report
    from personagen.runs.interrupt import run_sync

    ctx = click.get_current_context()
    typed = {name for name in ctx.params if ctx.get_parameter_source(name) == click.core.ParameterSource.COMMANDLINE}
    if others := sorted(typed - set(_OF_COMPARISON)):
        flags = ", ".join(f"--{name.replace('_', '-')}" for name in others)
        raise UsageError(f"--compare asks no model: leave out {flags}")
    found = compare(runs)
    out = Path(str(values["out"])) if "out" in typed else Path(PAGE)
    out = out / PAGE if out.is_dir() else out
    if not values["no_report"]:
        found["page"] = run_sync(report(runs, out, title=" and ".join(one["name"] for one in found["runs"]))).file
    output = {name: values[name] for name in ("json", "quiet")}
    if any(output.values()):
        print_summary(found, "", **output)
    else:
        page(*compared_rows(found))


def compared_rows(found: Mapping[str, Any]) -> Iterator[RenderableType]:
    """What ``evaluate --compare`` prints: the runs, a row for each run and condition, and each run minus the first."""
    from rich.text import Text

    runs, turns = found["runs"], found["turns"]
    yield Text(f"{len(runs)} runs, {found['shared']:,} personas in all of them, {turns} turns", style="bold")
    for letter, run in zip(LETTERS, runs, strict=False):
        made = f"{run['model']}, judge {run['judge']}" if run["judge"] else run["model"]
        yield Text(f"  {letter}  {one_line(run['name'])}: {one_line(made)}, {run['personas']:,} personas")
    for note in [*found["notes"], *found["problems"]]:
        yield Text(f"note: {one_line(note)}")
    yield Text("")
    yield _figures(found)
    for one in found["against"]:
        name = one_line(runs[one["run"]]["name"])
        title = f"{LETTERS[one['run']]} minus A, {one['condition']}: {name} minus {one_line(runs[0]['name'])}"
        yield Text(f"\n{title}", style="bold")
        yield _differences(one)
    if page := found.get("page"):
        yield Text(f"\npage: {one_line(page)}")


def _figures(found: Mapping[str, Any]) -> Table:
    grid = _grid(1, "", "95 %", *(title.format(found["turns"]) for title in _TITLES.values()))
    for row in found["conditions"]:
        cells = [_interval(row["figures"].get(key), key, "\n", "…") for key in _TITLES]
        grid.add_row(LETTERS[row["run"]], row["condition"], *cells)
    return grid


def _differences(one: Mapping[str, Any]) -> Table:
    grid = _grid(2, "", "difference", "win rate")
    for at, (gap, won) in enumerate(zip(one["difference"], one["wins"], strict=True), 1):
        grid.add_row(f"AL({at})", _interval(gap, "gain"), _share(won))
    for key, title in _TITLES.items():
        if key not in ("first", "last"):
            found = one["figures"].get(key)
            grid.add_row(title, _interval(found, key if key in _SIGNED else "gain"), "")
    return grid


def _grid(gap: int, *names: str) -> Table:
    from rich.table import Table

    grid = Table(box=None, pad_edge=False, header_style="bold", padding=(0, gap, 0, 0))
    for at, name in enumerate(names):
        grid.add_column(name, justify="right" if at and name != "95 %" else "left")
    return grid


def _interval(found: Mapping[str, float] | None, key: str, between: str = " ", to: str = " to ") -> str:
    """The value of a figure and its interval: ``3.39 (3.21 to 3.55)``; slopes have three digits."""
    if not found:
        return "-"
    sign, digits = "+" if key in _SIGNED else "", 3 if key in ("ir", "n_ir") else 2
    value, low, high = (f"{found[name]:{sign}z.{digits}f}" for name in ("value", "low", "high"))
    bounds = f"{low}{to}{high}".replace("+", "" if to == "…" else "+")
    return f"{value}{between}{bounds}" if to == "…" else f"{value}{between}({bounds})"


def _share(found: Mapping[str, float] | None) -> str:
    if not found:
        return "-"
    value, low, high = (f"{100 * found[name]:.0f}" for name in ("value", "low", "high"))
    return f"{value} % ({low} to {high})"


def rated_conversation(
    tree: ConversationTree,
    ratings: Sequence[Mapping[str, Any]],
    title: str,
    only: Sequence[str] | None = None,
    *,
    brief: bool = False,
) -> RenderableType:
    """The conversation under ``title``, with the ratings of each reply and the judge's reasons.

    ``only`` has the user messages of the turns that are shown.
    """
    from rich.console import Group
    from rich.text import Text

    from personagen.cli.drawing import in_brief, persona

    made = ", ".join(sorted({one_line(model) for model in tree.models.values()}))
    mean = mean_score(ratings)
    turns = sum(node.role == "assistant" for node in tree.nodes)
    about = [f"{turns} turns", f"mean score {mean}" if mean else "", made]
    head = Text.assemble(
        (title, "bold"), (f"  {one_line(tree.id)}", GREY), "\n", (" · ".join(filter(None, about)), GREY)
    )
    who = in_brief(tree.persona) if brief else persona(tree.persona, f"persona {tree.persona.id}")
    by_node: dict[str, list[Mapping[str, Any]]] = {}
    for row in ratings:
        by_node.setdefault(row["node"], []).append(row)
    shown = [node for node in tree.nodes if only is None or {node.id, parent(node.id)} & {*only}]
    return Group(head, "", who, *(part for node in shown for part in _message(node, by_node.get(node.id, ()))))


def _message(node: Node, ratings: Sequence[Mapping[str, Any]]) -> Iterator[RenderableType]:
    from rich.panel import Panel
    from rich.rule import Rule
    from rich.text import Text

    if node.role == "user":
        yield Text("")
        yield Rule(Text(f"turn {turn(node.id)}"), align="left", style=GREY)
        yield Text(clean(node.content))
        return
    yield Panel(Text(clean(node.content)), title=Text(one_line(node.agent)), title_align="left", border_style=GREY)
    for row in ratings:
        yield _rating(row)
    if not ratings:
        yield Text("not rated", style=GREY)


def _rating(row: Mapping[str, Any]) -> Text:
    from rich.text import Text

    marks = [f"{name} {row[name]}" for name in ("style", "content", "quality") if row.get(name)]
    judge = str(row.get("judge") or "judge")
    about = [judge] if judge != "judge" else []
    about += [f"for {row['rater']} in particular"] if row.get("rater") else []
    about += [_KINDS[row["repeat"]]] if row.get("repeat") in _KINDS else []
    words = one_line(" · ".join([", ".join(marks), *about]).strip(" ·"))
    reason = one_line(str(row.get("reason") or ""))
    return Text.assemble((f"{row['score']} of 5", "bold"), f"  {words}" if words else "", (f"  {reason}", GREY))


def mean_score(ratings: Sequence[Mapping[str, Any]]) -> str:
    """The mean of the scores that count, or nothing."""
    scores = [row["score"] for row in ratings if not row.get("rater") and not row.get("repeat")]
    return f"{sum(scores) / len(scores):.2f}" if scores else ""
