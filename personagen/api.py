"""The library: the commands as functions. They return the summary and raise ``PersonagenError``."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from personagen.flows.expand import ExpandSummary
from personagen.flows.expand import expand as _expand
from personagen.flows.export import ExportSummary
from personagen.flows.export import export as _export
from personagen.flows.simulate import SimulateSummary
from personagen.flows.simulate import simulate as _simulate
from personagen.options import ExpandOptions, SimulateOptions
from personagen.options.row import FilePath, Options, rows_of
from personagen.personas.seeds import load_personas
from personagen.records import ConversationTree, Persona, PreferencePair
from personagen.runs.interrupt import run_sync
from personagen.store.files import read_records

P = ParamSpec("P")
OptionsT = TypeVar("OptionsT", bound=Options)
T = TypeVar("T")


def _keywords(options: Callable[P, OptionsT]) -> Callable[[Callable[[OptionsT], T]], Callable[P, T]]:
    """Gives a function of ``options`` their fields as keyword arguments, with types, defaults and help texts."""

    def decorate(function: Callable[[OptionsT], T]) -> Callable[P, T]:
        @wraps(function)
        def call(*args: P.args, **values: P.kwargs) -> T:
            return function(options(*args, **values))

        table = "".join(f"\n    {row.name}: {row.help}" for row in rows_of(options))
        call.__doc__ = f"{inspect.cleandoc(function.__doc__ or '')}\n\nArgs:{table}"
        vars(call)["__signature__"] = inspect.signature(options)
        return call

    return decorate


@_keywords(ExpandOptions)
def expand(options: ExpandOptions) -> ExpandSummary:
    """Grows the persona pools from seeds and combines them; writes ``personas.jsonl`` into ``out``.

    Raises:
        TypeError: an option that does not exist.
        PersonagenError: see ``personagen.errors``.
    """
    return run_sync(_expand(options))


@_keywords(SimulateOptions)
def simulate(options: SimulateOptions) -> SimulateSummary:
    """Grows conversation trees and preference pairs; writes ``trees.jsonl`` and ``pairs.jsonl`` into ``out``.

    Raises:
        TypeError: an option that does not exist.
        PersonagenError: see ``personagen.errors``.
    """
    return run_sync(_simulate(options))


def export(run: FilePath, format: str, out: FilePath) -> ExportSummary:
    """Writes a run's data in another format: ``trl``, ``aloe``, or your own function as ``module:function``.

    Raises:
        PersonagenError: see ``personagen.errors``.
    """
    return _export(Path(run), format, Path(out))


def read_personas(file: FilePath) -> tuple[Persona, ...]:
    """The personas of a ``personas.jsonl``.

    Raises:
        UsageError: a line cannot be read.
    """
    return load_personas(Path(file))[0]


def read_trees(run: FilePath) -> Iterator[ConversationTree]:
    """The trees of a run folder, one at a time.

    Raises:
        UsageError: the folder is not a run.
        CorruptError: a line was damaged.
    """
    return read_records(Path(run) / "trees.jsonl", ConversationTree)


def read_pairs(run: FilePath) -> Iterator[PreferencePair]:
    """The preference pairs of a run folder, one at a time; raises like ``read_trees``."""
    return read_records(Path(run) / "pairs.jsonl", PreferencePair)
