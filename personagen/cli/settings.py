"""``personagen.toml`` in the working folder: defaults of the options."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from personagen.cli.options import TableOption
from personagen.errors import UsageError

SETTINGS = Path("personagen.toml")


def load_defaults(commands: Callable[[], Mapping[str, click.Command]]) -> dict[str, Any]:
    """The defaults in ``personagen.toml``: a table for each command, and before the tables keys for all commands.

    ``commands`` gives all commands by name; it is called only if the file exists. A mistake is a ``UsageError``.
    """
    if not SETTINGS.is_file():
        return {}
    import tomllib

    try:
        text = SETTINGS.read_text(encoding="utf-8-sig")
        settings = tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"cannot read {SETTINGS}: {error.strerror}; check its permissions") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{SETTINGS}: {error}") from None
    known = {n: {p.row.name: p.row for p in c.params if isinstance(p, TableOption)} for n, c in commands().items()}
    general = {k.replace("-", "_"): v for k, v in settings.items() if not isinstance(v, dict)}
    _refuse_unknown(set(general) - {name for rows in known.values() for name in rows}, "an option of any command")
    defaults: dict[str, Any] = {}
    for command, rows in known.items():
        table = settings.get(command)  # a command may have the name of an option, as `prompts` does
        own = {k.replace("-", "_"): v for k, v in table.items()} if isinstance(table, dict) else {}
        _refuse_unknown(set(own) - set(rows), f"an option of {command}")
        merged = {k: v for k, v in general.items() if k in rows} | own
        for key, value in merged.items():
            try:
                rows[key].check(value)
            except UsageError as error:
                raise UsageError(f"{SETTINGS}{_line(text, key, command if key in own else '')}: {error}") from None
        defaults[command] = {k: list(rows[k].check(v)) if rows[k].several else v for k, v in merged.items()}
    _refuse_unknown({k for k, v in settings.items() if isinstance(v, dict)} - set(known), "a command")
    return defaults


def _line(text: str, key: str, table: str) -> str:
    """The line of ``key`` in ``table`` as ``:3``, or nothing if it is not found."""
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            section = header[1]
        elif section == table and re.match(rf'\s*"?{key.replace("_", "[-_]")}"?\s*=', line):
            return f":{number}"
    return ""


def _refuse_unknown(names: set[str], what: str) -> None:
    if names:
        raise UsageError(f"{SETTINGS}: {', '.join(sorted(names))} is not {what}; see personagen --help")
