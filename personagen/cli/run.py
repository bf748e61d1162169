"""Runs a command that asks models: options, estimate and consent, progress, summary."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any, TypeAlias

from personagen.cli.common import as_typed, duration, print_summary, table, usage_rows
from personagen.options import ModelOptions

Rows: TypeAlias = list[tuple[str, str]]


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
    chosen = options(**given)
    above = chosen.confirm_above if isinstance(chosen.confirm_above, int | float) and not chosen.dry_run else None
    silent = any(output.values())
    may_begin = consent(above=above, quiet=silent)
    with shown(quiet=silent) as progress:
        summary = run_sync(flow(chosen, progress, may_begin))
    report = summary.report
    rows, follow = ([], "next: the same without --dry-run") if chosen.dry_run else describe(summary)
    notes = [("note", note) for note in report.notes]
    rows = [*rows, *usage_rows(report), ("time", duration(report.seconds)), *notes]
    print_summary(summary, f"{report.out}\n{table(rows)}\n{as_typed(follow)}", **output)
