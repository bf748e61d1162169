"""``personagen init``."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from personagen.cli.common import options, output_options, table, tell
from personagen.cli.settings import SETTINGS
from personagen.errors import DiskError, UsageError
from personagen.options import ExpandOptions, SimulateOptions, flat, place

EPILOG = """\b
Examples:
  personagen init
  personagen init my-study && cd my-study && personagen prompts check
"""
HEAD = """\
# Settings for personagen in this folder.
#
# A line that begins with # and a name is a setting at its default, or an example where nothing is set by default: take
# the # away to set it. A setting that stands before the first [table] holds for every command that has it. Options on
# the command line go before PERSONAGEN_<COMMAND>_<OPTION> in the environment, and both before this file.
"""
EXAMPLES: dict[str, Any] = {
    "agent": ["judge/prefer=my_agents:strict"],
    "base_url": ["http://127.0.0.1:8000/v1"],
    "budget": 5.0,
    "concurrency": 64,
    "conversations": 100,
    "filters": ["my_filters:no_doctors"],
    "max_calls": 10000,
    "personalities": 40,
    "price": ["0.25,2.00"],
    "prompts": "other-prompts",
    "similarity": 0.6,
}
# Set, or editing the copies would change nothing: without it the seeds that come along are used.
SET = {"seeds": "seeds"}


@click.command(epilog=EPILOG)
@options(click.argument("directory", default=".", metavar="[DIR]"), output_options)
def init(directory: str, as_json: bool, quiet: bool) -> None:
    """Make a working folder: prompts/ and seeds/ to edit, and personagen.toml with every setting.

    A file that is there already is kept as it is.
    """
    from personagen.personas import seeds
    from personagen.prompts import files as prompts

    folder = Path(place("DIR", directory))
    written: list[str] = []
    kept: list[str] = []
    for name, content in (*_copies("prompts", prompts.packaged()), *_copies("seeds", seeds.packaged()), _settings()):
        (written if _create(folder / name, content) else kept).append(name)
    summary = {"out": str(folder), "written": written, "kept": kept}
    rows = [("written", _told(written)), ("kept", ", ".join(kept))]
    go = "" if directory == "." else f"cd {directory}, "
    follow = f"next: {go}edit prompts/judge/prefer.md, then: personagen prompts check\n      personagen expand"
    tell(summary, f"{folder}\n{table(rows)}\n{follow}", as_json=as_json, quiet=quiet)


def settings_text() -> str:
    """``personagen.toml``: the options of the commands that ask models, with their defaults and help texts."""
    from personagen.cli.expand import expand
    from personagen.cli.simulate import simulate

    lines = [HEAD]
    for command, values in ((expand, flat(ExpandOptions())), (simulate, flat(SimulateOptions()))):
        lines.append(f"\n[{command.name}]\n")
        for option in command.params:
            if isinstance(option, click.Option) and option.name in values:
                lines += _setting(option, values[option.name])
    return "".join(lines)


def _setting(option: click.Option, value: Any) -> Iterator[str]:
    name, about = str(option.name), (option.help or "").partition("  [")[0]
    if name in SET:
        yield f"# {about}\n{name} = {json.dumps(SET[name])}\n"
        return
    if isinstance(option.show_default, str):  # the default in words
        value = option.show_default
    if value is None or value == ():
        yield f"# {about} Nothing is set by default; for example:\n"
        value = EXAMPLES[name]
    else:
        yield f"# {about}\n"
    yield f"#{name} = {json.dumps(value)}\n"


def _settings() -> tuple[str, bytes]:
    return SETTINGS.name, settings_text().encode()


def _copies(name: str, source: Path) -> Iterator[tuple[str, bytes]]:
    for file in sorted(source.rglob("*")):
        if file.is_file():
            yield f"{name}/{file.relative_to(source).as_posix()}", file.read_bytes()


def _create(file: Path, content: bytes) -> bool:
    """Writes ``file`` unless something stands there; whether it did."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        out = file.open("xb")
        try:
            with out:
                out.write(content)
        except BaseException:  # or a part of it would be taken for the user's own the next time
            file.unlink(missing_ok=True)
            raise
    except FileExistsError as error:
        if not file.parent.is_dir():
            raise UsageError(f"{error.filename} is a file; give another folder") from None
        return False
    except NotADirectoryError as error:
        raise UsageError(f"{error.filename}: a file stands where a folder is needed; give another folder") from None
    except OSError as error:
        raise DiskError(f"{file} can't be written: {error.strerror}; give another folder") from error
    return True


def _told(names: list[str]) -> str:
    """How many files in which folder."""
    places = Counter(f"{name.partition('/')[0]}/" if "/" in name else name for name in names)
    return ", ".join(f"{place} ({n} files)" if place.endswith("/") else place for place, n in places.items())
