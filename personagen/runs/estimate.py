"""Before the first request of a run: what it will take, whether it fits on the disk, and whether it may begin."""

from __future__ import annotations

import asyncio
import ipaddress
import math
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import orjson

from personagen.errors import DiskError, Interrupted
from personagen.llm.connect import is_local
from personagen.llm.errors import address
from personagen.llm.journaled import Tally
from personagen.llm.limits.limiter import Limiter
from personagen.llm.prices import Price, cost
from personagen.records import Kind, Usage
from personagen.runs.session import Session
from personagen.runs.tokens import Size
from personagen.store.folder import Run

THIS = version("personagen")
# A judge's answer leads to no other question, unless it says which reply continues.
LAST = "judge"


@dataclass(frozen=True)
class Range:
    """A figure: low where replies are short, upper where all are as long and asked as often as they may be."""

    low: float
    expected: float
    upper: float


@dataclass(frozen=True)
class Need:
    """What the calls of a role will take."""

    low: Size
    expected: Size
    upper: Size


@dataclass(frozen=True)
class Estimate:
    """What is left to do in a run folder will take this.

    ``most_calls`` is never exceeded. ``cost_usd`` is None where a price is unknown: ``unknown`` names those models, and
    ``known_usd`` is what the others will cost. ``may_cost_usd`` is what this run may be expected to spend within its
    budget, infinite where a model of unknown price is not on a machine near by. ``limit`` says which limit ends the run
    before it is done, if one does. ``bytes`` are those of the run folder, of which the disk has ``free_bytes`` left.
    """

    what: str
    calls: int
    most_calls: int
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

    def against(self, tally: Tally) -> dict[str, Any]:
        """The estimate, and beside it what this process did take."""
        usage = tally.usage.model_dump()
        told = asdict(self) | {"may_cost_usd": self.may_cost_usd if math.isfinite(self.may_cost_usd) else None}
        return told | {"actual": {"calls": tally.calls, **usage}}


Consent: TypeAlias = Callable[[Estimate], bool]


async def begin(estimate: Estimate, limiter: Limiter, folder: Path, consent: Consent | None) -> None:
    """Tells ``estimate``, and goes on if it may: nothing was sent yet.

    Raises:
        DiskError: the run folder would not fit on its disk.
        Interrupted: ``consent`` says no, or the run was interrupted meanwhile.
    """
    if estimate.bytes > estimate.free_bytes:
        needed, free = (f"{math.ceil(size / 1e5) / 10:,.1f} MB" for size in (estimate.bytes, estimate.free_bytes))
        raise DiskError(
            f"{folder} will need about {needed} and its disk has {free} left; nothing was asked: free some, or give"
            " another --out"
        )
    await asyncio.sleep(0)  # an interruption during the estimate is heard here
    if limiter.closed:
        raise limiter.closed
    if estimate.most_calls and consent and not consent(estimate):
        raise Interrupted("not begun: nothing was asked and nothing is spent")


def estimated(run: Run, session: Session, what: str, needs: Mapping[str, Need], size: float) -> Estimate:
    """The estimate for ``needs``, by role; the run folder grows by ``size`` bytes."""
    prices = session.prices
    lows, means, uppers = zip(*((n.low, n.expected, n.upper) for n in needs.values()), strict=True)
    cheap = {role: _cost(prices.get(role), need.low, caches=True) for role, need in needs.items()}
    usual = {role: _cost(prices.get(role), n.expected, caches=not session.batch) for role, n in needs.items()}
    dear = {role: _cost(prices.get(role), need.upper, caches=False) for role, need in needs.items()}
    unknown = {role for role, value in usual.items() if value is None}
    known = sum(value or 0.0 for value in usual.values())
    abroad = any(not _is_near(session, role) for role in unknown)
    left = math.inf if session.ledger.budget is None else max(0.0, session.ledger.budget - session.ledger.spent)
    whole = None if unknown else Range(*(sum(v or 0.0 for v in c.values()) for c in (cheap, usual, dear)))
    calls = sum(n.expected.calls for n in needs.values())
    cached = sum(n.expected.cached for role, n in needs.items() if _caches(prices.get(role)) and not session.batch)
    return Estimate(
        what=what,
        calls=math.ceil(calls - 1e-9),
        most_calls=math.ceil(sum(n.upper.calls for n in needs.values()) - 1e-9),
        input_tokens=Range(*(round(sum(s.input for s in sizes)) for sizes in (lows, means, uppers))),
        cached_input_tokens=round(cached),
        output_tokens=Range(*(round(sum(s.output for s in sizes)) for sizes in (lows, means, uppers))),
        cost_usd=whole,
        known_usd=known,
        unknown=tuple(sorted({session.endpoints[role].model for role in unknown})),
        by_role=usual,
        may_cost_usd=min(math.inf if abroad else known, left),
        limit=_limit(session, calls, known, left),
        bytes=math.ceil(size),
        free_bytes=shutil.disk_usage(run.folder).free,
    )


def stored(run: Run, finished: Collection[str], *, apart: bool) -> tuple[dict[str, Size], dict[str, Size] | None]:
    """What the journal holds of answers to today's prompts, by role: of unfinished trees, and a finished tree's mean.

    The second is None where the journal can't tell. ``apart`` says that a judge's prompt can change without any other
    question changing with it. Answers given before a prompt changed, or to another version, are not counted: some of
    them are used again, but nobody knows how many.
    """
    since, since_judge = _since(run, apart=apart)
    rows = run.journal.rows(
        "SELECT role, rtrim(place, '0123456789.'), COUNT(*), SUM(input_tokens), SUM(cached_input_tokens),"
        " SUM(output_tokens) FROM calls WHERE rowid > CASE role WHEN ? THEN ? ELSE ? END GROUP BY 1, 2",
        (LAST, since_judge, since),
    )
    whole: dict[str, Size] = {}
    begun: dict[str, Size] = {}
    for role, place, *figures in rows:
        sizes = whole if place[:-1] in finished else begun
        sizes[role] = sizes.get(role, Size()) + Size(*figures)
    told = len(finished) >= 3 and not since and not since_judge and all(size.input for size in whole.values())
    return begun, {role: size.times(1 / len(finished)) for role, size in whole.items()} if told and whole else None


@dataclass(frozen=True)
class PoolProgress:
    """What an earlier process left of a pool; ``finished`` if it needs no more calls."""

    size: int
    rounds: int
    finished: bool


def keep_grown(run: Run, pools: Mapping[Kind, PoolProgress]) -> None:
    """Keeps how far ``pools`` are, for the next estimate."""
    kept = {
        "version": THIS,
        "fingerprint": run.fingerprint,
        "pools": {kind: asdict(pool) for kind, pool in pools.items()},
    }
    run.journal.put_settings({"grown": orjson.dumps(kept).decode()})


def grown_before(run: Run) -> dict[Kind, PoolProgress]:
    """The pools as an earlier process left them, where they would become the same again."""
    kept = orjson.loads(run.journal.setting("grown") or "{}")
    if (kept.get("version"), kept.get("fingerprint")) != (THIS, run.fingerprint):
        return {}
    return {kind: PoolProgress(**pool) for kind, pool in kept["pools"].items()}


def _since(run: Run, *, apart: bool) -> tuple[int, int]:
    """The last answer before today's prompts came into force, and the same for the judge's."""
    last = run.journal.rows("SELECT COALESCE(MAX(rowid), 0) FROM calls")[0][0]
    now: dict[str, Any] = {"version": THIS, "prompts": dict(run.prompts)}
    kept = run.journal.setting("in_force")
    before = orjson.loads(kept or "{}")
    changed = {name for name, digest in run.prompts.items() if before.get("prompts", {}).get(name) != digest}
    if before.get("version") != THIS:
        since = (last, last)
    elif apart and all(name.startswith(f"{LAST}/") for name in changed):
        since = (before["since"][0], last if changed else before["since"][1])
    else:
        since = (last, last) if changed else (before["since"][0], before["since"][1])
    new = orjson.dumps(now | {"since": since}).decode()
    if new != kept:
        run.journal.put_settings({"in_force": new})
    return since


def _cost(price: Price | None, size: Size, *, caches: bool) -> float | None:
    if not size.calls:
        return 0.0
    if price is None:
        return None
    cached = min(size.cached, size.input) if caches else 0.0
    if not caches:
        return size.input * price.dearest_input + size.output * price.output
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


def _is_near(session: Session, role: str) -> bool:
    """Whether the server of ``role`` is a function, or at an address of this machine or its own network."""
    endpoint = session.endpoints[role]
    if is_local(endpoint.model):
        return True
    host = urlsplit(address(endpoint.model, endpoint.base_url) or "").hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_private
    except ValueError:
        return False


def _limit(session: Session, calls: float, known: float, left: float) -> str:
    ledger = session.ledger
    if known > left:
        return f"--budget {ledger.budget:g} USD, of which {left:.2f} are left, ends it before"
    if ledger.max_calls is not None and calls > ledger.max_calls - ledger.calls:
        allowed = max(0, ledger.max_calls - ledger.calls)
        return f"--max-calls {ledger.max_calls:,}, of which {allowed:,} are left, ends it before"
    return ""
