"""The file that a trainer needs beside an exported one, such as LLaMA-Factory's ``dataset_info.json``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from personagen.errors import UsageError
from personagen.exporters.format import Format


def beside(format: Format, files: Iterable[Path]) -> dict[Path, bytes]:
    """The content of that file in each folder of the exported ``files``, with what it holds already.

    Raises ``UsageError`` if a file of that name is there and holds something else.
    """
    if format.beside is None:
        return {}
    name, content = format.beside
    found: dict[Path, bytes] = {}
    for file in files:
        other = file.with_name(name)
        try:
            before = found.get(other, other.read_bytes() if other.exists() else b"")
            found[other] = content(file.name, before)
        except (ValueError, OSError) as error:
            raise UsageError(f"{other} can't take an entry for {file.name}: {error}; give another --out") from error
    return found
