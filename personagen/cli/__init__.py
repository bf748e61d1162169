"""The command line: one command a file. Only here is anything printed, and only here does the process exit."""

from __future__ import annotations

import os
from typing import Any

import click

from personagen.cli import expand, export, init, prompts, show, simulate
from personagen.cli.common import load_defaults
from personagen.cli.screen import clean
from personagen.errors import CorruptError, PersonagenError

EPILOG = """\b
Try it, with no key and no network:
  personagen expand --target 60 --out outputs/pool
  personagen simulate --personas outputs/pool/personas.jsonl --conversations 20 --out outputs/run
  personagen show outputs/run
"""


class Commands(click.Group):
    """A group that tells an expected error in a sentence and exits with that error's code."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PersonagenError as error:
            click.echo(f"personagen: {clean(str(error))}", err=True)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            click.echo("personagen: interrupted; run the same command to go on where it stopped", err=True)
            ctx.exit(130)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # a fault of this program: told in a sentence too, and in full when asked for
            if os.environ.get("PERSONAGEN_TRACEBACK"):
                raise
            told = f"{type(error).__name__}: {error}"
            click.echo(f"personagen: a fault of its own ({clean(told)}); PERSONAGEN_TRACEBACK=1 shows where", err=True)
            ctx.exit(CorruptError.exit_code)


@click.group(
    cls=Commands, epilog=EPILOG, context_settings={"auto_envvar_prefix": "PERSONAGEN", "max_content_width": 110}
)
@click.version_option(package_name="personagen")
@click.pass_context
def main(ctx: click.Context) -> None:
    """Grow preference data for personal alignment: personas, conversation trees, preference pairs.

    Options can also stand in personagen.toml and in PERSONAGEN_<COMMAND>_<OPTION>.
    """
    ctx.default_map = load_defaults(main.commands)


for command in (expand.expand, simulate.simulate, show.show, export.export, prompts.prompts, init.init):
    main.add_command(command)
