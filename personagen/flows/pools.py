"""The two pools of ``expand``: their seeds, forms and targets, and the personas made from them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from itertools import chain
from typing import Any

from personagen.agents import author
from personagen.agents.ask import AgentContext
from personagen.encoders import Encoder, open_encoder
from personagen.errors import UsageError
from personagen.flows.pool_estimate import PoolPlan, PoolProgress, keep_progress, pool_rehearsals
from personagen.flows.pool_growth import PoolGrowth, grow_round
from personagen.flows.pool_summary import personas_summary, pool_summary
from personagen.flows.pool_targets import planned_personalities, targets, too_few
from personagen.llm.endpoints import OFFLINE, is_offline
from personagen.options import ExpandOptions, checked_texts
from personagen.options.language import ANY, name_of
from personagen.personas import pool
from personagen.personas.filters import Filter, Rules, Threshold
from personagen.personas.form import Form, ranges
from personagen.personas.language import MIN_WORDS, other_language
from personagen.personas.learned import form_of
from personagen.personas.population_file import population
from personagen.personas.seeds import Seeds, load_seeds
from personagen.personas.words import words
from personagen.records import Description, Kind, Persona
from personagen.runs.schedule import Result, Step, Task
from personagen.runs.session import Session
from personagen.runs.workflow import Outcome, at_most
from personagen.store.files import write
from personagen.store.folder import Run

KINDS = tuple(author.PROMPTS)
PLURALS: Mapping[Kind, str] = {"profile": "profiles", "personality": "personalities"}


class Pools:
    """The two growing pools of a run, and the personas made from them."""

    def __init__(self, options: ExpandOptions, seeds: Seeds, filters: Mapping[str, Filter]) -> None:
        self.options, self.filters = options, filters
        self.population = population(options.population)
        self.seeds: Mapping[Kind, Sequence[Description]] = {
            "profile": seeds.profiles,
            "personality": seeds.personalities,
        }
        # Seeds in another language are shown to the author, but are no part of a persona.
        self.foreign = frozenset[str]().union(*(_foreign(entries, options) for entries in self.seeds.values()))
        self.targets = targets(options, self.seeds, self.foreign)
        self.forms = _forms(options, self.seeds)
        for kind, entries in self.seeds.items():
            if len(entries) < self.targets[kind]:
                _check_author(kind, self.forms[kind], options)
        self.missing: Mapping[Kind, int] = {}
        self.growths: dict[Kind, PoolGrowth] = {}
        self.personas: list[Persona] = []
        self.encoder: Encoder | None = None

    def rehearsals(self, session: Session, folder: Run) -> Any:
        plans = {
            kind: PoolPlan(
                entries, self.targets[kind], self.forms[kind], self._options(session.ctx, kind), self.population
            )
            for kind, entries in self.seeds.items()
        }
        *estimated, self.missing = pool_rehearsals(plans, session, folder)
        return estimated

    def planned(self) -> str:
        """The number of new entries by kind, the form of those like the user's seeds, and what the targets count."""
        parts = []
        for kind, plural in PLURALS.items():
            form = self.forms[kind]
            asked = f" ({form.asked(author.NAMES[kind])}, like the seeds)" if form.learned else ""
            parts.append(f"{self.missing.get(kind, 0):,} new {plural}{asked}")
        targets = " and ".join(f"{self.targets[kind]:,} {plural}" for kind, plural in PLURALS.items())
        seeds = " and ".join(f"{len(self.seeds[kind]):,}" for kind in KINDS)
        return f"{' and '.join(parts)}; the targets, {targets}, include {seeds} seeds"

    def notes(self) -> list[str]:
        """What the user should know before the first call."""
        counts = Counter(d.kind for entries in self.seeds.values() for d in entries if d.text in self.foreign)
        what = " and ".join(f"{n} {kind}" for kind, n in counts.items())
        why = f"are not in {name_of(self.options.language)}: they are examples only, and in no persona; as many more"
        foreign = [f"{what} seeds {why} descriptions are written"] if counts else []
        full = [
            f"the {len(entries):,} {kind} seeds reach the target of {self.targets[kind]:,}, which counts them: all are "
            "kept and no new ones are requested"
            for kind, entries in self.seeds.items()
            if len(entries) >= self.targets[kind]
        ]
        return foreign + full + too_few(self.options, len(self.seeds["personality"]))

    def _options(self, ctx: AgentContext, kind: Kind) -> ExpandOptions:
        """The options with as many descriptions per call as fit into the author's reply, if they are long ones."""
        form = self.forms[kind]
        if form.scale <= 1:
            return self.options
        room = ctx.max_tokens(author.PROMPTS[kind]) // form.longest_tokens
        return replace(self.options, count=max(1, min(self.options.count, room)))

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
                rules = Rules.of(self.forms[kind], thresholds[kind])
                if session.ctx.spoken("author") == ANY:
                    rules = replace(rules, language=ANY)
                # A full pool is compared with nothing, so its seeds need no vectors.
                grows = len(entries) < self.targets[kind]
                vectors = await encoder.encode([entry.text for entry in entries]) if grows else None
                view = pool.start(entries, vectors, rules)
                self.growths[kind] = PoolGrowth(
                    kind,
                    view,
                    self.targets[kind],
                    seeds=len(view),
                    form=self.forms[kind],
                    foreign=all(entry.text in self.foreign for entry in entries),
                    population=self.population,
                )
            yield

    def task(self, ctx: AgentContext, kind: Kind) -> Task:
        """Grows the pool of ``kind``, one round per step."""
        growth, encoder = self.growths[kind], self.encoder
        options = self._options(ctx, kind)
        assert encoder is not None

        async def step() -> list[Step]:
            more = await grow_round(growth, ctx, encoder, options, self.filters)
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
        profiles, personalities = (
            [entry for entry in growths[kind].view.entries if entry.text not in self.foreign] for kind in KINDS
        )
        self.personas = pool.combine(
            profiles,
            personalities,
            per_profile=self.options.per_profile,
            seed=self.options.seed,
            language=growths["profile"].view.rules.language,
            most=self.options.per_personality,
            open_to=self._open_to(),
        )
        write(folder.folder / "personas.jsonl", (persona.line() + b"\n" for persona in self.personas))
        rejections = [rejection for growth in growths.values() for rejection in growth.rejections]
        write(folder.folder / "rejections.jsonl", (rejection.line() + b"\n" for rejection in rejections))
        keep_progress(folder, {kind: self._progress(growth) for kind, growth in growths.items()})
        return tuple(pool.unpaired(profiles, self.personas, self.options.per_profile, self.options.language))

    def at_size(self, before: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of this run with the targets of ``before``."""
        now = {"target": self.targets["profile"], "personalities": self.targets["personality"]}
        return at_most(before, now, *now)

    async def extends(self, smaller: Mapping[str, Any], _: Any) -> tuple[str, ...]:
        """Whether the personas of the ``smaller`` run stay the first ones."""
        if not self.options.personalities or smaller["personalities"] == self.options.personalities:
            return ()
        return (
            f"--personalities was {smaller['personalities']}, now {self.options.personalities}: no text is asked for"
            " again, but profiles and personalities are combined anew; leave it out to keep the personas",
        )

    def _open_to(self) -> Callable[[int], int] | None:
        """From how many personalities each profile chooses: all, or if their number follows the target, as many as a
        run with that target has, so that its personas stay.
        """
        if self.options.personalities:
            return None
        seeds = sum(entry.text not in self.foreign for entry in self.seeds["personality"])
        return lambda number: max(seeds, planned_personalities(self.options, seeds, number + 1))

    def summary(self, _: Outcome) -> dict[str, Any]:
        return {
            "encoder": self.encoder.name if self.encoder else self.options.encoder,
            "pools": {kind: pool_summary(growth, self.options.seed) for kind, growth in self.growths.items()},
            **personas_summary(self.personas),
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


def _foreign(seeds: Sequence[Description], options: ExpandOptions) -> set[str]:
    """The texts of ``seeds``, of one kind, that are clearly in another language than the author is to write in.

    Those too short to be judged alone are judged together.
    """
    if options.language in ("en", ANY) or is_offline(_author(options)):
        return set()
    found = {seed.text: words(seed.text) for seed in seeds}
    foreign = {text for text, said in found.items() if other_language(said, options.language)}
    short = {text: said for text, said in found.items() if text not in foreign and len(said) < MIN_WORDS}
    return foreign | (short.keys() if other_language(list(chain(*short.values())), options.language) else set())


def _check_author(kind: Kind, form: Form, options: ExpandOptions) -> None:
    """Raises ``UsageError`` if the offline author, which writes English, is to follow seeds in another language."""
    if form.language == ANY != options.language and is_offline(_author(options)):
        raise UsageError(
            f"the {kind} seeds are not in English, which is all that the offline author writes: choose a --model, or"
            " combine the seeds alone with a --target of their number"
        )


def _author(options: ExpandOptions) -> str:
    return options.models.get("author", OFFLINE)


def _forms(options: ExpandOptions, seeds: Mapping[Kind, Sequence[Description]]) -> dict[Kind, Form]:
    """The form of each pool: learned from its seeds, with the user's bounds."""
    lengths = ranges("--length", checked_texts(options.length))
    items = ranges("--items", checked_texts(options.items))
    ours = load_seeds(None)
    packaged = (*ours.profiles, *ours.personalities)
    asked = options.language != ExpandOptions.language
    return {
        kind: form_of(entries, packaged, options.language, asked=asked).bounded(lengths.get(kind), items.get(kind))
        for kind, entries in seeds.items()
    }
