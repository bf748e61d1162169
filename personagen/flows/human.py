"""People's own scores of an evaluation's replies, from a CSV file, and how far the judge agrees with them."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from personagen.agents.judge import BEST
from personagen.errors import UsageError
from personagen.metrics import alignment
from personagen.metrics.agreement import kappa
from personagen.ratings import Rating

LEVELS = tuple(str(score) for score in range(1, BEST + 1))
SHOWN = 5  # lines that a note names


@dataclass(frozen=True)
class Scored:
    """A row: the ``score`` that somebody gave the reply at ``node`` of ``tree``, or at ``turn`` if that is not 0."""

    line: int
    tree: str
    node: str
    turn: int
    score: int


def read_scores(file: Path) -> tuple[Scored, ...]:
    """The rows of ``file``, a CSV with the columns tree, score, and node or turn; others are ignored.

    Raises:
        UsageError: it can't be read, lacks a column, has no row, or a score or a turn is not a number that fits.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--human {file} can't be read: {getattr(error, 'strerror', '') or 'it is not UTF-8'}"
        ) from None
    rows = csv.DictReader(StringIO(text, newline=""))
    names = {name.strip().lower(): name for name in rows.fieldnames or () if name}
    places = [name for name in ("node", "turn") if name in names]
    if missing := [name for name in ("tree", "score") if name not in names] + ([] if places else ["node or turn"]):
        raise UsageError(f"--human {file} has no column {', '.join(missing)}: give a CSV with tree, node, score")
    try:
        found = tuple(_scored(file, rows.line_num, row, names, places) for row in rows)
    except csv.Error as error:
        raise UsageError(f"--human {file}:{rows.line_num}: {error}") from None
    if not found:
        raise UsageError(f"--human {file} has no row")
    return found


def _scored(file: Path, line: int, row: Mapping[str, Any], names: Mapping[str, str], places: Sequence[str]) -> Scored:
    given = {name: str(row[names[name]] or "").strip() for name in ("tree", "score", *places)}
    tree, score = given["tree"], given["score"]
    at = next((name for name in places if given[name]), places[-1])
    place = given[at]
    if score not in LEVELS:
        raise UsageError(f"--human {file}:{line}: the score {score!r} is not a whole number from 1 to {BEST}")
    if at == "turn" and not place.isdecimal():
        raise UsageError(f"--human {file}:{line}: the turn {place!r} is not a whole number")
    if not place:
        raise UsageError(f"--human {file}:{line}: the node is empty: give the node or turn of the reply")
    return Scored(line, tree, "" if at == "turn" else place, int(place) if at == "turn" else 0, int(score))


def agreement(scores: Sequence[Scored], ratings: Sequence[Rating]) -> dict[str, Any]:
    """How far the judge and the people agree on the replies that both have scored.

    ``kappa`` is weighted by the square of the distance of two scores (``metrics.agreement``), ``difference`` the mean
    of the judge's score minus theirs over personas, with its interval. ``unknown`` are the lines of other replies.
    """
    judged = [one for one in ratings if one.counts and one.judge == "judge"]
    known: dict[tuple[str, str | int], Rating] = {(one.tree, one.node): one for one in judged}
    known |= {(one.tree, one.turn): one for one in judged}
    table: dict[str, int] = defaultdict(int)
    gaps: dict[str, list[int]] = defaultdict(list)
    unknown = []
    for row in scores:
        rating = known.get((row.tree, row.node or row.turn))
        if rating is None:
            unknown.append(row.line)
            continue
        table[f"{rating.score}/{row.score}"] += 1
        gaps[rating.persona].append(rating.score - row.score)
    count = sum(table.values())
    estimate = kappa(table, LEVELS, ordinal=True)
    difference = alignment.mean([float(np.mean(own)) for own in gaps.values()]) if gaps else None
    return {
        "count": count,
        "same": round(sum(n for pair, n in table.items() if pair[0] == pair[-1]) / count, 4) if count else None,
        "kappa": _shown(estimate),
        "difference": _shown(difference),
        "unknown": unknown,
    }


def note(file: str, found: Mapping[str, Any]) -> tuple[str, ...]:
    """A sentence about the rows of replies that the judge has not scored; nothing if there is no such row."""
    lines = found["unknown"]
    if not lines:
        return ()
    more = f" and {len(lines) - SHOWN:,} more" if len(lines) > SHOWN else ""
    named = ", ".join(map(str, lines[:SHOWN]))
    are = "s are" if len(lines) > 1 else " is"
    return (f"{file}: {len(lines):,} row{are} of no reply that the judge scored (line {named}{more})",)


def _shown(estimate: Any) -> dict[str, float] | None:
    if estimate is None:
        return None
    return {name: round(value, 4) for name, value in asdict(estimate).items() if name in ("value", "low", "high")}
