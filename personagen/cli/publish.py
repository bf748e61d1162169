"""``personagen publish``."""

from __future__ import annotations

from json import dumps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from personagen.cli import complete
from personagen.cli.common import print_summary, table
from personagen.cli.options import Command, options_of
from personagen.errors import UsageError
from personagen.options import OutputOptions
from personagen.options.publish import PublishOptions

if TYPE_CHECKING:
    from personagen.flows.publish import Plan

EPILOG = """\b
Examples:
  personagen publish outputs/run me/my-pairs --dry-run
  personagen publish outputs/run me/my-pairs --license cc-by-4.0 --split train=0.9,test=0.1
  personagen publish outputs/run me/my-pairs --license cc-by-4.0 --with-persona --public --yes
  personagen publish outputs/run --to-folder outputs/dataset
"""


@click.command(cls=Command, params=options_of(PublishOptions, OutputOptions), epilog=EPILOG)
@click.argument("run", metavar="RUN", shell_complete=complete.runs)
@click.argument("name", metavar="[OWNER/NAME]", required=False)
def publish(run: str, name: str | None, json: bool, quiet: bool, **values: Any) -> None:
    """Publish a run as a dataset with a card, at the Hugging Face Hub or in a folder.

    Pairs, trees, personas and rejections become Parquet files with splits; the card says how they were made. It shows
    what would be sent and what looks like a key or personal data, then asks, and sends it in one commit. The dataset
    is private unless --public. The token is HF_TOKEN or that of `hf auth login`.
    """
    from personagen.flows.publish import planned, refuse_findings, send, summary

    options = PublishOptions(**values)
    with planned(Path(run), name, options) as plan:
        if not quiet and not json:
            print_plan(plan)
        if options.dry_run:
            print_summary(summary(plan), "dry run: nothing was sent", json=json, quiet=quiet)
            return
        refuse_findings(plan, options)
        if not _agreed(plan, options):
            print_summary(summary(plan), "nothing was sent", json=json, quiet=quiet)
            return
        done = send(plan)
    verb = "written" if options.to_folder else "sent"
    rows = [
        ("commit", done.commit),
        ("files", f"{len(done.changed):,} of {done.files:,} {verb}, {size(done.bytes)}" if done.changed else ""),
        ("removed", f"{len(done.removed):,}" if done.removed else ""),
        ("unchanged", "" if done.changed or done.removed else f"nothing changed, so nothing was {verb}"),
        *(("note", note) for note in done.notes),
    ]
    print_summary(done, f"{done.to}\n{table(rows)}\n{_follow(plan)}", json=json, quiet=quiet)


def print_plan(plan: Plan) -> None:
    """Prints what would be sent, what would become visible to whom, and what the scan found, to stderr."""
    from personagen.cli.terminal import clean

    files = [
        (path, f"{size(count):>9}  {'changed' if path in plan.changed else 'as it is'}")
        for path, count in plan.dataset.files.items()
    ]
    files += [(path, f"{'':>9}  removed") for path in plan.gone]
    rows = [(name, f"{count:,} rows") for name, count in plan.dataset.rows.items()]
    findings = plan.dataset.findings
    found = [
        (f"{finding.file}, row {finding.row}", f"{finding.kind}: {finding.shown} {finding.column}".rstrip())
        for finding in findings.first
    ]
    more = [("", f"and {len(findings) - len(found):,} more")] if len(findings) > len(found) else []
    persona = "with" if plan.dataset.with_persona else "without"
    parts = [
        f"Planned: {plan.to}, {_seen_by(plan)}",
        table(files),
        f"Rows, {persona} the texts of the personas:",
        table(rows),
    ]
    parts += (
        ["Keys or personal data, it seems:", table([*found, *more])] if found else ["No keys or personal data found."]
    )
    click.echo(clean("\n".join(parts)), err=True)


def size(count: int) -> str:
    """``12.3 kB``, ``4.5 MB``."""
    return f"{count / 1e6:,.1f} MB" if count >= 1e6 else f"{count / 1e3:,.1f} kB"


def _seen_by(plan: Plan) -> str:
    if plan.out:
        return "a folder: nothing is sent"
    new = "new" if plan.head is None else "there already"
    return (
        f"{new}, {'PUBLIC: everybody sees every row' if plan.public else 'private: you and your organisation see it'}"
    )


def _agreed(plan: Plan, options: PublishOptions) -> bool:
    from personagen.cli.consent import agreed

    if options.yes or plan.out or not (plan.changed or plan.gone or plan.opens):
        return True
    answer = agreed(f"Publish {plan.to}{' for everybody' if plan.public else ''}?")
    if answer is None:
        raise UsageError("nothing was sent: nobody can be asked here; add --yes")
    return answer


def _follow(plan: Plan) -> str:
    return f'load: from datasets import load_dataset\n      load_dataset({dumps(plan.to, ensure_ascii=False)}, "pairs")'
