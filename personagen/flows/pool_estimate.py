"""What growing two pools will take: author calls as they are usually admitted, and the most there can be."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from importlib.metadata import version

import orjson

from personagen.agents import author
from personagen.agents.ask import AgentContext, CallSite
from personagen.options import ENCODER, ExpandOptions
from personagen.personas import pool
from personagen.records import Description, Kind
from personagen.runs.rehearsal import Need, Rehearsal, Size
from personagen.runs.schedule import Result, Step, Task
from personagen.runs.session import Session
from personagen.store.folder import Run

PACKAGE_VERSION = version("personagen")
ADMITTED = 0.8  # of what an author writes; a capable model's, early in the growth of a pool
PLAYED = 3  # calls
MIN_TOKENS = 40  # of a description that passes the screens
EMBEDDED_TOKENS = 115.0  # of a description
BATCH = 128  # texts an encoder is sent in a call
PERSONA_BYTES = 2500  # of a persona in the run folder


@dataclass(frozen=True)
class PoolProgress:
    """How far an earlier process has grown a pool; ``finished`` if it needs no more calls."""

    size: int
    finished: bool


@dataclass(frozen=True)
class PoolEstimate:
    """The rehearsals for both pools, what the encoder needs besides, the bytes of the results, what is missing."""

    rehearsals: list[Rehearsal]
    needs: dict[str, Need]
    bytes: float
    missing: int


def keep_progress(folder: Run, pools: Mapping[Kind, PoolProgress]) -> None:
    """Stores how far ``pools`` are, for the next estimate."""
    kept = {
        "version": PACKAGE_VERSION,
        "fingerprint": folder.fingerprint,
        "pools": {kind: asdict(progress) for kind, progress in pools.items()},
    }
    folder.journal.put_settings({"pools": orjson.dumps(kept).decode()})


def _progress(folder: Run) -> dict[Kind, PoolProgress]:
    """The pools as an earlier process left them, where they would become the same again."""
    kept = orjson.loads(folder.journal.setting("pools") or "{}")
    if (kept.get("version"), kept.get("fingerprint")) != (PACKAGE_VERSION, folder.fingerprint):
        return {}
    return {kind: PoolProgress(**progress) for kind, progress in kept["pools"].items()}


def pool_rehearsals(
    options: ExpandOptions,
    seeds: Mapping[Kind, Sequence[Description]],
    targets: Mapping[Kind, int],
    session: Session,
    folder: Run,
) -> PoolEstimate:
    """What growing the pools from ``seeds`` to ``targets`` will still take."""
    known, answers = _progress(folder), folder.journal.answers()
    made: list[Rehearsal] = []
    missing = 0
    embedded = [Size(), Size()]
    for kind, entries in seeds.items():
        progress = known.get(kind)
        if progress and progress.finished:
            continue
        needed = max(0, targets[kind] - len(entries))
        absent = max(0, targets[kind] - max(len(entries), progress.size if progress else 0))
        missing += absent
        calls, rounds = expected_calls(needed, options)
        most, most_rounds = max_calls(needed, options)
        stored = answers.get(kind, 0)
        least = min(options.calls_per_round, math.ceil(10 * absent / options.count)) if stored else 0
        played = min(PLAYED, options.calls_per_round, math.ceil(needed / options.count))
        made += [
            Rehearsal(
                partial(_task, kind=kind, place=f"{kind}/0/{call}", entries=entries, options=options),
                *(calls / played, most / played),
                stored=stored / played,
                least=least / played,
            )
            for call in range(played)
        ]
        written = max(options.count, session.ctx.max_tokens(author.PROMPTS[kind]) // MIN_TOKENS)
        embedded[0] += _embedding(len(entries), rounds, calls * options.count)
        embedded[1] += _embedding(len(entries), most_rounds, most * session.ctx.attempts * written)
    needs: dict[str, Need] = {}
    if (session.models.encoder and len(known) < len(seeds)) or any(not k.finished for k in known.values()):
        needs = _encoding(folder, *embedded) if session.models.encoder else {}
    return PoolEstimate(made, needs, targets["profile"] * options.per_profile * PERSONA_BYTES, missing)


def _task(ctx: AgentContext, kind: Kind, place: str, entries: Sequence[Description], options: ExpandOptions) -> Task:
    """One call of the first round, as it will be made."""

    async def step() -> list[Step]:
        examples = [entry.text for entry in pool.draw(entries, options.seed, place, options.examples)]
        await author.write(ctx, kind, examples, options.count, CallSite(place, place))
        return []

    return Task([step], Result)


def expected_calls(needed: int, options: ExpandOptions) -> tuple[int, int]:
    """Calls and rounds until ``needed`` descriptions are admitted, at the usual rate."""
    calls = rounds = 0
    rate, missing = 1.0, float(needed)
    while missing >= 1:
        now = min(options.calls_per_round, math.ceil(missing / (options.count * rate)))
        calls, rounds, rate = calls + now, rounds + 1, ADMITTED
        missing -= now * options.count * ADMITTED
    return calls, rounds


def max_calls(needed: int, options: ExpandOptions) -> tuple[int, int]:
    """The most calls and rounds: every description that is admitted takes as many rounds as do not end the growth."""
    full = options.calls_per_round * options.count / 10  # a full round is enough for that many, one in ten admitted
    few = min(needed, math.floor(full))
    least = sum(math.ceil(10 * missing / options.count) for missing in range(1, few + 1))
    calls = min(least, few * options.calls_per_round) + (needed - few) * options.calls_per_round
    return calls * options.saturation, needed * options.saturation


def _embedding(seeds: int, rounds: int, texts: int) -> Size:
    calls = math.ceil(seeds / BATCH) * 2 + rounds + texts // BATCH
    return Size(calls, (texts + 2 * seeds) * EMBEDDED_TOKENS)


def _encoding(folder: Run, usual: Size, most: Size) -> dict[str, Need]:
    """What the encoder needs besides the texts that are stored already."""
    stored = [(n, usage) for (role, _), (n, usage) in folder.journal.usage().items() if role == ENCODER]
    calls, tokens = sum(n for n, _ in stored), sum(usage.input_tokens for _, usage in stored)
    left, at_most = (Size(max(0.0, s.calls - calls), max(0.0, s.input - tokens)) for s in (usual, most))
    return {ENCODER: Need(left, left, at_most)}
