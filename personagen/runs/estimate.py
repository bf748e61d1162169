"""The estimate before the first request of a run: calls, tokens, cost, disk space, and consent."""

from __future__ import annotations

import asyncio
import math
import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any, TypeAlias

from personagen.agents import ACTS
from personagen.agents.ask import AgentContext
from personagen.agents.assistant import of_policy
from personagen.errors import DiskError, Interrupted
from personagen.llm.endpoints import Models
from personagen.llm.limits.limiter import Limiter
from personagen.llm.middleware import Tally
from personagen.llm.prices import Price, cost
from personagen.records import Usage
from personagen.runs.rehearsal import Lengths, Rehearsal, rehearse
from personagen.runs.schedule import Result, Step, Task
from personagen.runs.session import Session
from personagen.runs.sizes import Need, Size
from personagen.runs.workflow import Item, Prelude, Workflow, prelude_of
from personagen.store.folder import Run

MAX_SAMPLED = 1000  # items considered for the estimate; their order is random
MAX_REPLAYED = 8  # begun items that are rehearsed
MAX_LEARNED = 3  # finished ones
FOLDER_BYTES = 60_000


@dataclass(frozen=True)
class Range:
    """A figure: ``low`` with short replies, ``upper`` with the longest replies and the most attempts."""

    low: float
    expected: float
    upper: float


@dataclass(frozen=True)
class Estimate:
    """What the rest of a run will take.

    ``max_calls`` is never exceeded. ``cost_usd`` is None if a price is unknown: ``unknown`` names those models,
    ``known_usd`` is the cost of the others. ``may_cost_usd`` is the expected cost within the budget, infinite if a
    model of unknown price is outside the private network. ``limit`` names the limit that ends the run early, if any.
    ``bytes`` is the growth of the run folder, ``free_bytes`` the free space on its disk. ``free`` means that nothing
    can cost. ``by_option`` has what is there for an option: calls, and the cost, None if unknown.
    """

    planned: str
    calls: int
    max_calls: int
    input_tokens: Range
    cached_input_tokens: int
    output_tokens: Range
    cost_usd: Range | None
    known_usd: float
    unknown: tuple[str, ...]
    by_role: Mapping[str, float | None]
    may_cost_usd: float
    limit: str
    bytes: int
    free_bytes: int
    free: bool = False
    by_option: Mapping[str, tuple[int, float | None]] = field(default_factory=dict)

    def against(self, tally: Tally) -> dict[str, Any]:
        """The estimate, and under ``actual`` what this process used."""
        usage = tally.usage.model_dump()
        may_cost = self.may_cost_usd if math.isfinite(self.may_cost_usd) else None
        return asdict(self) | {"may_cost_usd": may_cost, "actual": {"calls": tally.calls, **usage}}


Consent: TypeAlias = Callable[[Estimate], bool]


async def begin(estimate: Estimate, limiter: Limiter, folder: Path, consent: Consent | None) -> None:
    """Shows ``estimate`` to ``consent``; nothing was sent yet.

    Raises:
        DiskError: the run folder will not fit on its disk.
        Interrupted: ``consent`` returned False, or the run was interrupted meanwhile.
    """
    if estimate.bytes > estimate.free_bytes:
        needed, free = (f"{math.ceil(size / 1e5) / 10:,.1f} MB" for size in (estimate.bytes, estimate.free_bytes))
        raise DiskError(
            f"{folder} will need about {needed} and its disk has {free} left; nothing was sent: free some, or give"
            " another --out"
        )
    await asyncio.sleep(0)  # a signal during the estimate closes the limiter here
    if limiter.closed:
        raise limiter.closed
    if estimate.max_calls and consent and not consent(estimate):
        raise Interrupted("not started: nothing was sent and nothing was spent")


async def estimate_of(workflow: Workflow[Item], session: Session, folder: Run, done: set[int]) -> Estimate:
    """The estimate for the rest of a run: a rehearsal of planned items, scaled."""
    extra: dict[str, Need] = {}
    extra_bytes = 0.0
    if workflow.rehearsals:
        rehearsals, extra, extra_bytes = workflow.rehearsals(session, folder)
    else:
        rehearsals = _rehearsals(workflow, folder, done)
    if prelude := prelude_of(workflow, session, len(workflow.items) - len(done)):
        rehearsals = [*rehearsals, Rehearsal(partial(_prelude, prelude))]
    lengths = Lengths(_usual(session.models, workflow.scales), session.ctx.prompts)
    played = await rehearse(rehearsals, session.ctx, folder.journal, lengths)
    needs = dict.fromkeys(session.models.by_role, Need()) | dict(played.needs) | extra
    left = len(workflow.items) - len(done)
    size = played.bytes + extra_bytes + (FOLDER_BYTES if rehearsals else 0)
    whole = _estimated(session, folder.folder, workflow.planned(left), needs, size)
    return replace(whole, by_option=_by_option(played.options, session))


def _by_option(sizes: Mapping[tuple[str, str], Size], session: Session) -> dict[str, tuple[int, float | None]]:
    """The calls and the cost of each option."""
    found: dict[str, tuple[int, float | None]] = {}
    for option in dict.fromkeys(option for option, _ in sizes):
        own = {role: size for (of, role), size in sizes.items() if of == option and size.calls}
        prices = session.models.prices
        costs = [_cost(prices.get(role), size, caches=not session.batch) for role, size in own.items()]
        known = [cost for cost in costs if cost is not None]
        calls = math.ceil(sum(size.calls for size in own.values()) - 1e-9)
        if calls:
            found[option] = calls, sum(known) if len(known) == len(costs) else None
    return found


def _prelude(prelude: Prelude, ctx: AgentContext) -> Task:
    async def step() -> list[Step]:
        await prelude(ctx)
        return []

    return Task([step], Result)


def _usual(models: Models, scales: Mapping[str, float]) -> dict[str, float]:
    """The usual reply length in tokens by prompt, for a model or for the offline cast."""
    cast = {role for role, endpoint in models.by_role.items() if endpoint.is_offline}
    policies = {name: act for role in models.by_role if (act := of_policy(name := f"{role}/plain"))}
    return {
        name: scales.get(name, 1.0) * (act.offline_tokens if name.partition("/")[0] in cast else act.usual_tokens)
        for name, act in (ACTS | policies).items()
    }


def _rehearsals(workflow: Workflow[Item], folder: Run, done: set[int]) -> list[Rehearsal]:
    """Finished items to learn from, begun ones, and the two fresh ones nearest to the mean weight."""
    answers = folder.journal.answers()
    seen = list(islice(enumerate(workflow.items), len(done) + len(answers) + MAX_SAMPLED))
    left = len(workflow.items) - len(done)
    finished = [item for slot, item in seen if slot in done][:MAX_LEARNED]
    open_ = [item for slot, item in seen if slot not in done]
    begun = [item for item in open_ if workflow.name(item) in answers]
    fresh = [item for item in open_ if workflow.name(item) not in answers]
    replayed = begun[:MAX_REPLAYED]
    made = [Rehearsal(_job(workflow, item), finished=True) for item in finished if left]
    times = len(begun) / max(1, len(replayed))
    made += [Rehearsal(_job(workflow, item), times, times) for item in replayed]
    count = left - len(begun)
    if count > 0 and fresh:
        made += [_fresh(workflow, item, count * share) for item, share in _typical(fresh, workflow.weight)]
    return made


def _fresh(workflow: Workflow[Item], item: Item, times: float) -> Rehearsal:
    short, factor, deeper = workflow.shorten(item)
    return Rehearsal(_job(workflow, short), times * factor, times * factor, deeper)


def _job(workflow: Workflow[Item], item: Item) -> Callable[[AgentContext], Task]:
    return lambda ctx: workflow.job(ctx, item)


def _typical(items: list[Item], weight: Callable[[Item], float]) -> list[tuple[Item, float]]:
    """The items with the weights nearest below and above the mean, each with its share."""
    mean = fmean(map(weight, items))
    below = max((i for i in items if weight(i) <= mean), key=weight, default=items[0])
    above = min((i for i in items if weight(i) >= mean), key=weight, default=items[0])
    if weight(above) == weight(below):
        return [(below, 1.0)]
    share = (mean - weight(below)) / (weight(above) - weight(below))
    return [(below, 1 - share), (above, share)]


def _estimated(session: Session, folder: Path, planned: str, needs: Mapping[str, Need], size: float) -> Estimate:
    """The estimate for ``needs``, by role; the run folder grows by ``size`` bytes."""
    prices = session.models.prices
    cheap = {role: _cost(prices.get(role), need.low, caches=True) for role, need in needs.items()}
    usual = {role: _cost(prices.get(role), n.expected, caches=not session.batch) for role, n in needs.items()}
    dear = {role: _cost(prices.get(role), need.upper, caches=False) for role, need in needs.items()}
    unknown = {role for role, value in usual.items() if value is None}
    known = sum(value or 0.0 for value in usual.values())
    endpoints = session.models.everyone
    abroad = any(not endpoints[role].is_near for role in unknown)
    left = math.inf if session.ledger.budget is None else max(0.0, session.ledger.budget - session.ledger.spent)
    cost_usd = None if unknown else Range(*(sum(v or 0.0 for v in c.values()) for c in (cheap, usual, dear)))
    total = sum(needs.values(), Need())
    cached = sum(n.expected.cached for role, n in needs.items() if _caches(prices.get(role)) and not session.batch)
    return Estimate(
        planned=planned,
        calls=math.ceil(total.expected.calls - 1e-9),
        max_calls=math.ceil(total.upper.calls - 1e-9),
        input_tokens=Range(*(round(part.input) for part in (total.low, total.expected, total.upper))),
        cached_input_tokens=round(cached),
        output_tokens=Range(*(round(part.output) for part in (total.low, total.expected, total.upper))),
        cost_usd=cost_usd,
        known_usd=known,
        unknown=tuple(sorted({endpoints[role].model for role in unknown})),
        by_role=usual,
        may_cost_usd=min(math.inf if abroad else known, left),
        limit=_limit(session, total.expected.calls, known, left),
        bytes=math.ceil(size),
        free_bytes=shutil.disk_usage(folder).free,
        free=session.models.are_free,
    )


def _cost(price: Price | None, size: Size, *, caches: bool) -> float | None:
    if not size.calls:
        return 0.0
    if price is None:
        return None
    if not caches:
        return size.input * price.dearest_input + size.output * price.output
    cached = min(size.cached, size.input)
    written = size.input - cached if price.cache_write is not None else 0.0
    usage = Usage(
        input_tokens=round(size.input),
        output_tokens=round(size.output),
        cached_input_tokens=math.floor(cached),
        cache_write_input_tokens=math.floor(written),
    )
    return cost(price, usage) or 0.0


def _caches(price: Price | None) -> bool:
    return price is not None and price.cached_input is not None


def _limit(session: Session, calls: float, known: float, left: float) -> str:
    ledger = session.ledger
    if known > left:
        return f"--budget {ledger.budget:g} USD, with {left:.2f} left, will end it early"
    if ledger.max_calls is not None and calls > ledger.max_calls - ledger.calls:
        allowed = max(0, ledger.max_calls - ledger.calls)
        return f"--max-calls {ledger.max_calls:,}, with {allowed:,} left, will end it early"
    return ""
