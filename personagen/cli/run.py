"""Runs a command that asks models: options, estimate and consent, progress, summary."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import click

from personagen.cli.common import as_typed, duration, print_summary, table, usage_rows
from personagen.options import ModelOptions

Rows: TypeAlias = list[tuple[str, str]]
LARGE = 20_000_000  # bytes of conversations whose report takes a while
FEW = 300  # conversations whose exact prompts a report has at the end of a run: those of more take minutes to make


def run_command(
    flow: Callable[..., Coroutine[Any, Any, Any]],
    options: type[ModelOptions],
    values: Mapping[str, Any],
    describe: Callable[[Any], tuple[Rows, str]],
) -> None:
    """Runs ``flow(options, progress, consent)`` and prints its summary.

    ``values`` are from the command line. ``describe`` gives the command's own rows of the summary, and the next steps.
    """
    from personagen.cli.consent import consent
    from personagen.cli.progress import shown
    from personagen.runs.interrupt import run_sync

    given = dict(values)
    output = {name: given.pop(name) for name in ("json", "quiet")}
    wants_page = not given.pop("no_report", True)
    chosen = options(**given)
    above = chosen.confirm_above if isinstance(chosen.confirm_above, int | float) and not chosen.dry_run else None
    silent = any(output.values())
    may_begin = consent(above=above, quiet=silent)
    with shown(quiet=silent) as progress:
        summary = run_sync(flow(chosen, progress, may_begin))
    report = summary.report
    rows, follow = ([], "next: the same without --dry-run") if chosen.dry_run else describe(summary)
    notes = [("note", note) for note in report.notes]
    pages = page_rows(Path(report.out), quiet=silent) if wants_page and not chosen.dry_run else []
    rows = [*rows, *usage_rows(report), ("time", duration(report.seconds)), *notes, *pages]
    print_summary(summary, f"{report.out}\n{table(rows)}\n{as_typed(follow)}", **output)


def announce_report(run: Path) -> None:
    """Says that the report of a large run is being written."""
    trees = run / "trees.jsonl"
    if trees.is_file() and trees.stat().st_size > LARGE:
        click.echo("writing the report", err=True)


def page_rows(run: Path, *, quiet: bool) -> Rows:
    """Writes the report of ``run``; where it is, or why there is no report. A run does not fail by that."""
    if not quiet:
        announce_report(run)
    from personagen.errors import PersonagenError
    from personagen.flows.report import report
    from personagen.runs.interrupt import run_sync

    try:
        return [("report", run_sync(report([run], calls=FEW)).file)]
    except (PersonagenError, OSError, ValueError, TypeError, LookupError, AttributeError) as error:
        return [("report", f"not written: {error}")]
