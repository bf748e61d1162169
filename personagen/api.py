"""The library: what the commands do, as functions that return the summary and raise ``PersonagenError``."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from personagen.flows.expand import ExpandSummary
from personagen.flows.expand import expand as _expand
from personagen.flows.export import ExportSummary
from personagen.flows.export import export as _export
from personagen.flows.simulate import SimulateSummary
from personagen.flows.simulate import simulate as _simulate
from personagen.options import ExpandOptions, SimulateOptions, build
from personagen.personas.seeds import load_personas
from personagen.records import ConversationTree, Persona, PreferencePair
from personagen.runs.interrupt import run_sync
from personagen.store.files import read_records


def expand(**options: Any) -> ExpandSummary:
    """Grows the persona pools from seeds and combines them; writes ``personas.jsonl`` into ``out``.

    Takes the fields of ``ExpandOptions`` and ``ModelOptions`` by name, as in ``expand(target=60, out="outputs/pool")``.

    Raises:
        TypeError: an option that does not exist.
        PersonagenError: see ``personagen.errors``.
    """
    return run_sync(_expand(build(ExpandOptions, options)))


def simulate(**options: Any) -> SimulateSummary:
    """Grows conversation trees and preference pairs; writes ``trees.jsonl`` and ``pairs.jsonl`` into ``out``.

    Takes the fields of ``SimulateOptions`` and ``ModelOptions`` by name, as in ``simulate(turns=4, model="openai/x")``.

    Raises:
        TypeError: an option that does not exist.
        PersonagenError: see ``personagen.errors``.
    """
    return run_sync(_simulate(build(SimulateOptions, options)))


def export(run: str | Path, format: str, out: str | Path) -> ExportSummary:
    """Writes a run's data in another format: ``trl`` or ``aloe``.

    Raises:
        PersonagenError: see ``personagen.errors``.
    """
    return _export(Path(run), format, Path(out))


def read_personas(file: str | Path) -> tuple[Persona, ...]:
    """The personas of a ``personas.jsonl``.

    Raises:
        UsageError: a line can't be read.
    """
    return load_personas(Path(file))[0]


def read_trees(run: str | Path) -> Iterator[ConversationTree]:
    """The trees of a run folder, one at a time.

    Raises:
        UsageError: the folder is not a run.
        CorruptError: a line is not what was written.
    """
    return read_records(Path(run) / "trees.jsonl", ConversationTree)


def read_pairs(run: str | Path) -> Iterator[PreferencePair]:
    """The preference pairs of a run folder, one at a time; raises as ``read_trees`` does."""
    return read_records(Path(run) / "pairs.jsonl", PreferencePair)
