"""What ``run.json`` says of how a run was made, as it may leave this machine: without paths, addresses and timings."""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

from personagen.options import ExpandOptions, SimulateOptions
from personagen.options.row import Row, rows_of

_KEPT = ("command", "of", "status", "started", "written", "prompts", "versions", "usage", "summary")
# Folders, hosts and what a server is sent say something of their owner, not of the data.
_PRIVATE = frozenset(["out", "env_file", "base_url", "extra", "concurrency", "timeout", "confirm_above", "dry_run"])
_PATHS = frozenset(["personas", "seeds", "topics", "population", "prompts"])
_CODE = re.compile("[a-z]{2,3}")
_TABLES = {"simulate": SimulateOptions, "expand": ExpandOptions}


def public_state(state: Mapping[str, Any]) -> dict[str, Any]:
    """``run.json`` for everybody: what the records need, and the options without private ones, files by name only."""
    found: dict[str, Any] = {name: state[name] for name in _KEPT if name in state}
    options = state.get("options") or {}
    found["options"] = {n: _name(v) if n in _PATHS else v for n, v in options.items() if n not in _PRIVATE}
    if options.get("base_url") or state.get("own_server"):
        found["own_server"] = True
    if runs := state.get("runs"):
        found["runs"] = {name: public_state(run) for name, run in runs.items()}
    return found


def command_lines(state: Mapping[str, Any]) -> list[str]:
    """The commands that made the run or its parts, with the options that differ from their defaults."""
    if runs := state.get("runs"):
        return [line for run in runs.values() for line in command_lines(run)]
    command = str(state.get("of") or state.get("command"))  # one that was pulled was made by another command
    table = _TABLES.get(command)
    if table is None:
        return []
    options = state.get("options") or {}
    words = ["personagen", command]
    for row in rows_of(table):
        if row.name in options and options[row.name] != _plain(row.default):
            words += _flags(row, options[row.name])
    return [shlex.join(words)]


def has_own_server(state: Mapping[str, Any]) -> bool:
    """Whether a model was asked at another address than its provider's."""
    return any(run.get("own_server") for run in (state, *(state.get("runs") or {}).values()))


def seeds_of(state: Mapping[str, Any]) -> list[int]:
    """The random seeds of the run or its parts."""
    return sorted({run["seed"] for run in _options(state) if "seed" in run})


def languages_of(state: Mapping[str, Any]) -> list[str]:
    """The languages that the run or its parts were asked to be in, as codes of two or three letters; "any" is none."""
    bases = {str(run.get("language") or "any").partition("-")[0].lower() for run in _options(state)}
    return sorted(base for base in bases if base != "any" and _CODE.fullmatch(base))


def _options(state: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [run.get("options") or {} for run in (state.get("runs") or {"": state}).values()]


def _flags(row: Row, value: Any) -> list[str]:
    if row.kind == "bool":
        return [row.flag] if value else []
    values = value if isinstance(value, list | tuple) else [value]
    return [word for one in values if one is not None for word in (row.flag, str(one))]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _name(path: Any) -> Any:
    return PurePath(path).name if isinstance(path, str) else path
