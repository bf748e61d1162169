"""``Workflow``, the description of a command that asks models, and ``RunReport``, which every run returns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from personagen.agents.ask import AgentContext
from personagen.options import ModelOptions
from personagen.prompts.files import Prompt
from personagen.runs.rehearsal import Rehearsal
from personagen.runs.schedule import Task
from personagen.runs.session import Session
from personagen.runs.sizes import Need
from personagen.store.folder import Growth, Run

Item = TypeVar("Item")
ItemT_co = TypeVar("ItemT_co", covariant=True)


class Items(Protocol[ItemT_co]):
    """The planned items of a run in order, one slot each."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[ItemT_co]: ...


@dataclass(frozen=True)
class RunReport:
    """The part that all summaries share: how the run ended, its calls, their cost, and the estimate.

    ``calls``, ``usage``, ``re_asked`` and the ``discarded`` replies cover the folder; ``advice`` says in sentences why
    they were discarded. ``new_calls``, ``retried`` requests, ``refused`` ones (HTTP 429) and ``peak_concurrency``, by
    endpoint, cover this process. ``usage["cost_usd"]`` is None if a price is unknown.
    ``estimate`` was made before this process's first call, its ``actual`` part at the end. ``unsupported`` lists the
    request parts that a server refused.
    """

    out: str
    status: str
    re_asked: int
    discarded: dict[str, Any]
    advice: tuple[str, ...]
    retried: int
    refused: int
    peak_concurrency: dict[str, int]
    calls: int
    new_calls: int
    reused_calls: int
    usage: dict[str, Any]
    usage_by_role: dict[str, Any]
    estimate: dict[str, Any]
    unsupported: dict[str, list[str]]
    seconds: float
    notes: tuple[str, ...]


Prelude: TypeAlias = Callable[[AgentContext], Awaitable[tuple[str, ...]]]


@dataclass(frozen=True)
class Outcome:
    """The input of a workflow's summary: counts summed over all items, failures by reason, and where the results are.

    ``folder`` is None unless the run is done.
    """

    counts: Mapping[str, Any]
    failures: Counter[str]
    folder: Path | None = None


@dataclass(frozen=True)
class Workflow(Generic[Item]):
    """What a command does with models; ``run`` does everything else.

    ``items`` is the planned work, one slot each; ``job`` gives the task for one item. ``results`` are the files written
    from the lines of finished items; an item is done once it has lines in the first of them. ``fingerprint`` holds what
    determines the results besides the options. ``planned`` describes the remaining work; ``summarize`` gives the
    command's own part of the summary.

    Optional: ``rehearsals`` for work that is not estimated item by item, ``scales`` by prompt for replies that are
    longer or shorter than usual, ``weight`` and ``shorten`` to choose the rehearsed items and cut long ones, ``setup``
    for what is open while items are processed, ``close`` for what is written at the end, ``standing`` for other counts
    of done, total and failed. ``growth`` says how it may extend a smaller run, and ``extends``, given the settings of
    that run, what is asked anew. ``prelude`` names a role, and what its model is asked before the first item if that
    costs something: a few calls, whose outcome the notes of the report say.
    """

    command: str
    options: ModelOptions
    prompts: tuple[str, ...]
    unit: str
    items: Items[Item]
    job: Callable[[AgentContext, Item], Task]
    planned: Callable[[int], str]
    summarize: Callable[[Outcome], dict[str, Any]]
    results: tuple[str, ...] = ()
    fingerprint: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    attempts: int = 3
    language: str = "en"
    encoder: str | None = None
    calls_at_once: float = 1.0
    first_role: str = "user"
    name: Callable[[Item], str] = str
    weight: Callable[[Item], float] = lambda _: 1.0
    shorten: Callable[[Item], tuple[Item, float, float]] = lambda item: (item, 1.0, 1.0)
    rehearsals: Callable[[Session, Run], tuple[list[Rehearsal], dict[str, Need], float]] | None = None
    scales: Mapping[str, float] = field(default_factory=dict)
    setup: Callable[[Session], AbstractAsyncContextManager[None]] | None = None
    close: Callable[[Run, str], tuple[str, ...]] | None = None
    standing: Callable[[], tuple[int, int, int]] | None = None
    growth: Growth | None = None
    extends: Callable[[Mapping[str, Any], Mapping[str, Prompt]], Awaitable[tuple[str, ...]]] | None = None
    prelude: tuple[str, Prelude] | None = None


def prelude_of(workflow: Workflow[Any], session: Session, left: int) -> Prelude | None:
    """What is asked before the ``left`` items: nothing where it would be free, or would take a batch."""
    if not workflow.prelude or not left or session.batch:
        return None
    role, ask = workflow.prelude
    own = any(name.startswith(f"{role}/") for name in session.ctx.acts)
    return None if own or session.models.by_role[role].is_near else ask


def at_most(before: Mapping[str, Any], now: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """The numbers ``names`` of the settings ``now``, no larger than they were ``before``."""
    return {name: min(now[name], before[name]) for name in names if isinstance(before.get(name), int)}
