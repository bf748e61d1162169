"""The command line: one command a file. Only here is anything printed, and only here does the process exit."""

from __future__ import annotations

import gc
import os
import shlex
from contextlib import suppress
from importlib import import_module
from typing import Any

import click

from personagen import __version__
from personagen.errors import BudgetError, CorruptError, DiskError, Interrupted, PersonagenError

EPILOG = """\b
Try it, with no key and no network:
  personagen expand --target 60 --out outputs/pool
  personagen simulate --personas outputs/pool/personas.jsonl --conversations 20 --out outputs/run
  personagen show outputs/run
"""
# Every command, the function of that name in the module of that name, with the first sentence of its help: the list of
# commands, completion and a misspelt name need no more, and a start waits for no other command's module.
COMMANDS = {
    "expand": "Grow the pools of profiles and personalities from seeds, and combine them into personas.",
    "simulate": "Grow conversation trees from personas, and preference pairs from the trees.",
    "show": "Show a run, or one of its conversation trees: chosen and rejected replies side by side.",
    "export": "Write a run's data in another format, as JSON lines.",
    "prompts": "List the prompt files, check them, or see what a model would be sent.",
    "init": "Make a working folder: prompts/ and seeds/ to edit, and personagen.toml with every setting.",
}

_RUNS = ("expand", "simulate")
_RESUMABLE = {error.exit_code for error in (BudgetError, DiskError, Interrupted)}
_TYPED = "personagen.typed"


def command(name: str) -> click.Command:
    """The command ``name``, from its module."""
    found: click.Command = getattr(import_module(f"personagen.cli.{name}"), name)
    return found


def commands() -> dict[str, click.Command]:
    """All commands by name."""
    return {name: command(name) for name in COMMANDS}


class Commands(click.Group):
    """A group that tells an expected error in a sentence and exits with that error's code."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name, listed, rest = super().resolve_command(ctx, args)
        return name, command(name) if name in COMMANDS else listed, rest

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_TYPED] = list(args)
        try:
            return super().parse_args(ctx, args)
        except click.ClickException as error:
            raise _cleaned(error) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except PersonagenError as error:
            _tell(f"personagen: {error}")
            if error.exit_code in _RESUMABLE:
                _tell_how_to_go_on(ctx)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            rest = " without waiting for the calls in flight" if ctx.invoked_subcommand in _RUNS else ""
            _tell(f"personagen: interrupted{rest}")
            _tell_how_to_go_on(ctx)
            ctx.exit(Interrupted.exit_code)
        except click.ClickException as error:
            raise _cleaned(error) from None
        except (click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # a fault of this program: told in a sentence too, and in full when asked for
            if os.environ.get("PERSONAGEN_TRACEBACK"):
                raise
            if isinstance(error, OSError) and error.filename is not None:  # any look at a file can be refused
                _tell(f"personagen: {error.filename}: {error.strerror}; check its permissions and the disk")
                ctx.exit(DiskError.exit_code)
            told = f"{type(error).__name__}: {error}"
            _tell(f"personagen: a fault of its own ({told}); PERSONAGEN_TRACEBACK=1 shows where")
            ctx.exit(CorruptError.exit_code)


def _cleaned(error: click.ClickException) -> click.ClickException:
    """``error`` as it may be shown: it can quote what was typed, or a file's name."""
    from personagen.cli.screen import clean

    vars(error)["message"] = clean(error.message)
    return error


def _tell(text: str) -> None:
    from personagen.cli.screen import clean

    with suppress(OSError):  # the terminal may be gone
        click.echo(clean(text), err=True)


def _tell_how_to_go_on(ctx: click.Context) -> None:
    if ctx.invoked_subcommand in _RUNS:
        _tell(f"to go on: {shlex.join(['personagen', *ctx.meta[_TYPED]])}")


@click.group(
    cls=Commands,
    commands={name: click.Command(name, help=about) for name, about in COMMANDS.items()},
    epilog=EPILOG,
    context_settings={"auto_envvar_prefix": "PERSONAGEN", "max_content_width": 110},
)
@click.version_option(__version__)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Grow preference data for personal alignment: personas, conversation trees, preference pairs.

    Options can also stand in personagen.toml and in PERSONAGEN_<COMMAND>_<OPTION>.
    """
    from personagen.cli.settings import load_defaults
    from personagen.runs.interrupt import raising_interrupts

    if ctx.invoked_subcommand not in _RUNS:  # a run has handlers of its own, and survives being killed
        ctx.with_resource(raising_interrupts())
    # Looking for cycles as often as Python does by default is an eighth of a call's cost, and there are hardly any.
    gc.set_threshold(50_000, 20, 100)
    ctx.default_map = load_defaults(commands)
