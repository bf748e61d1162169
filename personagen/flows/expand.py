"""``expand``: grows two pools from seeds, and combines them into personas."""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from personagen.agents import author
from personagen.agents.ask import AgentContext
from personagen.encoders import LOCAL, Encoder, open_encoder
from personagen.errors import UsageError
from personagen.flows.pool_estimate import PoolProgress, keep_progress, pool_rehearsals
from personagen.flows.pool_growth import PoolGrowth, grow_round
from personagen.metrics.diversity import acceptance_curve, distinct_n, nearest_similarity, vendi_score
from personagen.metrics.spread import ages, genders, tone
from personagen.options import ExpandOptions
from personagen.personas import pool
from personagen.personas.filters import Filter, Rules, Threshold
from personagen.personas.seeds import Seeds, seeds_in_steps
from personagen.plugins import function
from personagen.records import Description, Kind, Persona, content_id
from personagen.runs.estimate import Consent
from personagen.runs.progress import Progress
from personagen.runs.reading import read
from personagen.runs.run import run
from personagen.runs.schedule import Result, Step, Task
from personagen.runs.session import Session
from personagen.runs.workflow import Outcome, RunReport, Workflow
from personagen.store.files import write
from personagen.store.folder import Run

KINDS = tuple(author.PROMPTS)


@dataclass(frozen=True)
class ExpandSummary:
    """The results of ``expand``, as in ``run.json``.

    ``pools`` has for each kind: seeds, size, target, why it stopped, candidates asked for, received, admitted and
    rejected by filter, failed calls, rounds and acceptance curve, the similarity threshold, and measures of diversity.
    ``spread`` describes the personas. ``report`` has what every run reports, such as calls and cost.
    """

    report: RunReport
    personas: int
    encoder: str
    pools: dict[str, dict[str, Any]]
    spread: dict[str, Any]


async def expand(
    options: ExpandOptions, progress: Progress | None = None, consent: Consent | None = None
) -> ExpandSummary:
    """Grows the pools and writes ``personas.jsonl``, ``rejections.jsonl`` and ``run.json``.

    The same options on the same folder resume a run. It asks for consent and raises as ``runs.run.run`` does.
    """
    if options.similarity is not None and options.calibrate:
        raise UsageError("--similarity and --calibrate both set the threshold: give one of them")
    source = Path(options.seeds) if options.seeds else None
    steps = seeds_in_steps(source, skip_bad_lines=options.skip_bad_lines, columns=options.columns)
    seeds = await read(steps, str(source), progress)
    pools = _Pools(options, seeds, {name: _filter(name) for name in options.filters})
    remote = options.encoder != "hashed" and not options.encoder.startswith(LOCAL)
    workflow = Workflow(
        command="expand",
        options=options,
        prompts=tuple(author.PROMPTS.values()),
        unit="descriptions",
        items=KINDS,
        job=pools.task,
        planned=lambda _: f"{pools.missing:,} new descriptions",
        summarize=pools.summary,
        fingerprint={
            "personalities": pools.targets["personality"],
            "seeds": content_id([_identity(d) for d in (*seeds.profiles, *seeds.personalities)]),
        },
        notes=seeds.notes,
        encoder=options.encoder if remote else None,
        first_role="author",
        rehearsals=pools.rehearsals,
        setup=pools.open,
        close=pools.write,
        standing=pools.standing,
    )
    report, own = await run(workflow, progress, consent)
    return ExpandSummary(report=report, **own)


def _identity(seed: Description) -> object:
    return [seed.id, seed.attributes] if seed.attributes else seed.id


def _filter(name: str) -> Filter:
    found: Filter = function(name)
    try:
        inspect.signature(found).bind(None, None)
    except (TypeError, ValueError):
        raise UsageError(f"--filter {name}: a filter is called as f(candidate, view) -> Refusal | None") from None
    return found


class _Pools:
    """The two growing pools of a run, and the personas made from them."""

    def __init__(self, options: ExpandOptions, seeds: Seeds, filters: Mapping[str, Filter]) -> None:
        self.options, self.filters = options, filters
        self.seeds: Mapping[Kind, Sequence[Description]] = {
            "profile": seeds.profiles,
            "personality": seeds.personalities,
        }
        self.targets = _targets(options, seeds)
        self.missing = 0
        self.growths: dict[Kind, PoolGrowth] = {}
        self.personas: list[Persona] = []
        self.encoder: Encoder | None = None

    def rehearsals(self, session: Session, folder: Run) -> Any:
        *estimated, self.missing = pool_rehearsals(self.options, self.seeds, self.targets, session, folder)
        return estimated

    @asynccontextmanager
    async def open(self, session: Session) -> AsyncIterator[None]:
        """The encoder, and both pools with their seeds."""
        options, endpoint = self.options, session.models.encoder
        async with open_encoder(
            options.encoder,
            [entry.text for entries in self.seeds.values() for entry in entries],
            base_url=endpoint.base_url if endpoint else None,
            price=endpoint.price if endpoint else None,
            timeout=options.timeout,
            wrap=session.wrap,
        ) as encoder:
            self.encoder = encoder
            thresholds = await self._thresholds(encoder)
            for kind, entries in self.seeds.items():
                rules = Rules(language=options.language, similarity=thresholds[kind])
                # A full pool is compared with nothing, so its seeds need no vectors.
                grows = len(entries) < self.targets[kind]
                vectors = await encoder.encode([entry.text for entry in entries]) if grows else None
                view = pool.start(entries, vectors, rules)
                self.growths[kind] = PoolGrowth(kind, view, self.targets[kind], seeds=len(view))
            yield

    def task(self, ctx: AgentContext, kind: Kind) -> Task:
        """Grows the pool of ``kind``, one round per step."""
        growth, encoder = self.growths[kind], self.encoder
        assert encoder is not None

        async def step() -> list[Step]:
            more = await grow_round(growth, ctx, encoder, self.options, self.filters)
            return [step] if more else []

        return Task([step], Result)

    def standing(self) -> tuple[int, int, int]:
        """The numbers of new descriptions, of wanted ones, and of failed calls."""
        growths = self.growths.values()
        wanted = sum(max(0, growth.target - growth.seeds) for growth in growths)
        return sum(len(g.view) - g.seeds for g in growths), wanted, sum(g.failed_calls for g in growths)

    def write(self, folder: Run, status: str) -> tuple[str, ...]:
        """Combines the pools and writes the results; returns notes for the user."""
        growths = self.growths
        if not growths:
            return ()
        for growth in growths.values():
            growth.stopped = growth.stopped or status
        profiles, personalities = (growths[kind].view.entries for kind in KINDS)
        self.personas = pool.combine(
            profiles, personalities, per_profile=self.options.per_profile, seed=self.options.seed
        )
        write(folder.folder / "personas.jsonl", (persona.line() + b"\n" for persona in self.personas))
        rejections = [rejection for growth in growths.values() for rejection in growth.rejections]
        write(folder.folder / "rejections.jsonl", (rejection.line() + b"\n" for rejection in rejections))
        keep_progress(folder, {kind: self._progress(growth) for kind, growth in growths.items()})
        full = [growth for growth in growths.values() if growth.seeds >= growth.target]
        return (
            *(f"the {g.seeds} {g.kind} seeds reach the target of {g.target}: no new ones were requested" for g in full),
            *pool.unpaired(profiles, self.personas, self.options.per_profile),
        )

    def summary(self, _: Outcome) -> dict[str, Any]:
        personas = self.personas
        return {
            "personas": len(personas),
            "encoder": self.encoder.name if self.encoder else self.options.encoder,
            "pools": {kind: _pool_summary(growth) for kind, growth in self.growths.items()},
            "spread": {
                "not_flattering": round(tone(persona.traits for persona in personas).share, 4),
                "ages": ages(persona.attributes for persona in personas),
                "genders": genders(persona.attributes for persona in personas),
            },
        }

    def _progress(self, growth: PoolGrowth) -> PoolProgress:
        # Failed calls are not stored and will be repeated, and a custom filter may change.
        ended = growth.stopped in ("target", "saturated") and not growth.failed_calls and not self.options.filters
        return PoolProgress(len(growth.view), finished=ended)

    async def _thresholds(self, encoder: Encoder) -> Mapping[Kind, Threshold]:
        if self.options.similarity is not None:
            return dict.fromkeys(KINDS, Threshold.fixed(self.options.similarity))
        if encoder.thresholds and not self.options.calibrate:
            return encoder.thresholds
        from personagen.encoders.calibration import calibrate

        return {kind: await calibrate(encoder, [e.text for e in entries]) for kind, entries in self.seeds.items()}


def _targets(options: ExpandOptions, seeds: Seeds) -> dict[Kind, int]:
    wanted = options.personalities or -(-options.target // 3)
    most = max(wanted, len(seeds.personalities))
    if options.per_profile > most:
        raise UsageError(f"--per-profile {options.per_profile} is more than the {most} planned personalities")
    return {"profile": options.target, "personality": wanted}


def _pool_summary(growth: PoolGrowth) -> dict[str, Any]:
    texts = [entry.text for entry in growth.view.entries]
    threshold = growth.view.rules.similarity
    vectors = growth.view.vectors
    near = nearest_similarity(vectors) if vectors.size else None
    rejected = Counter(rejection.gate for rejection in growth.rejections if rejection.gate != "failed")
    return {
        "seeds": growth.seeds,
        "size": len(growth.view),
        "target": growth.target,
        "stopped": growth.stopped,
        "asked": growth.asked,
        "received": sum(r.asked for r in growth.rounds),
        "admitted": len(growth.view) - growth.seeds,
        "rejected": dict(rejected.most_common()),
        "failed_calls": growth.failed_calls,
        "threshold": {**asdict(threshold), "now": round(threshold.at(len(growth.view)), 4)},
        "rounds": len(growth.rounds),
        "acceptance_curve": [{**asdict(r), "share": round(r.share, 4)} for r in acceptance_curve(growth.rounds)],
        "distinct_1": round(distinct_n(texts, 1), 4) if vectors.size else 0.0,
        "distinct_2": round(distinct_n(texts, 2), 4) if vectors.size else 0.0,
        "vendi_score": round(vendi_score(vectors), 2) if vectors.size else 0.0,
        "nearest_similarity": asdict(near) if near else None,
    }
