"""The tables of a run, written as Parquet: one folder per configuration, one or more files per split."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias

from personagen.hub.columns import Column, columns_of, features
from personagen.records import ConversationTree, Persona, PreferencePair, Rejection, Sourced
from personagen.store.files import make_folder, read_records
from personagen.trajectories import TrajectoryPair

MAX_FILE_BYTES = 400_000_000  # in memory, so less in the file; the Hub asks for files below 500 MB
TRAIN = "train"

See: TypeAlias = Callable[[str, int, Mapping[str, Any]], None]
"""Gets every row that is written: its file, its number in it from 1, the row."""


@dataclass(frozen=True)
class Table:
    """One configuration: its name, the records of the run's ``file`` that it holds, and ``group`` rows per row group.

    ``withheld`` are the fields that show the persona and leave only if that is asked for.
    """

    name: str
    file: str
    kind: type[Sourced]
    group: int
    withheld: frozenset[str]


_ALWAYS = frozenset(["persona.run"])  # the tree has its run
_VERDICTS = [
    f"{verdicts}.{field}" for verdicts in ("judgments", "repeated", "seconded") for field in ("reason", "because")
]
_PERSON = ("profile", "personality", "facts", "traits", "attributes", "drawn")
TABLES = (
    Table("pairs", "pairs.jsonl", PreferencePair, 2000, frozenset(["because", "attributes"])),
    Table(
        "trees",
        "trees.jsonl",
        ConversationTree,
        200,
        frozenset(
            [
                *(f"persona.{field}" for field in _PERSON),
                *_VERDICTS,
                *("checks.contradicted", "checks.reason", "twin.lines", "changed"),
            ]
        ),
    ),
    Table("personas", "trees.jsonl", Persona, 2000, frozenset(_PERSON)),
    Table("rejections", "rejections.jsonl", Rejection, 2000, frozenset(["text", "reason", "nearest"])),
    Table("trajectories", "trajectories.jsonl", TrajectoryPair, 1000, frozenset(["attributes"])),
)


@dataclass
class Split:
    """What was written of a split: its files below the folder, ``rows`` and their ``bytes`` in memory."""

    files: list[str] = field(default_factory=list)
    rows: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class Config:
    """A configuration as it was written: the Arrow struct of its rows, and its splits, those without a row left out."""

    name: str
    type: Any
    splits: dict[str, Split]

    @property
    def rows(self) -> int:
        """The rows of all splits."""
        return sum(split.rows for split in self.splits.values())

    @property
    def features(self) -> list[dict[str, Any]]:
        """The columns as a dataset card declares them."""
        return features(self.type)


def write_tables(run: Path, folder: Path, splits: Mapping[str, str], with_persona: bool, see: See) -> list[Config]:
    """Writes the tables of ``run`` below ``folder``; those without a row are left out. Files are read line by line.

    ``splits`` names the split of a tree, ``train`` for others; what belongs to a tree is in the split of the tree.
    """
    found = []
    for table in TABLES:
        if (run / table.file).is_file():
            struct = struct_of(table, with_persona)
            found.append(_written(table, struct, _placed(run, table, splits), folder, see))
    return [config for config in found if config.rows]


def struct_of(table: Table, with_persona: bool) -> Column:
    """The struct of a row of ``table``."""
    return columns_of(table.kind, _ALWAYS if with_persona else _ALWAYS | table.withheld)


def _placed(run: Path, table: Table, splits: Mapping[str, str]) -> Iterator[tuple[str, Sourced]]:
    """The records of a table, each with its split."""
    if table.kind is Persona:
        yield from _personas(run / table.file, splits)
        return
    for record in read_records(run / table.file, table.kind):
        match record:
            case ConversationTree():
                tree = record.id
            case PreferencePair() | TrajectoryPair():
                tree = record.tree
            case Rejection():
                tree = record.place.partition("/")[0]
            case _:
                raise TypeError(record)
        yield splits.get(tree, TRAIN), record


def _personas(trees: Path, splits: Mapping[str, str]) -> Iterator[tuple[str, Persona]]:
    """Each persona once, in the split of its first tree."""
    seen: set[str] = set()
    for tree in read_records(trees, ConversationTree):
        if tree.persona.id not in seen:
            seen.add(tree.persona.id)
            yield splits.get(tree.id, TRAIN), tree.persona


def _written(table: Table, struct: Column, records: Iterable[tuple[str, Sourced]], folder: Path, see: See) -> Config:
    writers: dict[str, _Writer] = {}
    try:
        for split, record in records:
            if split not in writers:
                writers[split] = _Writer(folder, f"{table.name}/{split}", struct, table.group, see)
            writers[split].add(record)
    finally:
        for writer in writers.values():
            writer.close()
    order = sorted(writers, key=lambda name: (name != TRAIN, name))
    return Config(table.name, struct.type, {name: _named(writers[name], folder) for name in order})


def _named(writer: _Writer, folder: Path) -> Split:
    """The split of a writer; its files get the names that the Hub expects, which have their number in them."""
    count = len(writer.split.files)
    for at, name in enumerate(writer.split.files):
        final = f"{name.removesuffix('.parquet')}-of-{count:05}.parquet"
        (folder / name).replace(folder / final)
        writer.split.files[at] = final
    return writer.split


class _Writer:
    """Writes the rows of one split, in row groups of ``group`` rows, to files of at most about ``MAX_FILE_BYTES``."""

    def __init__(self, folder: Path, stem: str, struct: Column, group: int, see: See) -> None:
        self.split = Split()
        self._folder, self._stem, self._struct, self._group, self._see = folder, stem, struct, group, see
        self._waiting: list[Any] = []
        self._file: Any = None
        self._rows = self._bytes = 0  # of the open file

    def add(self, record: Sourced) -> None:
        row = self._struct.there(record.model_dump()) if self._struct.there else {}
        if self._file is None:
            self._open()
        self._rows += 1
        self._see(self.split.files[-1], self._rows, row)
        self._waiting.append(row)
        if len(self._waiting) >= self._group:
            self._flush()

    def _open(self) -> None:
        import pyarrow
        from pyarrow import parquet

        name = f"{self._stem}-{len(self.split.files):05}.parquet"
        make_folder((self._folder / name).parent)
        self._file = parquet.ParquetWriter(
            self._folder / name, pyarrow.schema(self._struct.type), compression="zstd", write_page_index=True
        )
        self.split.files.append(name)
        self._rows = self._bytes = 0

    def _flush(self) -> None:
        import pyarrow

        if self._waiting:
            batch = pyarrow.RecordBatch.from_pylist(self._waiting, schema=pyarrow.schema(self._struct.type))
            self._file.write_batch(batch)
            self.split.rows += batch.num_rows
            self.split.bytes += batch.nbytes
            self._bytes += batch.nbytes
            self._waiting = []
        if self._bytes >= MAX_FILE_BYTES:
            self.close()

    def close(self) -> None:
        """Writes what waits, and the end of the file."""
        if self._file is not None:
            if self._waiting:
                self._flush()
            if self._file is not None:
                self._file.close()
                self._file = None
