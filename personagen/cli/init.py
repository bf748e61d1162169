"""``personagen init``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import click

from personagen.cli.common import print_summary, table
from personagen.cli.options import Command, TableOption, options_of
from personagen.cli.settings import SETTINGS
from personagen.errors import DiskError, UsageError
from personagen.options import OutputOptions, place
from personagen.options.row import Row, rows_of

EPILOG = """\b
Examples:
  personagen init
  personagen init my-study && cd my-study && personagen prompts check
"""
HEAD = """\
# Settings for personagen in this folder.
#
# Remove the # before a name to set an option. The value shown is the default, or an example if there is no default.
# An option before the first [table] applies to every command that has it. The command line overrides the environment
# (PERSONAGEN_<COMMAND>_<OPTION>), and the environment overrides this file.
"""


@click.command(cls=Command, params=options_of(OutputOptions), epilog=EPILOG)
@click.argument("directory", default=".", metavar="[DIR]")
def init(directory: str, **output: bool) -> None:
    """Make a working folder: prompts/ and seeds/ to edit, and personagen.toml with every option.

    Files that exist are kept unchanged.
    """
    from personagen.personas import seeds
    from personagen.prompts import files as prompts

    folder = Path(place("DIR", directory))
    written: list[str] = []
    kept: list[str] = []
    settings = (SETTINGS.name, settings_text().encode())
    for name, content in (*_copies("prompts", prompts.packaged()), *_copies("seeds", seeds.packaged()), settings):
        (written if _create(folder / name, content) else kept).append(name)
    rows = [("written", _count_by_folder(written)), ("kept", ", ".join(kept))]
    go = "" if directory == "." else f"cd {directory}, "
    follow = f"next: {go}edit prompts/judge/prefer.md, then: personagen prompts check\n      personagen expand"
    summary = {"out": str(folder), "written": written, "kept": kept}
    print_summary(summary, f"{folder}\n{table(rows)}\n{follow}", **output)


def settings_text() -> str:
    """``personagen.toml``: the options of the commands that ask models, with their defaults and help texts."""
    from personagen.cli import commands

    lines = [HEAD]
    for name, command in commands().items():
        if isinstance(command, Command) and command.asks_models:
            rows = [option.row for option in command.params if isinstance(option, TableOption)]
            printed = {row.name for row in rows_of(OutputOptions)}
            lines += [f"\n[{name}]\n", *(_setting(row) for row in rows if row.name not in printed)]
    return "".join(lines)


def _setting(row: Row) -> str:
    if row.name == "seeds":  # so that the copied seeds are used
        return f'# {row.help}\nseeds = "seeds"\n'
    value, comment = row.default, row.help
    if value is None and row.none:
        value = row.none
    elif value in (None, ()):
        value, comment = row.example, f"{row.help} Default: {row.words or 'not set'}. Example:"
    return f"# {comment}\n#{row.name} = {json.dumps(value)}\n"


def _copies(name: str, source: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(source.rglob("*")):
        if file.is_file():
            yield f"{name}/{file.relative_to(source).as_posix()}", file.read_bytes()


def _create(file: Path, content: bytes) -> bool:
    """Writes ``file`` unless it exists; returns whether it did."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        out = file.open("xb")
        try:
            with out:
                out.write(content)
        except BaseException:  # a half-written file would be kept the next time
            file.unlink(missing_ok=True)
            raise
    except (FileExistsError, NotADirectoryError) as error:
        if file.parent.is_dir():
            return False
        raise UsageError(f"{error.filename} is a file, not a folder; choose another folder") from None
    except OSError as error:
        raise DiskError(f"cannot write {file}: {error.strerror}; choose another folder") from error
    return True


def _count_by_folder(names: list[str]) -> str:
    """``prompts/ (9 files), personagen.toml``."""
    places = Counter(f"{name.partition('/')[0]}/" if "/" in name else name for name in names)
    return ", ".join(f"{place} ({n} files)" if place.endswith("/") else place for place, n in places.items())
