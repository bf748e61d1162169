"""The estimate for ``expand``: author and encoder calls at the usual admission rate, and at most."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import version

import orjson

from personagen.agents import author
from personagen.agents.ask import AgentContext, CallSite
from personagen.errors import ReplyError
from personagen.options import ENCODER, ExpandOptions
from personagen.personas import pool
from personagen.personas.form import WORDS_A_CHARACTER, Form
from personagen.personas.population import Population, draws
from personagen.records import Description, Kind
from personagen.runs.rehearsal import Rehearsal
from personagen.runs.schedule import Result, Step, Task
from personagen.runs.session import Session
from personagen.runs.sizes import Need, Size
from personagen.store.folder import Run

ADMITTED_SHARE = 0.8  # of a capable author's descriptions, early in the growth of a pool
REHEARSED_CALLS = 3
MIN_TOKENS_A_WORD = 4 / 3
EMBEDDED_TOKENS = 115.0  # per description
TEXTS_PER_CALL = 128  # to the encoder
PERSONA_BYTES = 2500  # in the run folder


@dataclass(frozen=True)
class PoolProgress:
    """The size of a pool after an earlier process; ``finished`` if it needs no more calls."""

    size: int
    finished: bool


def keep_progress(folder: Run, pools: Mapping[Kind, PoolProgress]) -> None:
    """Stores the progress of ``pools`` for the next estimate."""
    kept = {
        "version": version("personagen"),
        "fingerprint": folder.fingerprint,
        "pools": {kind: asdict(progress) for kind, progress in pools.items()},
    }
    folder.journal.put_settings({"pools": orjson.dumps(kept).decode()})


def _progress(folder: Run) -> dict[Kind, PoolProgress]:
    """The stored progress, if this version would grow the pools in the same way."""
    kept = orjson.loads(folder.journal.setting("pools") or "{}")
    if (kept.get("version"), kept.get("fingerprint")) != (version("personagen"), folder.fingerprint):
        return {}
    return {kind: PoolProgress(**progress) for kind, progress in kept["pools"].items()}


@dataclass(frozen=True)
class PoolPlan:
    """A pool to grow from ``seeds`` to the ``target``, which counts them."""

    seeds: Sequence[Description]
    target: int
    form: Form
    options: ExpandOptions
    population: Population


def pool_rehearsals(
    plans: Mapping[Kind, PoolPlan], session: Session, folder: Run
) -> tuple[list[Rehearsal], dict[str, Need], float, dict[Kind, int]]:
    """The estimate for growing the pools of ``plans``, less what is stored.

    It has the rehearsals for both pools, the encoder's need, the bytes of the results and the missing descriptions.
    """
    known, answers = _progress(folder), folder.journal.answers()
    made: list[Rehearsal] = []
    missing: dict[Kind, int] = {}
    embedded = [Size(), Size()]
    for kind, plan in plans.items():
        progress, entries, options = known.get(kind), plan.seeds, plan.options
        if progress and progress.finished:
            continue
        needed = max(0, plan.target - len(entries))
        absent = max(0, plan.target - max(len(entries), progress.size if progress else 0))
        missing[kind] = absent
        calls, most = expected_calls(needed, options), max_calls(needed, options)
        stored = answers.get(kind, 0)
        least = min(options.calls_per_round, math.ceil(10 * absent / options.count)) if stored else 0
        played = min(REHEARSED_CALLS, options.calls_per_round, math.ceil(needed / options.count))
        made += [
            Rehearsal(
                partial(_task, kind=kind, place=f"{kind}/{call}", plan=plan),
                *(calls / played, most / played),
                stored=stored / played,
                least=least / played,
            )
            for call in range(played)
        ]
        written = max(options.count, session.ctx.max_tokens(author.PROMPTS[kind]) // _fewest_tokens(plan.form))
        embedded[0] += _embedding(len(entries), calls, calls * options.count)
        embedded[1] += _embedding(len(entries), most, most * session.ctx.attempts * written)
    unfinished = len(known) < len(plans) or not all(progress.finished for progress in known.values())
    needs = _encoding(folder, *embedded) if session.models.encoder and unfinished else {}
    profile = plans["profile"]
    return made, needs, profile.target * profile.options.per_profile * PERSONA_BYTES, missing


def _fewest_tokens(form: Form) -> int:
    """The tokens of the shortest description that passes the screens."""
    return max(
        1, round(MIN_TOKENS_A_WORD * form.accepted_length[0] * (1 if form.unit == "words" else WORDS_A_CHARACTER))
    )


def _task(ctx: AgentContext, kind: Kind, place: str, plan: PoolPlan) -> Task:
    """One call that sees only the seeds."""
    options = plan.options
    call = f"{options.seed}/{place.partition('/')[2]}"
    drawn = draws(plan.population, kind, plan.form, call, options.count)
    ctx = replace(ctx, form=plan.form, draws=tuple(drawn))

    async def step() -> list[Step]:
        examples = [entry.text for entry in pool.draw(plan.seeds, options.seed, place, options.examples)]
        with suppress(ReplyError):  # the stored answers may be unusable
            await author.write(ctx, kind, examples, options.count, CallSite(place, place))
        return []

    return Task([step], Result)


def expected_calls(needed: int, options: ExpandOptions) -> int:
    """The calls to admit ``needed`` descriptions at the usual rate."""
    calls = 0
    rate, missing = 1.0, float(needed)
    while missing >= 1:
        now = min(options.calls_per_round, math.ceil(missing / (options.count * rate)))
        calls, rate = calls + now, ADMITTED_SHARE
        missing -= now * options.count * ADMITTED_SHARE
    return calls


def max_calls(needed: int, options: ExpandOptions) -> int:
    """The maximum calls: each admitted description takes as many rounds as saturation allows."""
    full = options.calls_per_round * options.count / 10  # what one round admits at the lowest rate, one in ten
    few = min(needed, math.floor(full))
    least = sum(math.ceil(10 * missing / options.count) for missing in range(1, few + 1))
    calls = min(least, few * options.calls_per_round) + (needed - few) * options.calls_per_round
    return calls * options.saturation


def _embedding(seeds: int, written: int, texts: int) -> Size:
    """The need of the encoder for the seeds and what ``written`` calls of the author bring."""
    calls = math.ceil(seeds / TEXTS_PER_CALL) * 2 + written + texts // TEXTS_PER_CALL
    return Size(calls, (texts + 2 * seeds) * EMBEDDED_TOKENS)


def _encoding(folder: Run, usual: Size, most: Size) -> dict[str, Need]:
    """The encoder's need, less the stored texts."""
    stored = [(n, usage) for (role, _), (n, usage) in folder.journal.usage().items() if role == ENCODER]
    calls, tokens = sum(n for n, _ in stored), sum(usage.input_tokens for _, usage in stored)
    left, at_most = (Size(max(0.0, s.calls - calls), max(0.0, s.input - tokens)) for s in (usual, most))
    return {ENCODER: Need(left, left, at_most)}
