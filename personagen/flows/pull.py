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
from personagen.hub.columns import Column
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
        CorruptError: a row is not what it should be.
    """
    place("--out", out)
    here = Path(source)
    at_hub = not here.is_dir()
    if at_hub:
        api = remote.hub()
        remote.check_name(source)
    _check_out(source, out)
    make_folder(out)
    with locked(out):
        folder, commit = here, ""
        if at_hub:
            folder = out / COPY
            commit = remote.download(api, source, revision, folder)
        state = _state(source, folder)
        with_persona = _has_personas(folder)
        records = {}
        for table in TABLES:
            if table.kind is not Persona and (table.name != "trajectories" or _files(folder, table.name)):
                count = [0]
                write(out / table.file, _lines(table, struct_of(table, with_persona), folder, count))
                records[table.file] = count[0]
        _copy_prompts(folder / PROMPTS, out / PROMPTS)
        made = {"command": "pull", "of": "simulate", "pulled": {"from": source, "commit": commit}}
        kept = {name: value for name, value in state.items() if name not in MARK}
        write(out / STATE, [dump(kept | made)])
        shutil.rmtree(out / COPY, ignore_errors=True)
    notes = ["the journal stayed behind: show, export, label and merge work, extending the run does not"]
    if not with_persona:
        notes.append("the texts of the personas and what decided the pairs were not published")
    return PullSummary(str(out), source, commit, records, with_persona, tuple(notes))


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
    if not (folder / STATE).is_file() or not _files(folder, "trees"):
        raise UsageError(f"{source} is not a dataset that `personagen publish` made: it has no run.json or no trees")
    return read_state(folder)


def _has_personas(folder: Path) -> bool:
    from pyarrow import parquet

    return all("because" in parquet.read_schema(file).names for file in _files(folder, "pairs"))


def _files(folder: Path, name: str) -> list[Path]:
    """The Parquet files of a table, ``train`` first: the splits of all tables in one order, as pairs are to be."""
    files = (folder / name).glob("*.parquet")
    return sorted(files, key=lambda file: (not file.name.startswith(f"{TRAIN}-"), file.name))


def _lines(table: Table, struct: Column, folder: Path, count: list[int]) -> Iterator[bytes]:
    from pyarrow import ArrowInvalid, parquet

    for file in _files(folder, table.name):
        try:
            for batch in parquet.ParquetFile(file).iter_batches(batch_size=_BATCH):
                for row in batch.to_pylist():
                    count[0] += 1
                    yield table.kind.model_validate(struct.back(row) if struct.back else row).line() + b"\n"
        except (ValidationError, ArrowInvalid, KeyError, ValueError) as error:
            what = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
            raise CorruptError(f"{file.name} row {count[0]:,} is not a {table.kind.__name__}: {what}") from None


def _copy_prompts(source: Path, to: Path) -> None:
    for file in sorted(source.rglob("*.md")):
        make_folder((to / file.relative_to(source)).parent)
        write(to / file.relative_to(source), [file.read_bytes()])
