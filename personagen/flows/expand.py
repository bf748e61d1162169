"""``expand``: seeds to two grown pools, and the pools to personas."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from personagen.agents import author
from personagen.encoders import LOCAL, Encoder, open_encoder
from personagen.errors import PersonagenError, UsageError
from personagen.flows.needs import of_expansion
from personagen.flows.pool_growth import PoolGrowth, grow_pool
from personagen.llm.connect import Endpoint
from personagen.llm.prices import parse_price
from personagen.metrics.diversity import acceptance_curve, distinct_n, nearest_similarity, vendi_score
from personagen.metrics.spread import ages, genders, tone
from personagen.options import ENCODER, ExpandOptions, by_role, flat
from personagen.personas import pool
from personagen.personas.filters import Filter, Rules, Threshold
from personagen.personas.seeds import Seeds, load_seeds
from personagen.plugins import function
from personagen.prompts import files as prompt_files
from personagen.prompts.unused import strays
from personagen.records import Kind, Persona, content_id
from personagen.runs.estimate import Consent, Estimate, PoolProgress, begin, keep_grown
from personagen.runs.session import Progress, Session, identity_of, session
from personagen.runs.summary import figures, record
from personagen.store.folder import Run, opened

KINDS = tuple(author.PROMPTS)
PROMPTS = tuple(author.PROMPTS.values())


@dataclass(frozen=True)
class ExpandSummary:
    """What a run folder holds after ``expand``.

    ``pools`` has for each kind: seeds, size, target, why it stopped, candidates asked for, received, admitted and
    rejected by filter, failed calls, rounds and acceptance curve, the similarity threshold, and measures of diversity.
    ``spread`` describes the personas. ``retried`` requests, ``refused`` ones (HTTP 429) and ``concurrency``, the most
    calls that were in flight at each endpoint, are this process's; ``estimate`` was made before its first call, its
    ``actual`` part at the end. ``unsupported`` are parts of requests that a server refused.
    ``usage["cost_usd"]`` is None where a price is unknown.
    """

    out: str
    status: str
    personas: int
    encoder: str
    pools: dict[str, dict[str, Any]]
    spread: dict[str, Any]
    re_asked: int
    retried: int
    refused: int
    concurrency: dict[str, int]
    calls: int
    new_calls: int
    reused_calls: int
    usage: dict[str, Any]
    usage_by_role: dict[str, Any]
    estimate: dict[str, Any]
    unsupported: dict[str, list[str]]
    seconds: float
    notes: tuple[str, ...]


async def expand(
    options: ExpandOptions, progress: Progress | None = None, consent: Consent | None = None
) -> ExpandSummary:
    """Grows the pools and writes ``personas.jsonl``, ``rejections.jsonl`` and ``run.json``.

    The same options on the same folder go on where the last run stopped. ``consent`` is shown what that will take, and
    nothing is asked where it says no.

    Raises:
        UsageError: an option, a seed file or a prompt file is wrong.
        Interrupted: ``consent`` said no.
        PersonagenError: the run can't go on; the personas so far are written, and it can be resumed.
    """
    _check(options)
    seeds = load_seeds(Path(options.seeds) if options.seeds else None, skip_bad_lines=options.skip_bad_lines)
    filters: dict[str, Filter] = {name: _filter(name) for name in options.filters}
    where = prompt_files.folders(options.prompts)
    prompts = {name: prompt_files.load(name, where) for name in PROMPTS}
    seeds = replace(seeds, notes=(*seeds.notes, *strays(where)))
    identity = identity_of(options, prompts) | {
        "personalities": _targets(options, seeds)["personality"],
        "seeds": content_id([d.id for d in (*seeds.profiles, *seeds.personalities)]),
    }
    with opened(Path(options.out), "expand", identity, flat(options), prompts.values()) as run:
        served = _encoder(options)
        async with session(run, options, prompts, seed=options.seed, encoder=served) as opened_session:
            estimate = await of_expansion(run, opened_session, options, seeds, _targets(options, seeds))
            await begin(estimate, opened_session.limiter, run.folder, consent)
            texts = [d.text for d in (*seeds.profiles, *seeds.personalities)]
            async with open_encoder(
                options.encoder,
                texts,
                base_url=served.base_url if served else None,
                price=served.price if served else None,
                timeout=options.timeout,
                wrap=opened_session.wrap,
            ) as encoder:
                return await _expand(run, opened_session, options, seeds, encoder, filters, estimate, progress)


def _check(options: ExpandOptions) -> None:
    if options.similarity is not None and options.calibrate:
        raise UsageError("--similarity sets the threshold and --calibrate finds it: give one of them")


def _encoder(options: ExpandOptions) -> Endpoint | None:
    """The encoder as a model on a server, None where it is on this machine."""
    if options.encoder == "hashed" or options.encoder.startswith(LOCAL):
        return None
    price = by_role("--price", options.price).get(ENCODER)
    url = by_role("--base-url", options.base_url).get(ENCODER)
    return Endpoint(options.encoder, url, None if price is None else parse_price(price))


def _filter(name: str) -> Filter:
    found: Filter = function(name)
    try:
        inspect.signature(found).bind(None, None)
    except (TypeError, ValueError):
        raise UsageError(f"--filter {name}: a filter is called as f(candidate, view) -> Refusal | None") from None
    return found


def _targets(options: ExpandOptions, seeds: Seeds) -> dict[Kind, int]:
    wanted = options.personalities or -(-options.target // 3)
    most = max(wanted, len(seeds.personalities))
    if options.per_profile > most:
        raise UsageError(f"--per-profile {options.per_profile} is more than the {most} personalities that are planned")
    return {"profile": options.target, "personality": wanted}


async def _expand(
    run: Run,
    opened_session: Session,
    options: ExpandOptions,
    seeds: Seeds,
    encoder: Encoder,
    filters: Mapping[str, Filter],
    estimate: Estimate,
    progress: Progress | None,
) -> ExpandSummary:
    targets = _targets(options, seeds)
    thresholds = await _thresholds(options, seeds, encoder)
    growths: dict[Kind, PoolGrowth] = {}
    for kind, entries in zip(KINDS, (seeds.profiles, seeds.personalities), strict=True):
        rules = Rules(language=options.language, similarity=thresholds[kind])
        view = pool.start(entries, await encoder.encode([d.text for d in entries]), rules)
        growths[kind] = PoolGrowth(kind, view, targets[kind], seeds=len(view))
    goal = sum(max(0, g.target - g.seeds) for g in growths.values())

    def tell() -> None:
        if progress:
            new = sum(len(g.view) - g.seeds for g in growths.values())
            failed = sum(g.failed_calls for g in growths.values())
            progress(opened_session.status("descriptions", new, goal, failed=failed))

    tell()
    async with opened_session.ticking(tell):
        results = await asyncio.gather(
            *(grow_pool(g, opened_session, encoder, options, filters, tell) for g in growths.values()),
            return_exceptions=True,
        )
    errors = [result for result in results if isinstance(result, BaseException)]
    for growth, result in zip(growths.values(), results, strict=True):
        growth.stopped = growth.stopped or f"stopped: {result}"
    summary = _finish(run, opened_session, options, growths, encoder, seeds.notes, estimate)
    for error in sorted(errors, key=lambda e: isinstance(e, PersonagenError)):
        raise error
    return summary


async def _thresholds(options: ExpandOptions, seeds: Seeds, encoder: Encoder) -> dict[Kind, Threshold]:
    if options.similarity is not None:
        return dict.fromkeys(KINDS, Threshold.fixed(options.similarity))
    if encoder.thresholds and not options.calibrate:
        return {kind: encoder.thresholds[kind] for kind in KINDS}
    from personagen.encoders.calibration import calibrate

    return {
        "profile": await calibrate(encoder, [d.text for d in seeds.profiles]),
        "personality": await calibrate(encoder, [d.text for d in seeds.personalities]),
    }


def _finish(
    run: Run,
    opened_session: Session,
    options: ExpandOptions,
    growths: Mapping[Kind, PoolGrowth],
    encoder: Encoder,
    notes: Sequence[str],
    estimate: Estimate,
) -> ExpandSummary:
    profiles, personalities = (growths[kind].view.entries for kind in KINDS)
    personas = pool.combine(profiles, personalities, per_profile=options.per_profile, seed=options.seed)
    run.write_lines("personas.jsonl", (persona.line() + b"\n" for persona in personas))
    rejections = [rejection for growth in growths.values() for rejection in growth.rejections]
    run.write_lines("rejections.jsonl", (rejection.line() + b"\n" for rejection in rejections))
    keep_grown(run, {kind: _grown(growth, options) for kind, growth in growths.items()})
    stopped = [growth.stopped for growth in growths.values() if growth.stopped.startswith("stopped")]
    summary = ExpandSummary(
        out=str(run.folder),
        status=stopped[0] if stopped else "done",
        personas=len(personas),
        encoder=encoder.name,
        pools={kind: _pool_summary(growth) for kind, growth in growths.items()},
        spread=_spread(personas),
        notes=(
            *notes,
            *run.notes,
            *map(_full, filter(_is_full, growths.values())),
            *pool.unpaired(profiles, personas, options.per_profile),
        ),
        **figures(run, opened_session, estimate),
    )
    record(run, summary)
    return summary


def _grown(growth: PoolGrowth, options: ExpandOptions) -> PoolProgress:
    # A call that failed is not stored: it is made again. And what a filter of one's own lets through can change.
    ended = growth.stopped in ("target", "saturated") and not growth.failed_calls and not options.filters
    return PoolProgress(len(growth.view), len(growth.rounds), finished=ended)


def _is_full(growth: PoolGrowth) -> bool:
    return growth.seeds >= growth.target


def _full(growth: PoolGrowth) -> str:
    return f"the {growth.seeds} {growth.kind} seeds reach the target of {growth.target}: no more were asked for"


def _spread(personas: Sequence[Persona]) -> dict[str, Any]:
    return {
        "not_flattering": round(tone(persona.traits for persona in personas).share, 4),
        "ages": ages(persona.attributes for persona in personas),
        "genders": genders(persona.attributes for persona in personas),
    }


def _pool_summary(growth: PoolGrowth) -> dict[str, Any]:
    texts = [entry.text for entry in growth.view.entries]
    threshold = growth.view.rules.similarity
    near = nearest_similarity(growth.view.vectors)
    return {
        "seeds": growth.seeds,
        "size": len(growth.view),
        "target": growth.target,
        "stopped": growth.stopped,
        "asked": growth.asked,
        "received": sum(r.asked for r in growth.rounds),
        "admitted": len(growth.view) - growth.seeds,
        "rejected": dict(growth.rejected().most_common()),
        "failed_calls": growth.failed_calls,
        "threshold": {**asdict(threshold), "now": round(threshold.at(len(growth.view)), 4)},
        "rounds": len(growth.rounds),
        "acceptance_curve": [{**asdict(r), "share": round(r.share, 4)} for r in acceptance_curve(growth.rounds)],
        "distinct_1": round(distinct_n(texts, 1), 4),
        "distinct_2": round(distinct_n(texts, 2), 4),
        "vendi_score": round(vendi_score(growth.view.vectors), 2),
        "nearest_similarity": asdict(near) if near else None,
    }
