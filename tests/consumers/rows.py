"""An exported file, for the programs that read it."""

from __future__ import annotations

from pathlib import Path

from personagen.exporters import EXPORTERS
from personagen.flows.export import export
from personagen.options.export import SelectionOptions
from tests.cli.runs import simulated
from tests.trees import branching, conversation


def exported(kind: str, folder: Path, to: str = "jsonl") -> Path:
    """Three conversations of four turns in one format: 12 pairs; and a tree with many branches for pairs of these."""
    trees = [conversation(turns=4, said=said, id=f"t{n}") for n, said in enumerate([(0, 1, 0, 1), (1, 1, 1, 1), ()])]
    if kind in ("trajectories", "segments"):
        trees.append(branching(3).model_copy(update={"id": "t3"}))
    file = folder / f"{kind}.{to}"
    options = SelectionOptions(with_persona=EXPORTERS[kind].persona, to=to)
    export(simulated(folder / "run", trees), kind, file, options)
    return file
