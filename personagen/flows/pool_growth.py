"""Grows one pool in rounds: draw examples, ask the author, filter in slot order.

The procedure is ALOE's (arXiv 2410.03642, section 3.1), with filters that compare candidates with every entry.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from personagen.agents import author
from personagen.agents.ask import AgentContext, CallSite
from personagen.encoders import Encoder
from personagen.errors import PersonagenError, QualityError, ReplyError, ServerError
from personagen.flows.messages import rejection
from personagen.flows.pool_misfit import SURPLUS, is_misfit, misfit
from personagen.metrics.diversity import Round
from personagen.options import ExpandOptions
from personagen.personas import pool
from personagen.personas.filters import FILTERS, SCREENS, Candidate, Filter, PoolView, Refusal, candidate
from personagen.personas.form import PACKAGED, Form
from personagen.personas.population import Population, draws
from personagen.records import Description, Kind, Rejection, content_id

MIN_KEPT = 0.05  # of the descriptions, over all or at first; with less the author can't do the task
NEXT_TO_NOTHING = 0.01  # of the descriptions; with less kept a pool that still grows is given up, after ...
PATIENCE = 2  # ... times ``--saturation`` rounds


@dataclass
class PoolGrowth:
    """A growing pool of descriptions in one ``form``. ``stopped`` says why it ended: ``target``, ``saturated``, or an
    error.

    ``asked`` counts the descriptions requested from the author, ``rounds`` those received and admitted. The last
    ``barren`` rounds admitted none. ``foreign`` means that its seeds are in another language; then its ``encoder`` is
    fitted to the first texts that it gets. The author is asked for ``per_call`` people of the ``population`` at a time.
    ``sizes`` has the size of the pool at first and after each call, and ``first_calls`` the number of the first call of
    each round.
    """

    kind: Kind
    view: PoolView
    target: int
    stopped: str = ""
    asked: int = 0
    rounds: list[Round] = field(default_factory=list)
    rejections: list[Rejection] = field(default_factory=list)
    failed_calls: int = 0
    barren: int = 0
    seeds: int = 0
    form: Form = PACKAGED
    foreign: bool = False
    encoder: Encoder | None = None
    population: Population = field(default_factory=dict)
    per_call: int = 0
    sizes: list[int] = field(default_factory=list)
    first_calls: list[int] = field(default_factory=list)

    @property
    def calls(self) -> int:
        """The calls made."""
        return len(self.sizes) - 1


async def grow_round(
    growth: PoolGrowth, ctx: AgentContext, encoder: Encoder, options: ExpandOptions, filters: Mapping[str, Filter]
) -> bool:
    """Grows the pool by one round and returns True, or False if it has reached its target or is saturated.

    A call sees the pool as earlier calls left it (``entries_seen``), and candidates are admitted in slot order, so the
    result does not depend on the order of answers, and a pool with a lower target begins with the same calls.

    Raises:
        QualityError: after as many rounds without a new entry as ``options.saturation`` too little was kept to call
            the pool saturated, most was rejected for another reason than repeating an entry, or all calls of the last
            round failed; or for ``PATIENCE`` times as many rounds next to nothing was kept for such a reason.
        PersonagenError: the run can't continue; ``growth`` holds the finished rounds.
    """
    if len(growth.view) >= growth.target:
        growth.stopped = "target"
        return False
    if problem := _problem(growth, options):
        raise QualityError(problem)
    if growth.barren >= options.saturation:
        growth.stopped = "saturated"
        return False
    growth.sizes = growth.sizes or [len(growth.view)]
    growth.per_call = options.count
    before = len(growth.view)
    calls = _calls(growth, options)
    written = await _ask(growth, ctx, options, calls)
    await _admit(growth, written, encoder, _with_target(filters, growth))
    admitted = len(growth.view) - before
    growth.first_calls.append(growth.calls - calls)
    growth.asked += calls * options.count
    growth.rounds.append(Round(sum(map(len, written)), admitted, len(growth.view)))
    growth.barren = 0 if admitted else growth.barren + 1
    return True


def _calls(growth: PoolGrowth, options: ExpandOptions) -> int:
    """The number of calls of the next round, from the acceptance rate of the last one."""
    needed = growth.target - len(growth.view)
    rate = max(0.1, growth.rounds[-1].share) if growth.rounds else 1.0
    return min(options.calls_per_round, growth.calls + 2, math.ceil(needed / (options.count * rate)))


def entries_seen(sizes: Sequence[int], call: int, options: ExpandOptions) -> int:
    """How many entries of the pool ``call`` draws its examples from, given the ``sizes`` after each earlier call.

    It does not depend on the target: it sees what half of the calls before it brought, later all but the last ones,
    so that ``calls_per_round`` calls can be made at a time.
    """
    return sizes[max(call // 2, call - options.calls_per_round + 1)]


async def _ask(growth: PoolGrowth, ctx: AgentContext, options: ExpandOptions, calls: int) -> list[list[Candidate]]:
    """What each of the next ``calls`` calls brought."""
    numbers = range(growth.calls, growth.calls + calls)
    results = await asyncio.gather(*(_written(growth, ctx, options, call) for call in numbers), return_exceptions=True)
    written: list[list[Candidate]] = []
    failures: list[PersonagenError] = []
    for call, result in zip(numbers, results, strict=True):
        if isinstance(result, (ReplyError, ServerError)):
            failures.append(result)
            growth.rejections.append(rejection(f"{growth.kind}/{call}", "failed", result))
        elif isinstance(result, BaseException):
            raise result
        written.append(result if isinstance(result, list) else [])
    growth.failed_calls += len(failures)
    if len(failures) == calls and growth.barren + 1 >= options.saturation:
        raise QualityError(f"all {calls} calls of a round failed, the first because {failures[0]}")
    return written


def _problem(growth: PoolGrowth, options: ExpandOptions) -> str:
    """Why a pool that gained nothing any more is not saturated, or one that hardly grows never will; else empty.

    Either the author's calls failed, too few descriptions were kept from the first round on, so that it can't be that
    nothing new was left to say, or the last ones were rejected for another reason than repeating an entry.
    """
    ended = growth.barren >= options.saturation
    calls = growth.asked // options.count
    if ended and growth.failed_calls > calls / 2:
        reason = next(row.reason for row in growth.rejections if row.gate == "failed")
        return f"{growth.failed_calls} of {calls} calls for the {growth.kind} pool failed, the first because {reason}"
    early = growth.rounds[: options.saturation]
    if ended and max(_share(growth.rounds), _share(early)) < MIN_KEPT:
        return _rejected(growth, 0)
    last = growth.rounds[-growth.barren if ended else -PATIENCE * options.saturation :]
    enough = ended or len(last) == PATIENCE * options.saturation
    first = len(growth.rounds) - len(last)
    if not enough or _share(last) >= NEXT_TO_NOTHING or not is_misfit(_since(growth, first)):
        return ""
    return _rejected(growth, first)


def _share(rounds: Sequence[Round]) -> float:
    return sum(r.admitted for r in rounds) / max(1, sum(r.asked for r in rounds))


def _since(growth: PoolGrowth, first: int) -> list[Rejection]:
    """The rejections from round ``first`` on."""
    call = growth.first_calls[first]
    return list(takewhile(lambda row: int(row.place.split("/")[1]) >= call, reversed(growth.rejections)))[::-1]


def _rejected(growth: PoolGrowth, first: int) -> str:
    """What became of the descriptions received from round ``first`` on."""
    rounds, kind = growth.rounds[first:], growth.kind
    received, kept = sum(r.asked for r in rounds), sum(r.admitted for r in rounds)
    of = f"the last {received:,}" if first else f"{received:,}"
    what = (
        f"only {kept} of {of} {kind} texts were kept" if kept else f"no {kind} was kept{f' of {of}' if first else ''}"
    )
    return f"{what}: {misfit(kind, growth.form, _since(growth, first), received)}"


async def _written(growth: PoolGrowth, ctx: AgentContext, options: ExpandOptions, call: int) -> list[Candidate]:
    place = f"{growth.kind}/{call}"
    seen = replace(growth.view, size=entries_seen(growth.sizes, call, options))
    examples = [entry.text for entry in pool.draw(seen, options.seed, place, options.examples)]
    name = author.PROMPTS[growth.kind]
    drawn = draws(growth.population, growth.kind, growth.form, f"{options.seed}/{call}", options.count)
    ctx = replace(ctx, form=growth.form, draws=tuple(drawn))
    answer = await ctx.act(name, author.write)(ctx, growth.kind, examples, options.count, CallSite(place, place))
    return [
        candidate(
            Description(
                id=content_id(growth.kind, text),
                kind=growth.kind,
                text=text,
                items=items,
                origin=ctx.models["author"],
                source=answer.call,
                prompt_hash=ctx.prompts[name].hash,
                drawn=drawn[slot] if slot < len(drawn) else {},
            ),
            place=f"{place}/{slot}",
            language=growth.view.rules.language,
        )
        for slot, (text, items) in enumerate(answer.value)
    ]


async def _admit(
    growth: PoolGrowth, written: Sequence[list[Candidate]], encoder: Encoder, filters: Mapping[str, Filter]
) -> None:
    """Admits what each call brought. It is embedded call by call, so that a larger round embeds the same texts."""
    for candidates in written:
        passed, rejections = pool.screen(candidates, growth.view, SCREENS)
        texts = [new.description.text for new in passed]
        if growth.foreign and growth.encoder is None and encoder.refit and texts:
            growth.encoder = encoder.refit(texts)
        vectors = await (growth.encoder or encoder).encode(texts)
        embedded = [replace(new, vector=vector) for new, vector in zip(passed, vectors, strict=True)]
        admission = pool.admit(embedded, growth.view, filters)
        growth.view = admission.view
        growth.rejections += [*rejections, *admission.rejections]
        growth.sizes.append(len(growth.view))


def _with_target(filters: Mapping[str, Filter], growth: PoolGrowth) -> dict[str, Filter]:
    def full(_: Candidate, view: PoolView) -> Refusal | None:
        return Refusal("the pool has reached its target") if len(view) >= growth.target else None

    return {SURPLUS: full, **FILTERS[growth.kind], **filters}
