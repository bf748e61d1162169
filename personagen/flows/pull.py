"""``pull``: a dataset that ``publish`` made, from the Hub or a folder, as a run folder again."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from personagen.errors import CorruptError, UsageError
from personagen.hub import remote
from personagen.hub.dataset import MARK, PROMPTS, STATE
from personagen.hub.tables import TABLES, TRAIN, Table, struct_of
from personagen.options import place
from personagen.records import Persona
from personagen.store.files import dump, make_folder, read_state, write
from personagen.store.lock import locked

COPY = ".pull"  # in the folder that is written
_BATCH = 200  # rows


@dataclass(frozen=True)
class PullSummary:
    """The run folder ``out``, its ``commit``, its records by file, and whether it has the personas' texts."""

    out: str
    source: str
    commit: str
    records: dict[str, int]
    with_persona: bool
    notes: tuple[str, ...] = ()


def pull(source: str, out: Path, revision: str | None = None) -> PullSummary:
    """Writes the dataset ``source``, OWNER/NAME at the Hub or a folder, to the run folder ``out``.

    An interrupted copy goes on where it stopped. The journal does not travel, so the run can't be extended.

    Raises:
        UsageError: ``source`` is no dataset of personagen's, or ``out`` holds something else.
        CorruptError: a file is damaged or missing.
    """
    place("--out", out)
    here = Path(source)
    at_hub = not here.is_dir()
    if at_hub:
        api = remote.hub()
        remote.check_name(source)
    elif revision:
        raise UsageError(f"--revision is of a dataset at the Hub, and {source} is a folder: leave it out")
    _check_out(source, out)
    make_folder(out)
    with locked(out):
        folder, commit = here, ""
        if at_hub:
            commit = remote.download(api, source, revision, out / COPY)
            folder = out / COPY / commit
        state = _state(source, folder)
        kept = {name: value for name, value in state.items() if name not in MARK}
        staged = out / COPY / "run"
        shutil.rmtree(staged, ignore_errors=True)
        make_folder(staged)
        reader = _Reader(folder)
        pulled = {"from": source, "commit": commit, "with_persona": reader.with_persona}
        made = {"command": "pull", "of": "simulate", "pulled": pulled}
        records = reader.write_tables(staged)
        reader.copy_prompts(staged / PROMPTS)
        write(staged / STATE, [dump(kept | made)])
        _move(staged, out)
        shutil.rmtree(out / COPY, ignore_errors=True)
    notes = ["the journal stayed behind: show, export, label and merge work, extending the run does not"]
    if not reader.with_persona:
        notes.append("the texts of the personas and what decided the pairs were not published")
    if reader.unknown:
        notes.append(f"a newer personagen made it; columns that this one does not know: {', '.join(reader.unknown)}")
    return PullSummary(str(out), source, commit, records, reader.with_persona, tuple(notes))


def _check_out(source: str, out: Path) -> None:
    if not out.exists():
        return
    names = {file.name for file in out.iterdir()} if out.is_dir() else {""}
    if names <= {COPY, ".lock"}:
        return
    if STATE in names and read_state(out).get("pulled", {}).get("from") == source:
        return
    raise UsageError(f"{out} holds something else; give an empty or new folder as --out")


def _state(source: str, folder: Path) -> dict[str, Any]:
    inside = (folder.resolve(), folder.resolve().parent.parent / "blobs")  # the second one is of the Hub's own cache
    for file in folder.rglob("*"):
        if file.is_symlink() and not any(map(file.resolve().is_relative_to, inside)):
            raise UsageError(f"{file} is a link to a file outside of the dataset; remove it")
    what = f"{source} is not a dataset that `personagen publish` made"
    if not ((folder / STATE).is_file() and _files(folder, "trees") and _files(folder, "pairs")):
        raise UsageError(f"{what}: it lacks run.json, trees or pairs")
    state = read_state(folder)
    if not MARK.items() <= state.items():
        raise UsageError(f"{what}, by its run.json; a run folder is read as it is, by `personagen show {source}`")
    return state


def _move(staged: Path, out: Path) -> None:
    """Moves the run to ``out``, in place of one that was pulled before; first ``run.json``, which says whose it is."""
    shutil.rmtree(out / PROMPTS, ignore_errors=True)
    for name in {table.file for table in TABLES} - {file.name for file in staged.iterdir()}:
        (out / name).unlink(missing_ok=True)
    for file in sorted(staged.iterdir(), key=lambda file: (file.name != STATE, file.name)):
        file.replace(out / file.name)


class _Reader:
    """The tables of the dataset in ``folder``; ``unknown`` are columns that this version has no field for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.unknown: list[str] = []
        self.with_persona = all("because" in file.schema_arrow.names for _, file in self._open("pairs"))
        self._trees: dict[str, set[str]] = {"pairs": set(), "trees": set()}

    def write_tables(self, to: Path) -> dict[str, int]:
        """Writes the result files to the folder ``to``; the number of records of each."""
        records = {}
        for table in TABLES:
            if table.kind is not Persona and (table.name != "trajectories" or _files(self.folder, table.name)):
                count = [0]
                write(to / table.file, self._lines(table, count))
                records[table.file] = count[0]
        if lost := self._trees["pairs"] - self._trees["trees"]:
            words = f"{self.folder} lacks {len(lost):,} of the trees that its pairs are of, such as {min(lost)}"
            raise CorruptError(f"{words}: copy all of its files")
        return records

    def copy_prompts(self, to: Path) -> None:
        """Copies the prompt files to the folder ``to``."""
        source = self.folder / PROMPTS
        for file in sorted(source.rglob("*.md")):
            make_folder((to / file.relative_to(source)).parent)
            write(to / file.relative_to(source), [file.read_bytes()])

    def _lines(self, table: Table, count: list[int]) -> Iterator[bytes]:
        struct = struct_of(table, self.with_persona)
        for path, file in self._open(table.name):
            self.unknown += _unknown(table.name, file.schema_arrow, struct_of(table, True).type)
            try:
                for batch in file.iter_batches(batch_size=_BATCH):
                    for row in batch.to_pylist():
                        count[0] += 1
                        record = table.kind.model_validate(struct.back(row) if struct.back else row)
                        if table.name in self._trees:
                            self._trees[table.name].add(getattr(record, "tree", "") or getattr(record, "id", ""))
                        yield record.line() + b"\n"
            except (ValueError, LookupError, TypeError, AttributeError, OSError) as error:
                what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
                raise CorruptError(f"{path} row {count[0]:,} is not a {table.kind.__name__}: {what}") from None

    def _open(self, name: str) -> Iterator[tuple[Path, Any]]:
        try:
            from pyarrow import ArrowInvalid, parquet
        except ImportError:
            raise UsageError("pull needs pyarrow: pip install 'personagen[publish]'") from None
        files = _files(self.folder, name)
        for file in files:
            split, _, of = file.stem.rpartition("-of-")
            stem = split.rpartition("-")[0]
            if of.isdecimal() and sum(other.name.startswith(f"{stem}-") for other in files) != int(of):
                raise CorruptError(f"{file.parent} has not all {int(of)} files of {stem}: copy all of them")
            try:
                found = parquet.ParquetFile(file)
            except (ArrowInvalid, OSError) as error:
                raise CorruptError(f"{file} is damaged: {error}; remove it and copy it again") from None
            with found:
                yield file, found


def _files(folder: Path, name: str) -> list[Path]:
    """The Parquet files of a table, ``train`` first: the splits of all tables in one order, as pairs are to be."""
    files = (folder / name).glob("*.parquet")
    return sorted(files, key=lambda file: (not file.name.startswith(f"{TRAIN}-"), file.name))


def _unknown(name: str, found: Any, known: Any) -> Iterator[str]:
    """The columns in ``found`` that ``known`` does not have, at any depth, below ``name``."""
    from pyarrow import types

    names = {field.name: field.type for field in known}
    for field in found:
        if field.name not in names:
            yield f"{name}.{field.name}"
            continue
        kinds = [field.type, names[field.name]]
        while all(map(types.is_list, kinds)):
            kinds = [kind.value_type for kind in kinds]
        if all(map(types.is_struct, kinds)):
            yield from _unknown(f"{name}.{field.name}", *kinds)
