"""Reads exported files: JSON lines or Parquet, one file or a folder with a file for each split."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from random import Random

import orjson

from personagen.errors import UsageError
from personagen.store.files import BUFFER_BYTES
from personagen.train.checks import Placed, Row

ENDINGS = (".jsonl", ".parquet")
TRAIN, TEST = "train", "test"


def split_files(data: Path) -> dict[str, Path]:
    """The files of the splits ``train`` and, if there is one, ``test`` in the folder or the one file ``data``."""
    if data.is_file():
        if data.suffix not in ENDINGS:
            raise UsageError(f"{data} is neither .jsonl nor .parquet: export a run with `personagen export`")
        return {TRAIN: data}
    if not data.is_dir():
        raise UsageError(f"{data} does not exist: give a run folder, or what `personagen export` wrote")
    found = {name: file for name in (TRAIN, TEST) for end in ENDINGS if (file := data / f"{name}{end}").is_file()}
    if TRAIN not in found:
        raise UsageError(f"{data} is no run, and has no train.jsonl: export with --split train=0.9,test=0.1")
    return found


def read(file: Path) -> Iterator[Placed]:
    """Each row of ``file`` with its place, ``FILE:LINE``; a line that is no object is a ``UsageError``."""
    if file.suffix == ".parquet":
        try:
            from pyarrow.parquet import ParquetFile
        except ImportError:
            raise UsageError(f"{file} needs pyarrow: pip install 'personagen[parquet]'") from None
        number = 0
        try:
            for batch in ParquetFile(file).iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield f"{file}, row {number}", row
        except (ValueError, OSError) as error:  # of Arrow
            raise UsageError(f"{file} is damaged after row {number:,}: {error}; export the run again") from None
        return
    with file.open("rb", buffering=BUFFER_BYTES) as lines:
        for number, line in enumerate(lines, 1):
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                row = None
            if not isinstance(row, dict):
                raise UsageError(f"{file}:{number} is not a JSON object; export the run again")
            yield f"{file}:{number}", row


def drawn(rows: list[Row], most: int, seed: int) -> list[Row]:
    """``rows`` shuffled, at most ``most`` of them (0: all); a larger ``most`` begins with those of a smaller one."""
    shuffled = Random(f"{seed}/rows").sample(rows, len(rows))
    return shuffled[:most] if most else shuffled


def digest(files: Mapping[str, Path]) -> str:
    """A hash of the bytes of ``files``."""
    found = hashlib.sha256()
    for name, file in files.items():
        found.update(f"{name}\n".encode())
        with file.open("rb") as content:
            found.update(hashlib.file_digest(content, "sha256").digest())
    return found.hexdigest()[:16]
