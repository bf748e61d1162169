"""``personagen doctor``."""

from __future__ import annotations

from itertools import groupby

import click

from personagen.cli.common import print_summary, table
from personagen.cli.options import Command, options_of
from personagen.errors import ConfigError
from personagen.options import OutputOptions

EPILOG = """\b
Example:
  personagen doctor
"""


@click.command(cls=Command, params=options_of(OutputOptions), epilog=EPILOG)
def doctor(**output: bool) -> None:
    """Check the installation offline, and list the keys, proxies and extras that are there.

    Values of keys are never shown. Exits with 3 if something is wrong.
    """
    from personagen.flows.doctor import doctor as flow

    report = flow()
    rows: list[tuple[str, str]] = []
    for name, checks in groupby(report.checks, key=lambda check: check.name):
        texts = [f"{'! ' if check.problem else ''}{check.text}" for check in checks]
        rows += zip([name, *[""] * (len(texts) - 1)], texts, strict=True)
    end = "the installation is sound" if report.sound else "wrong is what is marked with !"
    print_summary(report, f"{table(rows)}\n{end}", **output)
    if not report.sound:
        wrong = [check.text for check in report.checks if check.problem]
        raise ConfigError(f"the installation is not sound: {'; '.join(wrong)}")
