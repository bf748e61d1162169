"""Reads the records of a run folder line by line: a table of the first ones, or a single one."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any

import orjson
from pydantic import ValidationError

from personagen.cli.terminal import one_line
from personagen.errors import CorruptError, UsageError
from personagen.options.growth import is_branching
from personagen.pairs import pairs_of
from personagen.records import ConversationTree, Persona, Rejection
from personagen.store.files import BUFFER_BYTES, read_state
from personagen.trajectories import trajectories_of
from personagen.tree import turn

MAX_DIGITS = 10  # of a number of a record
MAX_LISTED = 8  # matches or runs in an error
# The start of a line that this program wrote; other lines are parsed as JSON to find the id.
_FIRST = re.compile(rb'\{"id":"([ !#-\[\]-~]+)"')


@dataclass(frozen=True)
class Listing:
    """The records of ``file``, and the ``word`` for one; ``ratings`` by tree, of a run of ``evaluate``."""

    word: str
    file: Path
    record: type[ConversationTree | Persona | Rejection]
    ratings: dict[str, list[dict[str, Any]]] | None = None


def open_run(folder: Path) -> tuple[Listing, dict[str, Any]]:
    """The records of the run ``folder`` and its ``run.json``, or ``UsageError`` with the runs near it."""
    if not (folder / "run.json").is_file():
        if (folder / "journal.db").is_file():
            raise UsageError(
                f"{folder} has no results yet: its first run is still running, or was killed and can be resumed"
            )
        runs = _runs_near(folder)
        there = (
            f"; runs nearby: {', '.join(map(one_line, runs))}" if runs else "; create one with `personagen simulate`"
        )
        raise UsageError(f"{one_line(str(folder))} is not a run folder: it has no run.json{there}")
    state = read_state(folder)
    if "expand" in (state.get("command"), state.get("of")):
        return Listing("persona", folder / "personas.jsonl", Persona), state
    return Listing("tree", folder / "trees.jsonl", ConversationTree, _ratings(folder, state)), state


def _ratings(folder: Path, state: dict[str, Any]) -> dict[str, list[dict[str, Any]]] | None:
    if state.get("command") != "evaluate":
        return None
    from personagen.flows.evaluations import Evaluation
    from personagen.reports.source import Source

    return Evaluation(Source(folder)).ratings


def listed(
    listing: Listing, rows: int, picks: Callable[[Any], bool] | None = None
) -> tuple[list[dict[str, Any]], int, Any]:
    """The first ``rows`` rows (0: all) that ``picks`` accepts, how many more there are, and the first record."""
    shown: list[dict[str, Any]] = []
    first, more = None, 0
    for number, line in lines(listing):
        if rows and len(shown) == rows and not picks:
            more += 1
            continue
        record = read(listing, number, line)
        if picks and not picks(record):
            continue
        if rows and len(shown) == rows:
            more += 1
            continue
        first = first or record
        shown.append(_row(number, record, listing))
    return shown, more, first


def drawn(listing: Listing, picks: Callable[[Any], bool] | None = None) -> tuple[int, Any]:
    """The number and the record of one that is drawn from those that ``picks`` accepts."""
    found, seen, random = None, 0, Random(time.time_ns())
    for number, line in lines(listing):
        if picks and not picks(read(listing, number, line)):
            continue
        seen += 1
        if not random.randrange(seen):
            found = number, line
    if not found:
        raise UsageError(f"{listing.file.parent} has no {listing.word} for these options; leave one out or change it")
    return found[0], read(listing, *found)


def find(listing: Listing, wanted: str) -> tuple[int, Any]:
    """The number and the record of ``wanted``: a number from 1, an id, or the beginning of one id only.

    Digits alone are a number, or a whole id.
    """
    if is_number(wanted):
        numbered = next(islice(lines(listing), max(0, int(wanted) - 1), None), None)
        if numbered and int(wanted):
            return numbered[0], read(listing, *numbered)
    found: list[tuple[int, str]] = []
    last = 0
    for last, line in lines(listing):
        name = one_line(_id(listing, last, line))  # as the table shows it
        if name == wanted:
            return last, read(listing, last, line)
        if name.startswith(wanted) and not is_number(wanted):
            found.append((last, name))
    if len(found) == 1:
        number = found[0][0]
        return number, read(listing, *next(islice(lines(listing), number - 1, None)))
    raise UsageError(_why(listing, one_line(wanted), found, last))


def is_number(wanted: str) -> bool:
    """Whether ``wanted`` counts the records from 1; more digits may begin an id."""
    return wanted.isdecimal() and len(wanted) < MAX_DIGITS


def _why(listing: Listing, wanted: str, found: list[tuple[int, str]], last: int) -> str:
    if found:
        several = ", ".join(f"{name} ({number})" for number, name in found[:MAX_LISTED])
        return f"{wanted} matches {len(found)} {listing.word}s: {several}{', …' if len(found) > MAX_LISTED else ''}"
    if not last:
        return f"{listing.file.parent} has no {listing.word} yet; run its command again to resume"
    names = ", ".join(one_line(_id(listing, n, line)) for n, line in islice(lines(listing), 3))
    return f"{listing.file.parent} has no {listing.word} {wanted}; choose 1 to {last}, or an id such as {names}"


def lines(listing: Listing) -> Iterator[tuple[int, bytes]]:
    """The lines of the listing's file, numbered from 1."""
    if not listing.file.is_file():
        return
    with listing.file.open("rb", buffering=BUFFER_BYTES) as lines:
        yield from enumerate(lines, 1)


def _id(listing: Listing, number: int, line: bytes) -> str:
    begins = _FIRST.match(line)
    if begins:
        return begins[1].decode()
    try:
        return str(orjson.loads(line)["id"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise _damaged(listing, number, str(error)) from None


def read(listing: Listing, number: int, line: bytes) -> Any:
    """The record in the line ``number``; raises ``CorruptError`` if there is none."""
    try:
        return listing.record.model_validate_json(line)
    except ValidationError as error:
        raise _damaged(listing, number, error.errors()[0]["msg"]) from None


def _damaged(listing: Listing, number: int, what: str) -> CorruptError:
    return CorruptError(
        f"{listing.file}:{number} is not a {listing.word}: {what}; run its command again to repair the file"
    )


def _runs_near(folder: Path) -> list[str]:
    """Run folders inside ``folder``, beside it, or in ``outputs``, those written last first."""
    for place in (folder, folder.parent, Path("outputs")):
        files = place.glob("*/run.json") if place.is_dir() else ()
        runs = sorted((-file.stat().st_mtime, str(file.parent)) for file in files)
        if runs:
            return [run for _, run in runs[:MAX_LISTED]]
    return []


def _row(number: int, record: ConversationTree | Persona, listing: Listing) -> dict[str, Any]:
    row = {"index": number, "id": record.id}
    if isinstance(record, ConversationTree):
        if listing.ratings is not None:
            from personagen.cli.aligned import mean_score

            turns = sum(node.role == "assistant" for node in record.nodes)
            score = mean_score(listing.ratings.get(record.id, []))
            return {**row, "persona": record.persona.profile, "turns": turns, "score": float(score) if score else ""}
        turns = max((turn(node.id) for node in record.nodes), default=0)
        return {**row, "persona": record.persona.profile, "turns": turns, "pairs": len(pairs_of(record)[0])}
    age = str(record.attributes.get("age", ""))
    return {**row, "age": age, "profile": record.profile, "traits": ", ".join(record.traits[:3])}


def as_json(record: ConversationTree | Persona, listing: Listing) -> dict[str, Any]:
    """A persona, or a tree with its pairs or its ratings."""
    if isinstance(record, Persona):
        return {"persona": record.model_dump()}
    if listing.ratings is not None:
        return {"tree": record.model_dump(), "ratings": listing.ratings.get(record.id, [])}
    shown = {"tree": record.model_dump(), "pairs": [pair.model_dump() for pair in pairs_of(record)[0]]}
    if is_branching(record.grow):
        shown["trajectories"] = [pair.model_dump() for pair in trajectories_of(record)]
    return shown
