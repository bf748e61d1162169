"""An exported file, for the programs that read it."""

from __future__ import annotations

from pathlib import Path

from personagen.flows.export import export
from personagen.options.export import SelectionOptions
from tests.cli.runs import simulated
from tests.trees import conversation


def exported(kind: str, folder: Path, to: str = "jsonl") -> Path:
    """Three conversations of four turns in one format: 12 pairs."""
    trees = [conversation(turns=4, said=said, id=f"t{n}") for n, said in enumerate([(0, 1, 0, 1), (1, 1, 1, 1), ()])]
    file = folder / f"{kind}.{to}"
    export(simulated(folder / "run", trees), kind, file, SelectionOptions(with_persona=kind == "aloe", to=to))
    return file
