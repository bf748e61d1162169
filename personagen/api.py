"""The library: the commands as functions. They return the summary and raise ``PersonagenError``."""

from __future__ import annotations

import inspect
import logging
import os
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec, TypeAlias, TypedDict, TypeVar, Unpack

from personagen.errors import PersonagenError
from personagen.exporters import Exporter
from personagen.flows.conversations import conversations
from personagen.flows.evaluate import EvaluateSummary
from personagen.flows.evaluate import evaluate as _evaluate
from personagen.flows.expand import ExpandSummary
from personagen.flows.expand import expand as _expand
from personagen.flows.export import ExportSummary
from personagen.flows.export import export as _export
from personagen.flows.flags import marker
from personagen.flows.report import ReportSummary
from personagen.flows.report import report as _report
from personagen.flows.simulate import SimulateSummary
from personagen.flows.simulate import simulate as _simulate
from personagen.llm.functions import raised
from personagen.options import ExpandOptions, SimulateOptions
from personagen.options.evaluate import EvaluateOptions
from personagen.options.export import Balance, File, Keep, SelectionOptions
from personagen.options.row import Data, FilePath, KeyTexts, Options, Texts, rows_of
from personagen.personas.seeds import load_personas
from personagen.records import ConversationTree, Persona, PreferencePair
from personagen.runs.interrupt import run_sync
from personagen.runs.progress import Progress, Status
from personagen.store.files import read_records
from personagen.trajectories import TrajectoryPair
from personagen.where import where as conditions

P = ParamSpec("P")
OptionsT = TypeVar("OptionsT", bound=Options)
T = TypeVar("T")
Show: TypeAlias = Progress | bool | None
log = logging.getLogger(__name__)
_PROGRESS = """
    progress: A function that gets a ``Status`` twice a second, in the thread of the run; or whether to show progress
        on the screen. By default it is shown in a notebook only."""


@dataclass(frozen=True, kw_only=True)
class _ExpandKeywords(ExpandOptions):
    progress: Show = None


@dataclass(frozen=True, kw_only=True)
class _SimulateKeywords(SimulateOptions):
    progress: Show = None


@dataclass(frozen=True, kw_only=True)
class _EvaluateKeywords(EvaluateOptions):
    progress: Show = None


def _keywords(
    keywords: Callable[P, Any], options: type[OptionsT]
) -> Callable[[Callable[[OptionsT, Progress | None], Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Gives a function of ``options`` and progress the fields of ``keywords`` as keyword arguments.

    They have types, defaults and help texts. An error of a run is raised without the frames in which it arose, which
    are those of hundreds of calls: its message says what to do. PERSONAGEN_TRACEBACK=1 keeps them.
    """

    def decorate(
        function: Callable[[OptionsT, Progress | None], Awaitable[T]],
    ) -> Callable[P, Coroutine[Any, Any, T]]:
        signature = inspect.signature(keywords)

        async def run(values: dict[str, Any]) -> T:
            try:
                with _watched(values.pop("progress", None)) as progress:
                    return await function(options(**values), progress)
            except PersonagenError as error:
                raise _shortened(error) from None

        @wraps(function)
        def call(*args: P.args, **values: P.kwargs) -> Coroutine[Any, Any, T]:
            if args or not values.keys() <= signature.parameters.keys():
                raise TypeError(_mistake(function.__name__.removeprefix("a"), values, signature))
            return run(dict(values))

        call.__doc__ = f"{_documented(function.__doc__, options)}{_PROGRESS}"
        vars(call)["__signature__"] = signature
        return call

    return decorate


def _documented(text: str | None, options: type[Options]) -> str:
    """A docstring with the table of ``options``."""
    table = "".join(f"\n    {row.name}: {row.help}" for row in rows_of(options))
    return f"{inspect.cleandoc(text or '')}\n\nArgs:{table}"


def _blocking(function: Callable[P, Coroutine[Any, Any, T]], name: str) -> Callable[P, T]:
    """``function``, run to its end."""

    @wraps(function)
    def call(*args: P.args, **values: P.kwargs) -> T:
        try:
            return run_sync(function(*args, **values))
        except PersonagenError as error:
            raise _shortened(error) from None

    call.__name__ = call.__qualname__ = name
    return call


def _mistake(name: str, values: Iterable[str], signature: inspect.Signature) -> str:
    from difflib import get_close_matches

    known = list(signature.parameters)
    for wrong in (value for value in values if value not in known):
        close = get_close_matches(wrong, known, 1)
        return f"{name}() has no keyword {wrong!r}" + (f"; did you mean {close[0]!r}?" if close else "")
    return f"{name}() takes keywords only, as in {name}({known[0]}=...)"


def _shortened(error: Exception) -> Exception:
    return error if os.environ.get("PERSONAGEN_TRACEBACK") else error.with_traceback(None)


@contextmanager
def _watched(progress: Show) -> Iterator[Progress | None]:
    """What shows the progress of a run, if anything does."""
    from personagen.cli.progress import in_notebook, shown

    if callable(progress):
        yield _unbroken(progress)
    elif progress or (progress is None and in_notebook()):
        with shown(quiet=False) as show:
            yield show
    else:
        yield None


def _unbroken(progress: Progress) -> Progress:
    """``progress`` until it raises: its fault must not end a run."""
    broken = False

    def show(status: Status) -> None:
        nonlocal broken
        if not broken:
            try:
                progress(status)
            except Exception as error:  # user code can raise anything
                broken = True
                log.warning("%s; it gets no further status", raised("progress", progress, error))

    return show


@_keywords(_ExpandKeywords, ExpandOptions)
async def aexpand(options: ExpandOptions, progress: Progress | None) -> ExpandSummary:
    """Grows the persona pools from seeds and combines them; writes ``personas.jsonl`` into ``out``.

    ``expand`` waits for the end, ``await aexpand(...)`` lets other tasks run.

    Raises:
        TypeError: an option that does not exist.
        PersonagenError: see ``personagen.errors``.
    """
    return await _expand(options, progress)


@_keywords(_SimulateKeywords, SimulateOptions)
async def asimulate(options: SimulateOptions, progress: Progress | None) -> SimulateSummary:
    """Grows conversation trees and preference pairs; writes ``trees.jsonl`` and ``pairs.jsonl`` into ``out``.

    ``simulate`` waits for the end, ``await asimulate(...)`` lets other tasks run.

    Raises:
        TypeError: an option that does not exist.
        PersonagenError: see ``personagen.errors``.
    """
    return await _simulate(options, progress)


@_keywords(_EvaluateKeywords, EvaluateOptions)
async def aevaluate(options: EvaluateOptions, progress: Progress | None) -> EvaluateSummary:
    """Has personas talk with a model and a judge rate its replies; writes ``results.json`` into ``out``.

    ``evaluate`` waits for the end, ``await aevaluate(...)`` lets other tasks run.

    Raises:
        TypeError: an option that does not exist.
        PersonagenError: see ``personagen.errors``.
    """
    return await _evaluate(options, progress)


expand = _blocking(aexpand, "expand")
simulate = _blocking(asimulate, "simulate")
evaluate = _blocking(aevaluate, "evaluate")


class _ExportKeywords(TypedDict, total=False):
    """The keywords of ``export``, with the types of ``SelectionOptions``."""

    to: File
    where: Texts
    keep: Keep
    balance: Balance | None
    limit: int | None
    profile: FilePath | None
    split: str | None
    seed: int | None
    with_persona: bool
    with_provenance: bool


def export(run: FilePath, format: str | Exporter, out: FilePath, **options: Unpack[_ExportKeywords]) -> ExportSummary:
    """Writes a run's data in another format: ``trl``, ``aloe``, or your own function, also as ``module:function``.

    ``out`` is the file, or with ``split`` the folder. The keywords are the options of ``personagen export``:
    ``export(run, "trl", "pairs", where="margin >= 1 and personal", split="train=0.9,test=0.1", to="parquet")``.

    Raises:
        PersonagenError: see ``personagen.errors``.
    """
    return _export(Path(run), format, Path(out), SelectionOptions(**options))


export.__doc__ = _documented(export.__doc__, SelectionOptions)


def read_personas(personas: Data, *, columns: KeyTexts = (), skip_bad_lines: bool = False) -> tuple[Persona, ...]:
    """The personas of a ``personas.jsonl``, or of whatever ``simulate`` takes as ``personas``; notes are logged.

    Raises:
        UsageError: a row cannot be read, unless ``skip_bad_lines``.
    """
    found, notes = load_personas(personas, skip_bad_lines=skip_bad_lines, columns=columns)
    for note in notes:
        log.warning("%s", note)
    return found


def read_trees(run: FilePath) -> Iterator[ConversationTree]:
    """The trees of a run folder, one at a time.

    Raises:
        UsageError: the folder is not a run.
        CorruptError: a line was damaged.
    """
    return read_records(Path(run) / "trees.jsonl", ConversationTree)


def read_pairs(run: FilePath, where: Texts = ()) -> Iterator[PreferencePair]:
    """The preference pairs of a run folder, one at a time; raises like ``read_trees``.

    ``where`` are conditions that all of them meet, such as ``margin >= 1 and not leaking`` (see docs/exporting.md).
    Another text is a ``UsageError``.
    """
    meets = conditions((where,) if isinstance(where, str) else where)
    marked = marker(Path(run), meets.flagged)
    if meets.persona:
        return (pair for tree, pairs in conversations(Path(run)) for pair in marked(pairs) if meets(pair, tree.persona))
    return filter(meets, marked(read_records(Path(run) / "pairs.jsonl", PreferencePair)))


def read_trajectories(run: FilePath) -> Iterator[TrajectoryPair]:
    """The pairs of branches of a run folder, one at a time; raises like ``read_trees``.

    A run has them if several branches of its trees continue: ``grow`` is ``all``, ``best-hard`` or ``beam:B``.
    """
    file = Path(run) / "trajectories.jsonl"
    if file.is_file() or not (Path(run) / "run.json").is_file():
        return read_records(file, TrajectoryPair)
    return iter(())


def report(run: FilePath, *others: FilePath, out: FilePath | None = None) -> ReportSummary:
    """Writes one HTML file of a run, or of it beside one or two others, to ``out`` (``RUN/report.html``).

    In a notebook the page is the output of the cell.

    Raises:
        UsageError: a folder is not a run.
    """
    runs = [Path(run), *map(Path, others)]
    return run_sync(_report(runs, None if out is None else Path(out)))
