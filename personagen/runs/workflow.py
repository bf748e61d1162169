"""What a command that asks models is: a ``Workflow`` for ``runs.run``, and the report that every run gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeAlias, TypeVar

from personagen.agents.ask import AgentContext
from personagen.runs.rehearsal import Need, Rehearsal
from personagen.runs.schedule import Task
from personagen.runs.session import Session
from personagen.store.folder import Run

Item = TypeVar("Item")
ItemT_co = TypeVar("ItemT_co", covariant=True)


class Items(Protocol[ItemT_co]):
    """The planned work of a run, one slot an item, in order."""

    def __len__(self) -> int: ...
    def __iter__(self) -> Iterator[ItemT_co]: ...


@dataclass(frozen=True)
class RunReport:
    """What every summary says of a run: how it ended, what was asked and paid, and what was estimated.

    ``calls`` and ``usage`` cover the folder; ``new_calls``, ``retried`` requests, ``refused`` ones (HTTP 429) and
    ``peak_concurrency``, the most calls in flight at each endpoint, are this process's. ``usage["cost_usd"]`` is None
    where a price is unknown. ``estimate`` was made before this process's first call; its ``actual`` part at the end.
    ``unsupported`` are the parts of requests that a server refused.
    """

    out: str
    status: str
    re_asked: int
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


@dataclass(frozen=True)
class Outcome:
    """What a workflow's summary is made from: counts added up over all items, and the failures by reason."""

    counts: Mapping[str, Any]
    failures: Counter[str]
    run: Run


Setup: TypeAlias = Callable[[Session], AbstractAsyncContextManager[None]]


@dataclass(frozen=True)
class Workflow(Generic[Item]):
    """What a command does with models; everything else about a run happens in ``run``.

    ``items`` is the planned work, one slot each; ``job`` gives the steps for one item. ``results`` are files derived
    from the lines of finished items; an item is done once it has lines in the first of them. ``fingerprint`` holds what
    shapes the results besides the options. ``planned`` describes the work that is left; ``summarize`` gives the
    command's own part of the summary.

    The rest has defaults: ``rehearsals`` for work that is not estimated item by item, ``weight`` and ``shorten`` to
    choose the items that are rehearsed and cut long ones, ``setup`` for what is open while items are worked on,
    ``close`` for what is written at the end, ``standing`` for another count of what is done and failed.
    """

    command: str
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
    setup: Setup | None = None
    close: Callable[[Run, str], tuple[str, ...]] | None = None
    standing: Callable[[], tuple[int, int, int]] | None = None
