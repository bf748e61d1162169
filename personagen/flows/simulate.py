"""``simulate``: personas to conversation trees to preference pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, get_args

import orjson

from personagen import prompts as prompt_files
from personagen.errors import PersonagenError, QualityError, UsageError
from personagen.flows.grow import FailedTree, Growing, Plan, at_once
from personagen.flows.heard import Heard
from personagen.flows.session import Progress, Session, identity_of, session
from personagen.gates.language import LANGUAGES
from personagen.options import Grow, SimulateOptions, flat
from personagen.pairs import pairs_of
from personagen.records import ConversationTree, Persona, Rejection, content_id
from personagen.schedule import Job, run_jobs
from personagen.seeds import load_personas
from personagen.store.run import Run, opened

PROMPTS = ("user/speak", "observer/infer", "assistant/plain", "assistant/aware", "judge/prefer")
RESULTS = ("trees.jsonl", "pairs.jsonl", "rejections.jsonl")
TOO_MANY = 10


@dataclass(frozen=True)
class SimulateSummary:
    """What a run folder holds after ``simulate``.

    ``conversations`` were asked for, ``trees`` are grown, ``failed`` gave up and the rest was not reached. ``pairs``
    plus the sum of ``rejected`` (by gate) is the number of judged turns. Of the messages ``spoken`` by users and
    assistants, failed conversations included, ``turned_away`` (by gate) were dropped and ``repaired`` (``label``,
    ``cut``) were mended; ``ended`` (by gate) counts the branches that ended before their turns were used up.
    ``calls`` and ``usage`` cover the folder, ``new_calls`` this process, as do ``retried`` requests, ``refused`` ones
    (HTTP 429), and ``concurrency``, the most calls that were in flight at each endpoint; ``usage["cost_usd"]`` is None
    where a price is unknown.
    """

    out: str
    status: str
    conversations: int
    trees: int
    failed: int
    failures: dict[str, int]
    turns: int
    pairs: int
    rejected: dict[str, int]
    spoken: int
    turned_away: dict[str, int]
    repaired: dict[str, int]
    ended: dict[str, int]
    aware_chosen: int
    quotes_dropped: int
    asked_again: int
    retried: int
    refused: int
    concurrency: dict[str, int]
    calls: int
    new_calls: int
    reused_calls: int
    usage: dict[str, Any]
    usage_by_role: dict[str, Any]
    seconds: float
    notes: tuple[str, ...]


async def simulate(options: SimulateOptions, progress: Progress | None = None) -> SimulateSummary:
    """Grows the trees and writes ``trees.jsonl``, ``pairs.jsonl``, ``rejections.jsonl`` and ``run.json``.

    The same options on the same folder go on where the last run stopped.

    Raises:
        UsageError: an option, the personas or a prompt file is wrong.
        PersonagenError: the run can't go on; whatever is finished is written, and it can be resumed.
    """
    _check(options)
    personas, notes = load_personas(Path(options.personas), skip_bad_lines=options.skip_bad_lines)
    if not personas:
        raise UsageError(f"{options.personas} holds no personas; `personagen expand` makes some")
    where = prompt_files.folders(options.prompts)
    prompts = {name: prompt_files.load(name, where) for name in PROMPTS}
    plans = _Plans(options, tuple({p.id: p for p in personas}.values()))
    identity = identity_of(options, prompts) | {"conversations": len(plans), "personas": plans.personas_id}
    if options.language == SimulateOptions.language:
        del identity["language"]  # runs begun before there was the option go on
    with opened(Path(options.out), "simulate", identity, flat(options), prompts.values()) as run:
        async with session(
            run, options.models, prompts, seed=options.seed, attempts=options.attempts, language=options.language
        ) as opened_session:
            return await _simulate(run, opened_session, plans, (*notes, *run.notes), progress)


@dataclass(frozen=True)
class _Plans:
    """The planned trees by slot: personas in a drawn order, again from the first when all had their turn."""

    options: SimulateOptions
    personas: tuple[Persona, ...]

    def __len__(self) -> int:
        return self.options.conversations or len(self.personas)

    @property
    def personas_id(self) -> str:
        return content_id([vars(p) for p in self.personas])

    def order(self) -> list[int]:
        places = list(range(len(self.personas)))
        Random(f"{self.options.seed}/personas").shuffle(places)
        return places

    def __iter__(self) -> Iterator[tuple[int, Plan]]:
        o, order = self.options, self.order()
        for slot in range(len(self)):
            repeat, place = divmod(slot, len(order))
            persona = self.personas[order[place]]
            yield (
                slot,
                Plan(
                    id=f"{persona.id}-{repeat}",
                    persona=persona,
                    repeat=repeat,
                    turns=o.turns,
                    candidates=o.candidates,
                    grow=o.grow,
                    max_nodes=o.max_nodes,
                    seed=o.seed,
                ),
            )


def _check(options: SimulateOptions) -> None:
    limits = {
        "--turns": (options.turns, 1, 1000),
        "--candidates": (options.candidates, 2, 26),
        "--max-nodes": (options.max_nodes, 1 + options.candidates, 1_000_000),
        "--attempts": (options.attempts, 1, 100),
        "--concurrency": (1 if options.models.concurrency is None else options.models.concurrency, 1, 10_000),
        "--noise": (options.models.noise, 0, 0.5),
        "--conversations": (1 if options.conversations is None else options.conversations, 1, 100_000_000),
    }
    for name, (value, least, most) in limits.items():
        if not least <= value <= most:
            raise UsageError(f"{name} {value}: choose a number from {least} to {most}")
    if options.grow not in get_args(Grow):
        raise UsageError(f"--grow {options.grow}: choose one of {', '.join(get_args(Grow))}")
    if options.language not in LANGUAGES:
        raise UsageError(f"--language {options.language}: known are {', '.join(LANGUAGES)}")


async def _simulate(
    run: Run, opened_session: Session, plans: _Plans, notes: Sequence[str], progress: Progress | None
) -> SimulateSummary:
    done = run.journal.slots("trees.jsonl", run.made_with)
    total, failures = len(plans), Counter[str]()
    grown = before = sum(slot < total for slot in done)

    def tell() -> None:
        if progress:
            progress(opened_session.status("trees", grown, total, failed=failures.total(), done_before=before))

    async def finish(slot: int, plan: Plan, growing: Growing) -> None:
        nonlocal grown
        try:
            tree = growing.tree()
        except FailedTree as failure:
            failures[str(failure)] += 1
            await run.journal.put(slot, run.made_with, _failed(plan, failure, growing.heard))
            try:
                _give_up_on_many(failures, grown)
            except QualityError as error:
                opened_session.slots.close(error)
                raise
        else:
            await run.journal.put(slot, run.made_with, _lines(tree, growing.heard))
            grown += 1
        tell()

    def jobs() -> Iterator[Job]:
        for slot, plan in plans:
            if slot not in done:
                growing = Growing(opened_session.stage, plan)
                yield Job(growing.first(), partial(finish, slot, plan, growing))

    tell()
    status = "done"
    try:
        async with opened_session.ticking(tell):
            await run_jobs(jobs(), opened_session.slots, at_once=at_once(next(iter(plans))[1]))
        if failures.total() > total / 2:
            raise _too_many(failures, total)
    except PersonagenError as error:
        status = f"stopped: {error}"
        raise
    except BaseException:
        status = "interrupted"
        raise
    finally:
        run.derive(*RESULTS)
        summary = _summary(run, opened_session, total, failures, status, notes)
        run.record(status, _of_results(summary))
    return summary


def _lines(tree: ConversationTree, heard: Heard) -> dict[str, bytes]:
    """What a finished tree adds to the result files, and its counts for the summary."""
    pairs, rejections = pairs_of(tree)
    counts = Counter(rejection.gate for rejection in rejections)
    return {
        "trees.jsonl": tree.line() + b"\n",
        "pairs.jsonl": b"".join(pair.line() + b"\n" for pair in pairs),
        "rejections.jsonl": _rows(rejections + heard.rejections(tree.id)),
        "counts": orjson.dumps(
            {
                "trees": 1,
                "pairs": len(pairs),
                "turns": len(pairs) + len(rejections),
                "aware_chosen": sum(pair.chosen_agent == "aware" for pair in pairs),
                "quotes_dropped": sum(belief.dropped for belief in tree.beliefs),
                "rejected": counts,
                **heard.counts(),
            }
        ),
    }


def _failed(plan: Plan, failure: FailedTree, heard: Heard) -> dict[str, bytes]:
    rejection = Rejection(place=f"{plan.id}/{failure.place}", gate="failed", reason=str(failure))
    rows = [*heard.rejections(plan.id), rejection]
    return {"rejections.jsonl": _rows(rows), "counts": orjson.dumps({"rejected": {}, **heard.counts()})}


def _rows(rejections: Sequence[Rejection]) -> bytes:
    return b"".join(rejection.line() + b"\n" for rejection in rejections)


def _give_up_on_many(failures: Counter[str], grown: int) -> None:
    if failures.total() >= TOO_MANY and failures.total() > grown:
        raise _too_many(failures, failures.total() + grown)


def _too_many(failures: Counter[str], tried: int) -> QualityError:
    reason, times = failures.most_common(1)[0]
    return QualityError(
        f"{failures.total()} of {tried} conversations failed, {times} of them because {reason};"
        " see rejections.jsonl, mend the cause and run the same command to go on"
    )


def _summary(
    run: Run, opened_session: Session, total: int, failures: Counter[str], status: str, notes: Sequence[str]
) -> SimulateSummary:
    counts: Counter[str] = Counter()
    by_gate = {name: Counter[str]() for name in ("rejected", "turned_away", "repaired", "ended")}
    for line in run.journal.lines("counts", run.made_with):
        entry = orjson.loads(line)
        for name, total_of in by_gate.items():
            total_of.update(entry.pop(name, {}))  # what an older version wrote has not all of them
        counts.update(entry)
    calls, usage, by_role = run.usage()
    now = opened_session.status("trees", counts["trees"], total)
    return SimulateSummary(
        out=str(run.folder),
        status=status,
        conversations=total,
        trees=counts["trees"],
        failed=failures.total(),
        failures=dict(failures.most_common()),
        turns=counts["turns"],
        pairs=counts["pairs"],
        spoken=counts["spoken"],
        **{name: dict(sorted(numbers.items())) for name, numbers in by_gate.items()},
        aware_chosen=counts["aware_chosen"],
        quotes_dropped=counts["quotes_dropped"],
        asked_again=opened_session.tally.asked_again,
        retried=opened_session.slots.retried,
        refused=opened_session.slots.refused,
        concurrency=opened_session.slots.highest,
        calls=calls,
        new_calls=now.calls,
        reused_calls=now.reused,
        usage=usage.model_dump(),
        usage_by_role=by_role,
        seconds=now.seconds,
        notes=tuple(notes),
    )


def _of_results(summary: SimulateSummary) -> dict[str, Any]:
    return {name: value for name, value in vars(summary).items() if name not in ("usage", "usage_by_role", "out")}
