"""``export``: converts a run's trees and pairs to a dataset format, one row at a time."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain, count, groupby
from pathlib import Path
from typing import Any, cast

import orjson

from personagen.errors import CorruptError, PersonagenError, UsageError
from personagen.exporters import EXPORTERS, Exporter
from personagen.exporters.format import Format
from personagen.llm.functions import raised
from personagen.metrics.balance import balanced
from personagen.options import NamedFunction, place
from personagen.plugins import function
from personagen.records import ConversationTree, PreferencePair
from personagen.store.files import make_folder, read_records, read_state, write
from personagen.where import where as conditions

OWN = (
    "run.json",
    "trees.jsonl",
    "pairs.jsonl",
    "trajectories.jsonl",
    "rejections.jsonl",
    "personas.jsonl",
    "labels.jsonl",
    ".lock",
)


@dataclass(frozen=True)
class ExportSummary:
    """The export: ``rows`` lines and ``bytes`` bytes in ``out``; ``load`` is the Python code that reads it."""

    run: str
    format: str
    out: str
    rows: int
    bytes: int
    load: str
    notes: tuple[str, ...] = ()


def export(
    run: Path, format: str | Exporter, out: Path, where: Iterable[str] = (), balance: str | None = None
) -> ExportSummary:
    """Writes the data of the run folder ``run`` as JSON lines to ``out``, replacing that file.

    ``format`` is one of ``EXPORTERS``, a function, or the ``package.module:function`` of one; ``where`` are conditions
    on the pairs (``personagen.where``). Trees and pairs are read line by line, so memory use does not grow with the
    run. With ``balance`` of ``length`` only pairs are exported in which length says nothing of which reply was chosen
    (``metrics.balance``); the notes say how many are left out. A run with nothing to export yet is a ``UsageError``.
    """
    format = format if isinstance(format, str) else NamedFunction(format)
    exporter = exporter_of(format)
    place("RUN", run)
    notes = _check_run(run)
    _check_out(run, out)
    suits: Callable[[PreferencePair], bool] = conditions(where)
    if balance:
        kept, note = _balanced(run, suits)
        suits, notes = _numbered(suits, kept), (*notes, note)
    lines = _lines(run, format, _rows(run, exporter, suits))
    first = next(lines, None)
    if first is None:
        lack = f"pairs{' for --where' if where else ''}" if _size(run / "trees.jsonl") else "trees"
        raise UsageError(
            f"{run} has nothing to export as {format}: it has no {lack}; `personagen show {run}` and rejections.jsonl"
            " say why"
        )
    rows = 0

    def counted() -> Iterator[bytes]:
        nonlocal rows
        for line in chain([first], lines):
            rows += 1
            yield line

    make_folder(out.parent)
    size = write(out, counted())
    load = f'load_dataset("json", data_files={json.dumps(str(out), ensure_ascii=False)}, split="train")'
    return ExportSummary(str(run), str(format), str(out), rows, size, load, notes)


def _balanced(run: Path, suits: Callable[[PreferencePair], bool]) -> tuple[frozenset[int], str]:
    """Of the pairs of ``run`` that suit, the places of those that are kept if length is balanced; what that costs."""
    lengths = [
        tuple(sum(len(message.content) for message in side) for side in (pair.chosen, pair.rejected))
        for pair in filter(suits, read_records(run / "pairs.jsonl", PreferencePair))
    ]
    seed = read_state(run).get("options", {}).get("seed", 0)
    kept = frozenset(balanced([math.log((1 + chosen) / (1 + rejected)) for chosen, rejected in lengths], seed))
    if lengths and not kept:
        raise UsageError(
            f"--balance length leaves none of the {len(lengths):,} pairs of {run}: no longer reply was rejected by"
            " about as much as another was chosen"
        )
    longer = sum(chosen > rejected for chosen, rejected in lengths)
    share = f"the longer reply was chosen in {longer / max(1, len(lengths)):.0%} of them, in those kept in half"
    return kept, f"--balance length kept {len(kept):,} of {len(lengths):,} pairs: {share}"


def _numbered(suits: Callable[[PreferencePair], bool], kept: frozenset[int]) -> Callable[[PreferencePair], bool]:
    """``suits`` for those of the pairs that suit whose number is in ``kept``."""
    numbers = count()
    return lambda pair: suits(pair) and next(numbers) in kept


def exporter_of(format: str) -> Format | Exporter:
    """The format of that name in ``EXPORTERS``, or the function ``package.module:function``; else ``UsageError``."""
    if format in EXPORTERS:
        return EXPORTERS[format]
    if ":" not in format:
        raise UsageError(
            f"--format {format}: choose one of {', '.join(EXPORTERS)}, or a function as package.module:function"
        )
    return cast(Exporter, function(format))


def conversations(run: Path) -> Iterator[tuple[ConversationTree, list[PreferencePair]]]:
    """Each tree of ``run`` with its pairs, in file order; raises ``CorruptError`` if they are in another order."""
    pairs = groupby(read_records(run / "pairs.jsonl", PreferencePair), key=lambda pair: pair.tree)
    tree_id, group = next(pairs, (None, iter(())))
    for tree in read_records(run / "trees.jsonl", ConversationTree):
        own = list(group) if tree_id == tree.id else []
        if tree_id == tree.id:
            tree_id, group = next(pairs, (None, iter(())))
        yield tree, own
    if tree_id is not None:
        raise CorruptError(f"{run}: the pairs of tree {tree_id} are not in the order of the trees")


def _rows(run: Path, exporter: Format | Exporter, suits: Callable[[PreferencePair], bool]) -> Iterator[dict[str, Any]]:
    if not isinstance(exporter, Format):
        trees = read_records(run / "trees.jsonl", ConversationTree)
        yield from exporter(trees, filter(suits, read_records(run / "pairs.jsonl", PreferencePair)))
        return
    for tree, pairs in conversations(run):
        kept = list(filter(suits, pairs))
        for group in [[pair] for pair in kept] if exporter.by == "pair" else [kept]:
            yield from exporter.rows(tree, group)


def _lines(run: Path, format: str, rows: Iterator[dict[str, Any]]) -> Iterator[bytes]:
    try:
        for row in rows:
            yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except PersonagenError:
        raise
    except Exception as error:
        if format in EXPORTERS:
            if isinstance(error, OSError):
                raise
            raise CorruptError(f"{run} can't be exported: {error}; run `personagen simulate` on it again") from error
        raise UsageError(f"--format {raised(format, exporter_of(format), error)}") from error


def _check_run(run: Path) -> tuple[str, ...]:
    state = read_state(run)
    if "simulate" not in (state.get("command"), state.get("of")):
        raise UsageError(
            f"{run} has personas, not conversations; simulate some with"
            f" `personagen simulate --personas {run}/personas.jsonl` and export that run"
        )
    if state.get("status") == "done":
        return ()
    if not _size(run / "pairs.jsonl"):
        raise UsageError(f"{run} is not finished and has no pairs yet; run the same `personagen simulate` again")
    summary = state.get("summary", {})
    progress = f"{summary.get('trees', '?')} of {summary.get('conversations', '?')} trees"
    return (f"the run is not finished ({progress}): exported what it has so far",)


def _size(file: Path) -> int:
    return file.stat().st_size if file.is_file() else 0


def _check_out(run: Path, out: Path) -> None:
    place("--out", out)
    if out.is_dir():
        raise UsageError(f"{out} is a folder; --out names a file")
    if out.exists() and not out.is_file():  # a device or a pipe would be replaced
        raise UsageError(f"{out} is not a plain file; --out names one to write or replace")
    inside = out.resolve().parent == run.resolve()
    if inside and (out.name in OWN or out.name.startswith("journal.db")):
        raise UsageError(f"{out} belongs to the run itself; give another --out")
