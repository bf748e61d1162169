"""The files of an export: where they are, what stands there already, and how their rows are streamed into them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from personagen.errors import UsageError
from personagen.flows import parquet
from personagen.options import place
from personagen.store.files import replaced

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
READERS = {"jsonl": "json", "parquet": "parquet"}  # of ``datasets``


def check_out(run: Path, out: Path, splits: Sequence[str], to: str) -> None:
    """Raises ``UsageError`` if ``out`` can't be written: a file, or with ``splits`` a folder of one file each.

    A folder must not have other files: the old split of another export would look like one of this.
    """
    place("--out", out)
    inside = out.resolve().parent == run.resolve()
    if inside and (out.name in OWN or out.name.startswith("journal.db")):
        raise UsageError(f"{out} belongs to the run itself; give another --out")
    if not splits:
        if out.is_dir():
            raise UsageError(f"{out} is a folder; --out names a file")
        if out.exists() and not out.is_file():  # a device or a pipe would be replaced
            raise UsageError(f"{out} is not a plain file; --out names one to write or replace")
    elif out.exists():
        if not out.is_dir():
            raise UsageError(f"{out} is a file; with splits --out names a folder, which gets a file for each")
        mine = {file.name for file in paths(out, splits, to).values()}
        if other := next((name for name in sorted(file.name for file in out.iterdir()) if name not in mine), ""):
            raise UsageError(f"{out} has {other}, which is not of this export; remove it, or give another --out")


def paths(out: Path, splits: Sequence[str], to: str) -> dict[str, Path]:
    """The file of each split; without splits ``out`` itself, whose name is empty."""
    return {name: out / f"{name}.{to}" for name in splits} or {"": out}


def written(
    files: Mapping[str, Path],
    lines: Iterable[tuple[str, bytes]],
    beside: Mapping[Path, Iterator[bytes]],
    to: str,
    like: Mapping[str, Any],
) -> dict[str, int]:
    """Writes ``lines``, each with the name of its file, and the files ``beside``; returns the rows of each file.

    ``like`` are values that show the types of columns (``parquet.convert``).

    Nothing is replaced before all is written. A Parquet file needs the room of its lines of JSON for a while.

    Raises:
        UsageError: a file gets no line, or can't be Parquet.
        DiskError: a file can't be written, and is unchanged.
    """
    rows = Counter(dict.fromkeys(files, 0))
    with ExitStack() as stack:
        outs = {name: stack.enter_context(replaced(file)) for name, file in files.items()}
        sinks = outs
        if to == "parquet":
            sinks = {name: stack.enter_context(TemporaryFile(dir=file.parent)) for name, file in files.items()}
        for name, line in lines:
            rows[name] += 1
            sinks[name].write(line)
        if empty := next((name for name in files if not rows[name]), ""):
            raise UsageError(f"the split {empty} has no row: of its pairs not one is chosen; give it a larger share")
        for file, parts in beside.items():
            out = stack.enter_context(replaced(file))
            for part in parts:
                out.write(part)
        if to == "parquet":
            parquet.convert([sinks[name] for name in files], [outs[name] for name in files], like)
    return dict(rows)


def load_code(files: Mapping[str, Path], to: str) -> str:
    """The Python code that reads ``files`` with ``datasets``."""
    if "" in files:
        return f'load_dataset("{READERS[to]}", data_files={_quoted(str(files[""]))}, split="train")'
    listed = ", ".join(f"{_quoted(name)}: {_quoted(str(file))}" for name, file in files.items())
    return f'load_dataset("{READERS[to]}", data_files={{{listed}}})'


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
