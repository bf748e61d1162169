"""The command line: one file per command. Only this folder prints, and only here does the process exit."""

from __future__ import annotations

import gc
import os
import re
import shlex
import sys
from contextlib import suppress
from importlib import import_module
from keyword import iskeyword
from typing import Any

import click

from personagen.errors import BudgetError, CorruptError, DiskError, Interrupted, PersonagenError

EPILOG = """\b
Try it, without a key or a network:
  personagen expand --target 60 --out outputs/pool
  personagen simulate --personas outputs/pool/personas.jsonl --conversations 20 --out outputs/run
  personagen show outputs/run
"""
_COMMAND = re.compile(r'^@click\.(?:command|group)\(.*?^def (\w+)\(.*?"""(.*?)(?:\n\n|""")', re.MULTILINE | re.DOTALL)
_RESUMABLE = {error.exit_code for error in (BudgetError, DiskError, Interrupted)}
_TYPED = "personagen.typed"


def _find_commands() -> dict[str, str]:
    """The commands in the files of this folder, with the first sentence of their help.

    The files are read, not imported, so that the list of commands and completion are fast.
    """
    commands = {}
    for file in sorted(os.scandir(os.path.dirname(__file__)), key=lambda file: file.name):  # noqa: PTH120
        if file.name.endswith(".py") and not file.name.startswith("_"):
            with open(file, encoding="utf-8") as source:  # noqa: PTH123 - the import of pathlib takes 3 ms
                if found := _COMMAND.search(source.read()):
                    commands[found[1].rstrip("_").replace("_", "-")] = " ".join(found[2].split())
    return commands


COMMANDS = _find_commands()


def command(name: str) -> click.Command:
    """The command ``name``, from the module of that name."""
    module = name.replace("-", "_") + ("_" if iskeyword(name) else "")
    found: click.Command = getattr(import_module(f"personagen.cli.{module}"), module)
    return found


def commands() -> dict[str, click.Command]:
    """All commands by name."""
    return {name: command(name) for name in COMMANDS}


class Commands(click.Group):
    """A group that prints errors as one sentence and exits with their code."""

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
            _print_error(f"personagen: {error}")
            if error.exit_code in _RESUMABLE:
                _print_how_to_resume(ctx)
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            rest = " without waiting for requests in flight" if _asks_models(ctx) else ""
            _print_error(f"personagen: interrupted{rest}")
            _print_how_to_resume(ctx)
            ctx.exit(Interrupted.exit_code)
        except click.ClickException as error:
            raise _cleaned(error) from None
        except (click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # a bug also gets one sentence, and a traceback on request
            if os.environ.get("PERSONAGEN_TRACEBACK"):
                raise
            if isinstance(error, OSError) and error.filename is not None:  # any access to a file can be denied
                _print_error(f"personagen: {error.filename}: {error.strerror}; check its permissions and the disk")
                ctx.exit(DiskError.exit_code)
            what = f"{type(error).__name__}: {error}"
            _print_error(f"personagen: internal error ({what}); set PERSONAGEN_TRACEBACK=1 to see the traceback")
            ctx.exit(CorruptError.exit_code)


def _asks_models(ctx: click.Context) -> bool:
    name = ctx.invoked_subcommand
    return name in COMMANDS and getattr(command(name), "asks_models", False)


def _cleaned(error: click.ClickException) -> click.ClickException:
    """``error`` without control characters; it can quote arguments or file names."""
    from personagen.cli.terminal import clean

    vars(error)["message"] = clean(error.message)
    return error


def _print_error(text: str) -> None:
    from personagen.cli.terminal import clean, fitted

    with suppress(OSError, ValueError):  # the terminal may be gone
        click.echo(fitted(clean(text), sys.stderr), err=True)


def _print_how_to_resume(ctx: click.Context) -> None:
    if _asks_models(ctx):
        from personagen.cli.common import as_typed

        _print_error(as_typed(f"to resume: {shlex.join(['personagen', *ctx.meta[_TYPED]])}"))


@click.group(
    cls=Commands,
    commands={name: click.Command(name, help=about) for name, about in COMMANDS.items()},
    epilog=EPILOG,
    context_settings={"auto_envvar_prefix": "PERSONAGEN", "max_content_width": 110},
)
@click.pass_context
def main(ctx: click.Context) -> None:
    """Grow preference data for personal alignment: personas, conversation trees, preference pairs.

    Options can also be set in environment variables PERSONAGEN_<COMMAND>_<OPTION> and in personagen.toml, here or in a
    folder above up to the root of the repository.
    """
    from personagen.cli.settings import SETTINGS, check_environment, load_defaults, settings_file
    from personagen.runs.interrupt import raising_interrupts

    if not _asks_models(ctx):  # a run installs its own handlers, and survives a kill
        ctx.with_resource(raising_interrupts())
    # At Python's default thresholds garbage collection takes an eighth of the CPU time and finds hardly any cycles.
    gc.set_threshold(50_000, 20, 100)
    check_environment(commands)
    file = settings_file()
    if file and file != SETTINGS and not {"--quiet", "--help"} & {*ctx.meta[_TYPED]}:
        _print_error(f"settings: {file}")
    ctx.default_map = load_defaults(commands)
