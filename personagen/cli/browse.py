"""The records of a run folder, read one line at a time: a table of the first ones, or one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from pydantic import ValidationError

from personagen.cli.screen import one_line
from personagen.errors import CorruptError, UsageError
from personagen.pairs import pairs_of
from personagen.records import ConversationTree, Persona, Record
from personagen.store.files import BUFFER_BYTES, read_state
from personagen.tree import turn

FEW = 8
# As every line begins that was written here. Where one begins otherwise, the whole of it is read.
_FIRST = re.compile(rb'\{"id":"([ !#-\[\]-~]+)"')


@dataclass(frozen=True)
class Shelf:
    """What ``file`` holds: a ``word`` for one, its record, its row of the table, its JSON."""

    word: str
    file: Path
    record: type[Record]
    row: Callable[[int, Any], dict[str, Any]]
    as_json: Callable[[Any], dict[str, Any]]


def opened(folder: Path) -> tuple[Shelf, dict[str, Any]]:
    """The shelf of the run ``folder``, and its ``run.json``.

    Raises:
        UsageError: it is not a run; the message names those that are near.
    """
    if not (folder / "run.json").is_file() and (folder / "journal.db").is_file():
        raise UsageError(f"{folder} has no results yet: its first run is at work, or was killed and can be resumed")
    if not (folder / "run.json").is_file():
        runs = _runs_near(folder)
        there = f"; runs here: {', '.join(map(one_line, runs))}" if runs else "; `personagen simulate` makes one"
        raise UsageError(f"{one_line(str(folder))} is not a run: it has no run.json{there}")
    state = read_state(folder)
    if state.get("command") == "expand":
        return Shelf("persona", folder / "personas.jsonl", Persona, _persona_row, _persona_json), state
    return Shelf("tree", folder / "trees.jsonl", ConversationTree, _tree_row, _tree_json), state


def listed(shelf: Shelf, rows: int) -> tuple[list[dict[str, Any]], int, Any]:
    """The first ``rows`` rows (0: all), how many more there are, and the first record."""
    lines = _lines(shelf)
    shown, first = [], None
    for number, line in islice(lines, rows or None):
        record = _read(shelf, number, line)
        first = first or record
        shown.append(shelf.row(number, record))
    return shown, sum(1 for _ in lines), first


def find(shelf: Shelf, wanted: str) -> tuple[int, Any]:
    """The record that ``wanted`` names: a place counted from 1, an id, or the one id that begins so; and its place.

    Raises:
        UsageError: there is none, or several ids begin so.
    """
    if wanted.isdecimal() and len(wanted) < 19 and int(wanted):
        at = next(islice(_lines(shelf), int(wanted) - 1, None), None)
        if at:
            return at[0], _read(shelf, *at)
    found: list[tuple[int, str]] = []
    last = 0
    for last, line in _lines(shelf):
        name = one_line(_id(shelf, last, line))  # as the table shows it
        if name == wanted:
            return last, _read(shelf, last, line)
        if name.startswith(wanted):
            found.append((last, name))
    if len(found) == 1:
        number = found[0][0]
        return _read_at(shelf, number)
    raise UsageError(_why(shelf, one_line(wanted), found, last))


def _why(shelf: Shelf, wanted: str, found: list[tuple[int, str]], last: int) -> str:
    if found:
        several = ", ".join(f"{name} ({number})" for number, name in found[:FEW])
        return f"{wanted} is the beginning of {len(found)} {shelf.word}s: {several}{', …' if len(found) > FEW else ''}"
    if not last:
        return f"{shelf.file.parent} has no {shelf.word} yet; run the same command on it to go on"
    names = ", ".join(one_line(_id(shelf, n, line)) for n, line in islice(_lines(shelf), 3))
    return f"{shelf.file.parent} has no {shelf.word} {wanted}: give 1 to {last}, or an id such as {names}"


def _read_at(shelf: Shelf, number: int) -> tuple[int, Any]:
    at = next(islice(_lines(shelf), number - 1, None))
    return number, _read(shelf, *at)


def _lines(shelf: Shelf) -> Iterator[tuple[int, bytes]]:
    if not shelf.file.is_file():
        return
    with shelf.file.open("rb", buffering=BUFFER_BYTES) as lines:
        yield from enumerate(lines, 1)


def _id(shelf: Shelf, number: int, line: bytes) -> str:
    begins = _FIRST.match(line)
    if begins:
        return begins[1].decode()
    try:
        return str(orjson.loads(line)["id"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise _damaged(shelf, number, str(error)) from None


def _read(shelf: Shelf, number: int, line: bytes) -> Any:
    try:
        return shelf.record.model_validate_json(line)
    except ValidationError as error:
        raise _damaged(shelf, number, error.errors()[0]["msg"]) from None


def _damaged(shelf: Shelf, number: int, what: str) -> CorruptError:
    return CorruptError(f"{shelf.file}:{number} is no {shelf.word}: {what}; run the same command again to mend it")


def _runs_near(folder: Path) -> list[str]:
    """Run folders inside ``folder``, beside it, or in ``outputs``."""
    for place in (folder, folder.parent, Path("outputs")):
        runs = sorted(str(file.parent) for file in place.glob("*/run.json")) if place.is_dir() else []
        if runs:
            return runs[:FEW]
    return []


def _tree_row(number: int, tree: ConversationTree) -> dict[str, Any]:
    return {
        "index": number,
        "id": tree.id,
        "persona": tree.persona.profile,
        "turns": max((turn(node.id) for node in tree.nodes), default=0),
        "pairs": len(pairs_of(tree)[0]),
    }


def _tree_json(tree: ConversationTree) -> dict[str, Any]:
    return {"tree": tree.model_dump(), "pairs": [pair.model_dump() for pair in pairs_of(tree)[0]]}


def _persona_row(number: int, persona: Persona) -> dict[str, Any]:
    age = persona.attributes.get("age", "")
    return {
        "index": number,
        "id": persona.id,
        "age": str(age),
        "profile": persona.profile,
        "traits": ", ".join(persona.traits[:3]),
    }


def _persona_json(persona: Persona) -> dict[str, Any]:
    return {"persona": persona.model_dump()}
