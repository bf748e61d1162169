"""What failed in a run, from ``rejections.jsonl``: a list with the beginning of each text, or one text as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from personagen.cli.browse import Listing, is_number, lines, read
from personagen.cli.terminal import clean, one_line
from personagen.errors import UsageError
from personagen.gates import PAIR_GATES
from personagen.records import Rejection

# Rows about sound texts: turns without a pair, finished conversations, mended messages, a full pool.
_SOUND = frozenset({*PAIR_GATES, "shared", "goodbye", "cut", "surplus"})
_INDENT = (0, 0, 0, 6)
Row = tuple[int, Rejection]


def listed(folder: Path, rows: int) -> tuple[list[Row], int]:
    """The first ``rows`` failures (0: all) with their numbers, and how many more there are."""
    failures = _failures(folder)
    return list(islice(failures, rows or None)), sum(1 for _ in failures)


def find(folder: Path, wanted: str, rows: int) -> tuple[list[Row], int]:
    """The failure with the number ``wanted``, else those whose place begins with it; and how many more there are.

    Raises:
        UsageError: there is none.
    """
    if is_number(wanted):
        numbered = next(islice(_failures(folder), max(0, int(wanted) - 1), None), None)
        if numbered and int(wanted):
            return [numbered], 0
    found = (row for row in _failures(folder) if one_line(row[1].place).startswith(wanted) and not is_number(wanted))
    shown = list(islice(found, rows or None))
    if not shown:
        last = sum(1 for _ in _failures(folder))
        there = f"choose 1 to {last}, or a place that it lists" if last else "nothing failed in it"
        raise UsageError(f"{one_line(str(folder))} has no failure {one_line(wanted)}; {there}")
    return shown, sum(1 for _ in found)


def as_json(rows: list[Row], more: int) -> dict[str, Any]:
    """The failures as JSON; ``more`` are not among them."""
    return {"failed": [{"index": number, **row.model_dump()} for number, row in rows], "more": more}


def drawn(rows: list[Row], more: int, folder: Path, *, whole: bool) -> RenderableType:
    """The failures for the terminal, with the ``whole`` texts or the beginning of each."""
    if not rows:
        return Text(f"Nothing failed in {one_line(str(folder))}.")
    blocks: list[RenderableType] = [_block(number, row, whole=whole) for number, row in rows]
    run = one_line(str(folder))
    if more:
        blocks.append(Text(f"… and {more:,} more: personagen show {run} --failed --rows 0"))
    if not whole:
        blocks.append(Text(f"the whole text: personagen show {run} {rows[0][0]} --failed, or the beginning of a place"))
    return Group(*blocks)


def _block(number: int, row: Rejection, *, whole: bool) -> RenderableType:
    ended = f"ended by {one_line(row.finish_reason)}" if row.finish_reason else ""
    attempts = f"{row.attempts} attempts" if row.attempts > 1 else ""
    how = ", ".join(filter(None, (ended, attempts)))
    head = Text.assemble(
        (f"{number:>4}  {one_line(row.place)}", "bold"), f"  {one_line(row.gate)}", (f"  {how}", "dim")
    )
    text = Text(clean(row.text)) if whole else Text(one_line(row.text), no_wrap=True, overflow="ellipsis")
    said = [text] if row.text.strip() else []
    reason = Text(one_line(row.reason), style="yellow")
    return Group(head, *(Padding(part, _INDENT, expand=False) for part in (reason, *said)), "")


def _failures(folder: Path) -> Iterator[Row]:
    listing = Listing("rejection", folder / "rejections.jsonl", Rejection)
    number = 0
    for at, line in lines(listing):
        if _gate(line) not in _SOUND:
            number += 1
            yield number, read(listing, at, line)


def _gate(line: bytes) -> Any:
    try:
        return orjson.loads(line)["gate"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None  # a damaged line, which `read` names
