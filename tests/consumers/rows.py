"""An exported file, for the programs that read it."""

from __future__ import annotations

from pathlib import Path

import orjson

from personagen.exporters import EXPORTERS
from tests.exporters.rows import rows_of
from tests.trees import branching, conversation


def exported(kind: str, folder: Path) -> Path:
    """Three conversations of four turns in one format: 12 pairs; and a tree with many branches for pairs of these.

    What the trainer needs beside the file is written too.
    """
    trees = [conversation(turns=4, said=said, id=f"t{n}") for n, said in enumerate([(0, 1, 0, 1), (1, 1, 1, 1), ()])]
    rows = rows_of(kind, *trees, *([branching(3)] if kind in ("trajectories", "segments") else []))
    file = folder / f"{kind}.jsonl"
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
    if beside := EXPORTERS[kind].beside:
        (folder / beside[0]).write_bytes(beside[1](file.name, b""))
    return file
