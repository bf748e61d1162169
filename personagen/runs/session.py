"""What every flow that asks models sets up: the layers around the model, in one visible list, and their tear-down."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from personagen.agents.ask import AgentContext
from personagen.call import LLM
from personagen.errors import ConfigError
from personagen.llm.batch.poll import Board
from personagen.llm.batch.submit import BatchMode
from personagen.llm.budget import CostBound, Ledger, bound_of, ledger_of, with_billed_failures, with_budget
from personagen.llm.connect import Endpoint, connect, is_local
from personagen.llm.journaled import Tally, with_journal
from personagen.llm.limits.limiter import Limiter, closing_on_error, first_call_alone
from personagen.llm.limits.retry import with_retries
from personagen.llm.prices import Price, parse_price, price_of
from personagen.options import ENCODER, ModelOptions, by_role, flat, shared_and_own
from personagen.prompts.files import Prompt
from personagen.records import Usage
from personagen.runs.interrupt import interruptible
from personagen.store.batches import Batches, Wave
from personagen.store.folder import Run

LEAST_PATIENCE = 600.0  # seconds for a call in all; with a long --timeout more, or its second request would be cut off
BATCH_IN_FLIGHT = 10_000
_FREE = {
    *("out", "prompts", "skip_bad_lines", "seeds"),
    *("base_url", "price", "concurrency", "budget", "max_calls", "timeout", "batch", "confirm_above"),
}


@dataclass(frozen=True)
class Status:
    """How a run stands: jobs ``done`` of ``total``, and what this process asked, reused and paid since it began.

    ``retried`` counts requests sent again, ``refused`` those a server refused for a limit (HTTP 429); ``in_flight``
    calls are under way and ``limit`` may be. ``batches`` says in words which batches are waited for, if any.
    """

    unit: str
    done: int
    done_before: int
    total: int
    failed: int
    calls: int
    reused: int
    errors: int
    retried: int
    refused: int
    in_flight: int
    limit: int
    usage: Usage
    seconds: float
    batches: str = ""


Progress = Callable[[Status], None]


@dataclass(frozen=True)
class Session:
    """An open session: the ctx for the agents, and ``wrap``, the layers around a model, for an encoder.

    ``endpoints`` and ``prices`` are by role, the encoder's among them. ``refused`` grows by the parts of a request (a
    schema, a setting) that each server refuses.
    """

    ctx: AgentContext
    limiter: Limiter
    tally: Tally
    wrap: Callable[[LLM], LLM]
    began: float
    board: Board
    endpoints: Mapping[str, Endpoint]
    prices: Mapping[str, Price | None]
    ledger: Ledger
    batch: bool
    refused: Mapping[str, set[str]]

    @asynccontextmanager
    async def ticking(self, tell: Callable[[], None], every: float = 0.5) -> AsyncIterator[None]:
        """Calls ``tell`` every so many seconds meanwhile, so that progress shows also while nothing finishes."""

        async def tick() -> None:
            while True:
                await asyncio.sleep(every)
                tell()

        ticker = asyncio.create_task(tick())
        try:
            yield
        finally:
            ticker.cancel()

    def status(self, unit: str, done: int, total: int, *, failed: int = 0, done_before: int = 0) -> Status:
        """The run's status, with this many jobs done, ``done_before`` of them by an earlier process."""
        return Status(
            unit=unit,
            done=done,
            done_before=done_before,
            total=total,
            failed=failed,
            calls=self.tally.calls,
            reused=self.tally.reused,
            errors=self.tally.failed + self.tally.re_asked,
            retried=self.limiter.retried,
            refused=self.limiter.refused,
            in_flight=self.limiter.in_flight,
            limit=self.limiter.limit,
            usage=self.tally.usage,
            seconds=time.monotonic() - self.began,
            batches=self.board.told(),
        )


@asynccontextmanager
async def session(
    run: Run,
    options: ModelOptions,
    prompts: Mapping[str, Prompt],
    *,
    seed: int,
    attempts: int = 3,
    language: str = "en",
    encoder: Endpoint | None = None,
) -> AsyncIterator[Session]:
    """Connects the models of the roles that ``prompts`` name, behind journal, budget, slots and retries.

    ``encoder`` is a model on a server that will be asked through ``wrap``.

    Raises:
        ConfigError: a model, a key or a price is missing or wrong, or calls are in batches and ``options`` want none.
    """
    endpoints = endpoints_of(options, prompts)
    everyone = endpoints | ({} if encoder is None else {ENCODER: encoder})
    prices = _prices(options, everyone)
    _check_budget(options, everyone, prices)
    book = Batches(run.journal)
    pending = book.pending()
    _check_pending(options, pending)
    ledger, bound = ledger_of(run, options, prices, pending), bound_of(prices)
    limiter, tally = _slots(options, endpoints), Tally()
    limiter.on_close(ledger.close)
    mode = BatchMode(book, lambda: limiter.closed, bound)

    seconds = max(LEAST_PATIENCE, 5 * options.timeout)
    wrap = partial(_layered, seconds=seconds, run=run, ledger=ledger, bound=bound, limiter=limiter, tally=tally)

    refused: dict[str, set[str]] = {address_of(endpoint): set() for endpoint in endpoints.values()}
    async with connect(
        endpoints,
        timeout=options.timeout,
        seed=seed,
        noise=options.noise,
        on_headers=lambda endpoint: limiter.at(address_of(endpoint)).on_headers,
        refused=lambda endpoint: refused[address_of(endpoint)],
        batch=mode if options.batch else None,
    ) as backend:
        models = {role: endpoint.model for role, endpoint in endpoints.items()}
        ctx = AgentContext(wrap(backend, batch=options.batch), prompts, models, tally, attempts, language)
        with interruptible(limiter, ", and batches that are sent go on at the provider" if options.batch else ""):
            yield Session(
                ctx=ctx,
                limiter=limiter,
                tally=tally,
                wrap=wrap,
                began=time.monotonic(),
                board=mode.board,
                endpoints=everyone,
                prices=prices,
                ledger=ledger,
                batch=options.batch,
                refused=refused,
            )


def _slots(options: ModelOptions, endpoints: Mapping[str, Endpoint]) -> Limiter:
    local = {address_of(endpoint) for endpoint in endpoints.values() if is_local(endpoint.model)}
    # By the wave as many are in flight as are ready, unless a number is given.
    fixed = options.concurrency if isinstance(options.concurrency, int) else None
    most = BATCH_IN_FLIGHT if options.batch and fixed is None else fixed
    return Limiter(most, {role: address_of(endpoint) for role, endpoint in endpoints.items()}, local)


def _prices(options: ModelOptions, endpoints: Mapping[str, Endpoint]) -> dict[str, Price | None]:
    return {
        role: price_of(e.model, base_url=e.base_url, override=e.price, batch=options.batch and role != ENCODER)
        for role, e in endpoints.items()
    }


def _layered(
    llm: LLM,
    *,
    seconds: float,
    run: Run,
    ledger: Ledger,
    bound: CostBound,
    limiter: Limiter,
    tally: Tally,
    batch: bool = False,
) -> LLM:
    """``llm`` behind all that a run has it go through, the last of them outermost; ``seconds`` for a call in all."""
    # In a batch there is no first call alone, and what has to be asked again goes into the next wave.
    again = partial(with_retries, first=0.0, seconds=math.inf) if batch else partial(with_retries, seconds=seconds)
    for layer in (
        lambda inner: with_billed_failures(inner, ledger, bound),
        lambda inner: again(inner, limiter),
        lambda inner: with_budget(inner, ledger, bound),
        *(() if batch else (lambda inner: first_call_alone(inner, limiter),)),
        lambda inner: with_journal(inner, run.journal, tally),
        lambda inner: closing_on_error(inner, limiter),
    ):
        llm = layer(llm)
    return llm


def address_of(endpoint: Endpoint) -> str:
    """What calls that share a server's limits have in common: the model and where it is served."""
    return f"{endpoint.model} at {endpoint.base_url}" if endpoint.base_url else str(endpoint.model)


def identity_of(options: Any, prompts: Mapping[str, Prompt]) -> dict[str, Any]:
    """The options that shape what a run produces; a folder is not resumed with others.

    Where a server stands, what may be spent and how fast it goes can change between one run and its resumption.
    """
    models = {role: endpoint.model for role, endpoint in endpoints_of(options, prompts).items()}
    return {name: value for name, value in flat(options).items() if name not in _FREE} | {"model": models}


def endpoints_of(options: ModelOptions, prompts: Mapping[str, Prompt]) -> dict[str, Endpoint]:
    """The endpoint of each role that ``prompts`` need.

    Raises:
        UsageError: an option is not what it should be.
        ConfigError: keys would be sent where they do not belong.
    """
    roles = sorted({name.partition("/")[0] for name in prompts})
    models = by_role("--model", options.model)
    urls = by_role("--base-url", options.base_url)
    prices = {role: parse_price(text) for role, text in by_role("--price", options.price).items()}
    _check_urls(options, {role: models.get(role, "offline") for role in roles})
    return {role: Endpoint(models.get(role, "offline"), urls.get(role), prices.get(role)) for role in roles}


def _check_urls(options: ModelOptions, models: Mapping[str, str]) -> None:
    """One address for models of several providers would send it the keys of all of them."""
    shared, own = shared_and_own("--base-url", options.base_url)
    for url in (shared or "", *own.values()):
        if "@" in url or "?" in url:
            raise ConfigError(
                "--base-url holds a password or a query, which would be written down; set the provider's key instead"
            )
        try:
            _ = urlsplit(url).port
        except ValueError as error:
            raise ConfigError(f"--base-url {url} is no address ({error}): write it as http://HOST:PORT/v1") from None
    providers = {model.partition("/")[0] for role, model in models.items() if role not in own and "/" in model}
    if shared and len(providers) > 1:
        names = " and ".join(sorted(providers))
        raise ConfigError(f"--base-url {shared} would get the keys of {names}; say whose it is, as in judge={shared}")


def _check_budget(options: ModelOptions, endpoints: Mapping[str, Endpoint], prices: Mapping[str, Price | None]) -> None:
    unknown = sorted({endpoints[role].model for role, price in prices.items() if price is None})
    if options.budget is not None and unknown:
        form = "IN,OUT" if any(prices[role] is None for role in prices if role != ENCODER) else f"{ENCODER}=IN,OUT"
        raise ConfigError(f"--budget needs prices, and that of {', '.join(unknown)} is unknown; give --price {form}")


def _check_pending(options: ModelOptions, pending: Sequence[Wave]) -> None:
    calls = sum(len(wave.keys) for wave in pending)
    if calls and not options.batch:
        raise ConfigError(f"{calls} calls of this run are paid for and under way in batches; give --batch to get them")
