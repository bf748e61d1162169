"""Defaults of the options in ``personagen.toml``, and variables that name no option."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from personagen.cli.options import TableOption
from personagen.errors import UsageError
from personagen.options.row import Row

SETTINGS = Path("personagen.toml")
_PREFIX = "PERSONAGEN_"
_OTHER_VARIABLES = frozenset({"PERSONAGEN_TRACEBACK"})


def settings_file() -> Path | None:
    """``personagen.toml`` in the working folder or the nearest folder above it, up to the root of its repository."""
    if SETTINGS.is_file():
        return SETTINGS
    up = Path()
    for folder in Path.cwd().parents:
        if (Path.cwd() / up / ".git").exists():
            return None
        up = up / ".."
        if (folder / SETTINGS).is_file() and any((above / ".git").exists() for above in (folder, *folder.parents)):
            return up / SETTINGS
    return None


def check_environment(commands: Callable[[], Mapping[str, click.Command]]) -> None:
    """Raises ``UsageError`` for a variable ``PERSONAGEN_...`` that names no option."""
    given = [name for name in os.environ if name.startswith(_PREFIX) and name not in _OTHER_VARIABLES]
    if not given:
        return
    known = {name for command, found in commands().items() for name in _variables(f"{_PREFIX}{command}", found)}
    for name in sorted(set(given) - known):
        near = sorted(one for one in known if one.endswith(name[len(_PREFIX) - 1 :]))[-1:]  # without its command
        near = near or difflib.get_close_matches(name, sorted(known), 1, cutoff=0.8)
        hint = f"did you mean {near[0]}?" if near else "see personagen --help; PERSONAGEN_SIMULATE_TURNS sets --turns"
        raise UsageError(f"the environment variable {name} is no option; {hint}")


def _variables(prefix: str, command: click.Command) -> Iterator[str]:
    prefix = prefix.upper().replace("-", "_")
    yield from (f"{prefix}_{option.name}".upper() for option in command.params if isinstance(option, TableOption))
    for name, below in getattr(command, "commands", {}).items():
        yield from _variables(f"{prefix}_{name}", below)


def load_defaults(commands: Callable[[], Mapping[str, click.Command]]) -> dict[str, Any]:
    """The defaults in the settings file: a table for each command, and before the tables keys for all commands.

    A relative path in it starts from its folder. ``commands`` gives all commands by name; it is called only if there
    is a file. A mistake is a ``UsageError``.
    """
    file = settings_file()
    if file is None:
        return {}
    import tomllib

    try:
        text = file.read_text(encoding="utf-8-sig")
        settings = tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}; check its permissions") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{file}: {error}") from None
    known = {n: {p.row.name: p.row for p in c.params if isinstance(p, TableOption)} for n, c in commands().items()}
    general = {k.replace("-", "_"): v for k, v in settings.items() if not isinstance(v, dict)}
    _refuse_unknown(file, set(general) - {name for rows in known.values() for name in rows}, "an option of any command")
    defaults: dict[str, Any] = {}
    for command, rows in known.items():
        table = settings.get(command)  # a command may have the name of an option, as `prompts` does
        own = {k.replace("-", "_"): v for k, v in table.items()} if isinstance(table, dict) else {}
        _refuse_unknown(file, set(own) - set(rows), f"an option of {command}")
        merged = {k: v for k, v in general.items() if k in rows} | own
        for key, value in merged.items():
            try:
                rows[key].check(value)
            except UsageError as error:
                raise UsageError(f"{file}{_line(text, key, command if key in own else '')}: {error}") from None
        defaults[command] = {k: _default(rows[k], v, file.parent) for k, v in merged.items()}
    _refuse_unknown(file, {k for k, v in settings.items() if isinstance(v, dict)} - set(known), "a command")
    return defaults


def _default(row: Row, value: Any, folder: Path) -> Any:
    if row.kind in ("FilePath", "Data") and isinstance(value, str):
        return str(folder / value)
    return list(row.check(value)) if row.several else value


def _line(text: str, key: str, table: str) -> str:
    """The line of ``key`` in ``table`` as ``:3``, or nothing if it is not found."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            section = header[1]
        elif section == table and re.match(rf'\s*"?{key.replace("_", "[-_]")}"?\s*=', line):
            return f":{number}"
    return ""


def _refuse_unknown(file: Path, names: set[str], what: str) -> None:
    if names:
        raise UsageError(f"{file}: {', '.join(sorted(names))} is not {what}; see personagen --help")
