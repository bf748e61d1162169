"""Values that shell completion offers: run folders, trees, prompts. Nothing heavy is imported."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import click
from click.shell_completion import CompletionItem

from personagen.options.row import ROLES, Row

MAX_DEPTH = 3  # folders below the working folder in which runs are looked for
MAX_OFFERED = 200
_ID = re.compile(rb'\{"id":"([ !#-\[\]-~]+)"')


def values(row: Row, begun: str) -> list[CompletionItem]:
    """What begins with ``begun`` among the values of an option; for a path, the shell offers files."""
    known = [*row.choices, *row.names, *([row.none] if row.none else [])]
    role, equals, rest = begun.partition("=")
    if row.by_role and equals:
        return [CompletionItem(f"{role}={name}") for name in known if name.startswith(rest)]
    if row.by_role:
        known += [f"{role}=" for role in ROLES]
    found = [CompletionItem(name) for name in known if name.startswith(begun)]
    if row.kind in ("FilePath", "Data"):
        found.append(CompletionItem(begun, type="dir" if row.metavar == "DIR" else "file"))
    return found


def runs(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """Folders with a ``run.json``, and what the shell finds."""
    found = sorted(folder for folder in _runs(".", MAX_DEPTH) if folder.startswith(begun))
    return [*map(CompletionItem, found[:MAX_OFFERED]), *([] if found else [CompletionItem(begun, type="dir")])]


def _runs(folder: str, depth: int) -> Iterator[str]:
    try:
        inside = [entry for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")]
    except OSError:
        return
    for entry in inside:
        path = os.path.normpath(entry.path)
        if os.path.exists(os.path.join(path, "run.json")):  # noqa: PTH110, PTH118 - the import of pathlib takes 3 ms
            yield path
        elif depth > 1:
            yield from _runs(path, depth - 1)


def trees(ctx: click.Context, _: click.Parameter, begun: str) -> list[CompletionItem]:
    """The numbers of the trees or personas of the run that is named before, with their ids; or ids."""
    folder = str(ctx.params.get("run") or "")
    for name in ("trees.jsonl", "personas.jsonl"):
        try:
            with open(os.path.join(folder, name), "rb") as lines:  # noqa: PTH118, PTH123
                ids = [
                    (number, match[1].decode()) for number, line in enumerate(lines, 1) if (match := _ID.match(line))
                ]
        except OSError:
            continue
        numbered = [CompletionItem(str(number), help=id) for number, id in ids if str(number).startswith(begun)]
        named = [CompletionItem(id) for _, id in ids if begun and id.startswith(begun)]
        return [*numbered, *named][:MAX_OFFERED]
    return []


def prompts(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem]:
    """The names of prompts: those of ./prompts and the bundled ones."""
    here = os.path.dirname(os.path.dirname(__file__))  # noqa: PTH120
    places = ("prompts", os.path.join(here, "data", "prompts"), os.path.join(here, "..", "prompts"))  # noqa: PTH118
    names = {name for place in places for name in _prompts(place)}
    return [CompletionItem(name) for name in sorted(names) if name.startswith(begun)]


def _prompts(place: str) -> Iterator[str]:
    try:
        for agent in (entry for entry in os.scandir(place) if entry.is_dir()):
            names = [file.name for file in os.scandir(agent.path)]
            yield from (f"{agent.name}/{file[:-3]}" for file in names if file.endswith(".md"))
    except OSError:
        return
