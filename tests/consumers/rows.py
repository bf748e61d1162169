"""An exported file, for the programs that read it."""

from __future__ import annotations

from pathlib import Path

import orjson

from personagen.exporters import EXPORTERS
from personagen.pairs import pairs_of
from tests.trees import conversation


def exported(kind: str, folder: Path) -> Path:
    """Three conversations of four turns in one format: 12 pairs."""
    trees = [conversation(turns=4, said=said, id=f"t{n}") for n, said in enumerate([(0, 1, 0, 1), (1, 1, 1, 1), ()])]
    pairs = [pair for tree in trees for pair in pairs_of(tree)[0]]
    file = folder / f"{kind}.jsonl"
    file.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in EXPORTERS[kind](trees, pairs)))
    return file
