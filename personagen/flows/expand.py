"""``expand``: grows two pools from seeds, and combines them into personas."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Any

from personagen.agents import author
from personagen.encoders import LOCAL
from personagen.errors import ConfigError, PersonagenError, UsageError
from personagen.flows.pools import KINDS, Pools
from personagen.llm.functions import raised, returned
from personagen.options import ExpandOptions, checked_texts, source
from personagen.personas.filters import Candidate, Filter, PoolView, Refusal
from personagen.personas.population_file import identity
from personagen.personas.seeds import seeds_in_steps
from personagen.plugins import function
from personagen.records import Description, content_id
from personagen.runs.estimate import Consent
from personagen.runs.progress import Progress
from personagen.runs.reading import read
from personagen.runs.run import run
from personagen.runs.workflow import RunReport, Workflow
from personagen.store.folder import Growth


@dataclass(frozen=True)
class ExpandSummary:
    """The results of ``expand``, as in ``run.json``.

    ``pools`` has for each kind: seeds, size, target, why it stopped, candidates asked for, received, admitted and
    rejected by filter, failed calls, rounds and acceptance curve, what was drawn against what was kept (``draws``), the
    form, the similarity threshold, and measures of the diversity of the new entries. ``spread`` describes the personas,
    of whom a personality is shared by ``per_personality`` at most. ``report`` has what every run reports, such as
    calls and cost.
    """

    report: RunReport
    personas: int
    of_new_profiles: int
    personalities_used: int
    per_personality: int
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
    given = source(options.seeds)
    columns = checked_texts(options.columns)
    steps = seeds_in_steps(given, skip_bad_lines=options.skip_bad_lines, columns=columns)
    seeds = await read(steps, str(options.seeds), progress)
    pools = Pools(options, seeds, {name: filter_of(name) for name in checked_texts(options.filters)})
    remote = options.encoder != "hashed" and not options.encoder.startswith(LOCAL)
    workflow = Workflow(
        command="expand",
        options=options,
        prompts=tuple(author.PROMPTS.values()),
        unit="descriptions",
        items=KINDS,
        job=pools.task,
        planned=lambda _: pools.planned(),
        summarize=pools.summary,
        fingerprint={
            "personalities": pools.targets["personality"],
            "population": identity(pools.population),
            "seeds": content_id([_identity(d) for d in (*seeds.profiles, *seeds.personalities)]),
        },
        growth=Growth(pools.at_size),
        extends=pools.extends,
        notes=(*seeds.notes, *pools.notes()),
        language=options.language,
        encoder=options.encoder if remote else None,
        first_role="author",
        rehearsals=pools.rehearsals,
        scales={author.PROMPTS[kind]: form.scale for kind, form in pools.forms.items()},
        setup=pools.open,
        close=pools.write,
        standing=pools.standing,
    )
    report, own = await run(workflow, progress, consent)
    return ExpandSummary(report=report, **own)


def _identity(seed: Description) -> object:
    return [seed.id, seed.attributes] if seed.attributes else seed.id


def filter_of(name: str) -> Filter:
    """The user's filter ``name``; a fault in it names its file and line. A text that it returns is the reason."""
    found: Any = function(name)
    try:
        inspect.signature(found).bind(None, None)
    except (TypeError, ValueError):
        raise UsageError(f"--filter {name}: a filter is called as f(candidate, view) -> Refusal | None") from None

    def checked(candidate: Candidate, view: PoolView) -> Refusal | None:
        try:
            verdict = found(candidate, view)
        except PersonagenError:
            raise
        except Exception as error:  # user code can raise anything
            raise ConfigError(raised(name, found, error)) from error
        if isinstance(verdict, str):
            return Refusal(verdict)
        if not isinstance(verdict, Refusal | None):
            raise ConfigError(returned(name, found, verdict, "a Refusal, a text or None"))
        return verdict

    return checked
