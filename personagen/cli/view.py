"""``personagen view``."""

from __future__ import annotations

from pathlib import Path

import click

from personagen.cli.common import print_summary
from personagen.cli.options import Command, options_of
from personagen.options import OutputOptions, place
from personagen.options.report import ViewOptions

EPILOG = """\b
Examples:
  personagen view
  personagen view outputs --port 8765
"""


@click.command(cls=Command, params=options_of(ViewOptions, OutputOptions), epilog=EPILOG)
@click.argument("folder", metavar="[FOLDER]", default="outputs")
def view(folder: str, port: int, **output: bool) -> None:
    """List the reports of all runs in a folder, the newest first, in your browser.

    They are served to this machine only, at an address that holds a secret. Ctrl-C ends it.
    """
    from personagen.flows.view import view as flow

    def announce(address: str) -> None:
        click.echo(f"open {address}" if address.startswith("http") else address, err=True)

    count = flow(Path(place("FOLDER", folder)), ViewOptions(port=port).port, announce)
    print_summary({"reports": count}, f"reports: {count}", **output)
