"""``personagen.toml``: defaults of the options, read from the working folder."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click

from personagen.errors import UsageError

SETTINGS = Path("personagen.toml")


def load_defaults(commands: Callable[[], Mapping[str, click.Command]]) -> dict[str, Any]:
    """Defaults from ``personagen.toml`` in the working folder: a table a command, and keys for all that have them.

    ``commands`` gives all of them by name; it is asked only where there is such a file.

    Raises:
        UsageError: the file is not TOML, or names a command or an option that does not exist.
    """
    if not SETTINGS.is_file():
        return {}
    import tomllib

    try:
        text = SETTINGS.read_text(encoding="utf-8")
        settings = tomllib.loads(text)
    except OSError as error:
        raise UsageError(f"{SETTINGS} can't be read: {error.strerror}; check its permissions") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{SETTINGS}: {error}") from None
    known = {n: {str(p.name): p for p in c.params if isinstance(p, click.Option)} for n, c in commands().items()}
    general = {k.replace("-", "_"): v for k, v in settings.items() if not isinstance(v, dict)}
    _refuse_unknown(set(general) - {option for accepted in known.values() for option in accepted}, "any command")
    defaults: dict[str, Any] = {}
    for name, accepted in known.items():
        table = settings.get(name)  # a command may share its name with a setting, as `prompts` does
        own = {k.replace("-", "_"): v for k, v in table.items()} if isinstance(table, dict) else {}
        _refuse_unknown(set(own) - set(accepted), name)
        merged = {k: v for k, v in general.items() if k in accepted} | own
        for key, value in merged.items():
            if wanted := _wanted(accepted[key], value):
                where = _line(text, key, name if key in own else "")
                raise UsageError(f"{SETTINGS}{where}: {key} is {wanted}, not {value!r}")
        defaults[name] = {k: [v] if accepted[k].multiple and isinstance(v, str) else v for k, v in merged.items()}
    _refuse_unknown({k for k, v in settings.items() if isinstance(v, dict)} - set(known), "personagen")
    return defaults


def _wanted(option: click.Option, value: Any) -> str:
    """What ``option`` takes, where ``value`` is of another type; Click would make some of it fit."""
    kinds: list[tuple[bool, Any, str]] = [
        (option.is_flag, bool, "true or false"),
        (isinstance(option.type, click.types.IntParamType), int, "a whole number"),
        (isinstance(option.type, click.types.FloatParamType), int | float, "a number"),
        (isinstance(option.type, click.types.FuncParamType), int | float | str, "a number or a text"),
        (True, str, "a text"),
    ]
    kind, said = next((kind, said) for applies, kind, said in kinds if applies)
    several = value if option.multiple and isinstance(value, list) else [value]
    fits = all(isinstance(one, kind) and (kind is bool or not isinstance(one, bool)) for one in several)
    return "" if fits else said


def _line(text: str, key: str, table: str) -> str:
    """The line of ``key`` in ``table``, as ``:3``; nothing where the file writes it in another way."""
    within = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            within = header[1]
        elif within == table and re.match(rf'\s*"?{key.replace("_", "[-_]")}"?\s*=', line):
            return f":{number}"
    return ""


def _refuse_unknown(names: set[str], where: str) -> None:
    if names:
        raise UsageError(f"{SETTINGS}: {', '.join(sorted(names))} is not a setting of {where}; see personagen --help")
