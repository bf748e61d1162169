"""``export``: converts a run's trees and pairs to a dataset format, one row at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count
from pathlib import Path
from typing import TypeAlias, cast

import orjson

from personagen.errors import CorruptError, PersonagenError, UsageError
from personagen.exporters import EXPORTERS, Exporter
from personagen.exporters.format import Format, Row
from personagen.flows import proof
from personagen.flows.beside import beside
from personagen.flows.conversations import conversations
from personagen.flows.dataset_files import check_out, load_code, paths, written
from personagen.flows.parquet import check_installed
from personagen.flows.profile import Profile, read_profile
from personagen.flows.provenance import ABOUT, LIKE, PROVENANCE, about, provenance
from personagen.flows.selection import KEPT, Selection, choices, select
from personagen.llm.functions import raised
from personagen.options import NamedFunction, place
from personagen.options.export import REST, ExportOptions, SelectionOptions, shares
from personagen.plugins import function
from personagen.records import ConversationTree, PreferencePair
from personagen.store.files import BUFFER_BYTES, make_folder, read_records, read_state, refuse_evaluation

__all__ = ["ExportSummary", "conversations", "default_out", "export", "exporter_of"]

Splits: TypeAlias = Mapping[str, str]  # of trees by id


@dataclass(frozen=True)
class ExportSummary:
    """The export: ``rows`` rows and ``bytes`` bytes in ``out``; ``load`` is the Python code that reads it.

    ``splits`` are the rows of each split, ``selection`` the pairs by the reason why they stayed or went, which the file
    ``reasons`` has for each pair.
    """

    run: str
    format: str
    out: str
    rows: int
    bytes: int
    load: str
    notes: tuple[str, ...] = ()
    splits: dict[str, int] = field(default_factory=dict)
    selection: dict[str, int] = field(default_factory=dict)
    reasons: str = ""


@dataclass(frozen=True)
class _Taken:
    """What is exported of a run: of its pairs, of its trees by split, and as further columns."""

    run: Path
    selection: Selection | None = None
    splits: Splits | None = None
    with_persona: bool = False
    version: str = ""  # of the run, if rows have their provenance

    def keeps(self, number: int) -> bool:
        """Whether the pair of that number is exported."""
        return self.selection is None or not self.selection.reasons[number]

    def reason(self, number: int) -> str:
        """Why the pair of that number is exported or not."""
        return KEPT if self.selection is None else self.selection.names[self.selection.reasons[number]]

    def split(self, tree: str) -> str:
        """The split of a tree; empty if there are no splits."""
        return "" if self.splits is None else self.splits[tree]

    def columns(self, tree: ConversationTree, pairs: Sequence[PreferencePair]) -> Row:
        """The further columns of a row of ``pairs``."""
        more: Row = {ABOUT: about(tree.persona)} if self.with_persona else {}
        if self.version:
            more[PROVENANCE] = provenance(tree, pairs, self.version, with_persona=self.with_persona)
        return more


def export(run: Path, format: str | Exporter, out: Path, options: SelectionOptions | None = None) -> ExportSummary:
    """Writes the data of the run folder ``run`` to the file ``out``, or to a folder with a file for each split.

    ``format`` is one of ``EXPORTERS``, a function, or the ``package.module:function`` of one. Trees and pairs are read
    line by line; memory grows by a few bytes a pair. A run with nothing to export yet is a ``UsageError``.
    """
    options = options or SelectionOptions()
    format = format if isinstance(format, str) else NamedFunction(format)
    exporter = exporter_of(format)
    place("RUN", run)
    notes = _check_run(run)
    _check_columns(run, format, exporter, options)
    profile = read_profile(Path(options.profile)) if options.profile else Profile()
    names = _split_names(options, profile)
    check_out(run, out, names, options.to)
    taken = _taken(run, exporter, options, profile)
    rows = _lines(taken, format, _rows(taken, exporter, names or ("",)))
    first = next(rows, None)
    if first is None:
        raise UsageError(f"{run} has nothing to export as {format}: {_lack(taken, exporter)}")
    make_folder(out if names else out.parent)
    files, reasons = paths(out, names, options.to), out.with_name(f"{out.name if names else out.stem}.selection.jsonl")
    before = proof.recorded(reasons)
    decided = {reasons: _decided(taken)} if taken.selection or taken.splits else {}
    needed = beside(exporter, files.values()) if isinstance(exporter, Format) else {}
    more = decided | {file: iter([content]) for file, content in needed.items()}
    like = {**exporter.like, **LIKE} if isinstance(exporter, Format) else {}
    if not decided:
        reasons.unlink(missing_ok=True)  # of an earlier export to the same place
    counts = written(files, chain([first], rows), more, options.to, like)
    notes = (*notes, *_few(exporter, counts))
    if taken.selection:
        notes = (*notes, *taken.selection.notes)
    if taken.splits:
        notes = (*notes, *proof.disjoint(run, files, reasons, taken.splits), *proof.moved(before, taken.splits))
    return ExportSummary(
        run=str(run),
        format=str(format),
        out=str(out),
        rows=sum(counts.values()),
        bytes=sum(file.stat().st_size for file in files.values()),
        load=load_code(files, options.to),
        notes=notes,
        splits=counts if names else {},
        selection=taken.selection.counts if taken.selection else {},
        reasons=str(reasons) if decided else "",
    )


def default_out(run: Path, options: ExportOptions) -> Path:
    """Where ``run`` is exported to if nothing else is said: a file of the format's name, or with splits a folder."""
    profile = read_profile(Path(options.profile)) if options.profile else Profile()
    name = options.format.rpartition(":")[2]
    return run / (name if _split_names(options, profile) else f"{name}.{options.to}")


def exporter_of(format: str) -> Format | Exporter:
    """The format of that name in ``EXPORTERS``, or the function ``package.module:function``; else ``UsageError``."""
    if format in EXPORTERS:
        return EXPORTERS[format]
    if ":" not in format:
        raise UsageError(
            f"--format {format}: choose one of {', '.join(EXPORTERS)}, or a function as package.module:function"
        )
    return cast(Exporter, function(format))


def _check_columns(run: Path, format: str, exporter: Format | Exporter, options: SelectionOptions) -> None:
    """Raises ``UsageError`` if rows would have what was not asked for, or can't have what was."""
    if options.with_persona and read_state(run).get("pulled", {}).get("with_persona") is False:
        raise UsageError(
            f"{run} was pulled from a dataset without the personas' texts: leave out --with-persona, or ask for one"
            " that was published with it"
        )
    if isinstance(exporter, Format):
        if exporter.persona and not options.with_persona:
            raise UsageError(f"--format {format} has the personas' texts in its rows: add --with-persona to write them")
        if exporter.exact and (options.with_persona or options.with_provenance):
            raise UsageError(
                f"--format {format} can't have further columns: leave out --with-persona and --with-provenance"
            )
    elif options.with_persona or options.with_provenance:
        raise UsageError(
            f"--format {format} makes its rows itself: it gets each persona with its tree, so leave out --with-persona"
            " and --with-provenance"
        )
    if options.to == "parquet":
        check_installed()


def _split_names(options: SelectionOptions, profile: Profile) -> tuple[str, ...]:
    drawn = tuple(shares(options.split)) or ((REST,) if profile.holdout else ())
    return tuple(dict.fromkeys((*drawn, *dict(profile.holdout))))


def _taken(run: Path, exporter: Format | Exporter, options: SelectionOptions, profile: Profile) -> _Taken:
    state = read_state(run)
    seed = state.get("options", {}).get("seed", 0) if options.seed is None else options.seed
    splits = None
    if _split_names(options, profile):
        from personagen.splits import split_of

        held = {name: condition.holds_for for name, condition in profile.holdout}
        splits = split_of(run, shares(options.split), held, seed)
    wanted = choices(options, profile, seed)
    return _Taken(
        run,
        select(run, wanted) if wanted.asked else None,
        splits,
        options.with_persona and not (isinstance(exporter, Format) and exporter.persona),
        str(state.get("versions", {}).get("personagen", "?")) if options.with_provenance else "",
    )


def _few(exporter: Format | Exporter, counts: Mapping[str, int]) -> Iterator[str]:
    """Notes on files that their trainer refuses, since they have too few rows."""
    least = exporter.least if isinstance(exporter, Format) else 0
    for name, rows in counts.items():
        if rows < least:
            where = f"the split {name}" if name else "the file"
            yield f"{where} has {rows} rows, and is refused with fewer than {least}"


def _lack(taken: _Taken, exporter: Format | Exporter) -> str:
    """Why there is no row."""
    if taken.selection and taken.selection.reasons:
        left = ", ".join(f"{n:,} by {reason}" for reason, n in taken.selection.counts.items())
        return "; ".join(
            (
                f"not one of its {len(taken.selection.reasons):,} pairs is chosen; left out are {left}",
                *taken.selection.notes,
            )
        )
    lack = exporter.lack if isinstance(exporter, Format) else "pairs"
    lack = lack if _size(taken.run / "trees.jsonl") else "trees"
    return f"it has no {lack}; `personagen show {taken.run}` and rejections.jsonl say why"


def _rows(taken: _Taken, exporter: Format | Exporter, names: Sequence[str]) -> Iterator[tuple[str, Row]]:
    """Each row with the name of its split."""
    if not isinstance(exporter, Format):
        for name in names:
            trees = read_records(taken.run / "trees.jsonl", ConversationTree)
            mine = trees if taken.splits is None else (tree for tree in trees if taken.split(tree.id) == name)
            yield from ((name, row) for row in exporter(mine, _own_pairs(taken, name)))
        return
    numbers = count()
    for tree, pairs in conversations(taken.run):
        kept = [pair for pair in pairs if taken.keeps(next(numbers))]
        if not kept and taken.selection:
            continue
        for group in [[pair] for pair in kept] if exporter.by == "pair" else [kept]:
            more = taken.columns(tree, group)
            yield from ((taken.split(tree.id), {**row, **more}) for row in exporter.rows(tree, group))


def _own_pairs(taken: _Taken, name: str) -> Iterator[PreferencePair]:
    for number, pair in enumerate(read_records(taken.run / "pairs.jsonl", PreferencePair)):
        if taken.keeps(number) and taken.split(pair.tree) == name:
            yield pair


def _lines(taken: _Taken, format: str, rows: Iterator[tuple[str, Row]]) -> Iterator[tuple[str, bytes]]:
    try:
        for name, row in rows:
            yield name, orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except PersonagenError:
        raise
    except Exception as error:
        if format in EXPORTERS:
            if isinstance(error, OSError):
                raise
            problem = f"{taken.run} can't be exported: {error}; run `personagen simulate` on it again"
            raise CorruptError(problem) from error
        raise UsageError(f"--format {raised(format, exporter_of(format), error)}") from error


def _decided(taken: _Taken) -> Iterator[bytes]:
    """A line for each pair: whether it is kept, why, and its split."""
    with (taken.run / "pairs.jsonl").open("rb", buffering=BUFFER_BYTES) as lines:
        for number, line in enumerate(lines):
            pair = orjson.loads(line)
            row = {name: pair.get(name, "") for name in ("tree", "node", "chosen_node", "rejected_node")}
            row |= {"kept": taken.keeps(number), "reason": taken.reason(number), "split": taken.split(pair["tree"])}
            yield orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)


def _check_run(run: Path) -> tuple[str, ...]:
    state = read_state(run)
    refuse_evaluation(run, state)
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
