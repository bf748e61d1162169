"""``simulate``: personas to conversation trees to preference pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from personagen.errors import PersonagenError, QualityError, UsageError
from personagen.flows.conversation import Conversation, FailedTree, Plan, at_once
from personagen.flows.messages import MessageLog
from personagen.flows.needs import of_simulation
from personagen.flows.plan import Outcomes, Plans, check
from personagen.options import SimulateOptions, flat
from personagen.pairs import pairs_of
from personagen.personas.seeds import load_personas
from personagen.prompts import files as prompt_files
from personagen.prompts.unused import strays
from personagen.records import ConversationTree, Rejection
from personagen.runs.estimate import Consent, Estimate, begin
from personagen.runs.probe import prove
from personagen.runs.schedule import Job, run_jobs
from personagen.runs.session import Progress, Session, identity_of, session
from personagen.runs.summary import figures, record
from personagen.store.folder import Run, opened

PROMPTS = ("user/speak", "observer/infer", "assistant/plain", "assistant/aware", "judge/prefer")
RESULTS = ("trees.jsonl", "pairs.jsonl", "rejections.jsonl")


@dataclass(frozen=True)
class SimulateSummary:
    """What a run folder holds after ``simulate``.

    ``conversations`` were asked for, ``trees`` are grown, ``failed`` gave up and the rest was not reached. ``pairs``
    plus the sum of ``rejected`` (by gate) is the number of ``turns``, the user messages of all trees. Of the
    ``messages`` of users and assistants, failed conversations included, ``rejected_messages`` (by gate) were dropped
    and ``repaired`` (``label``, ``cut``) were mended; ``ended_early`` (by gate) counts the branches that ended before
    their turns were used up. ``calls`` and ``usage`` cover the folder, ``new_calls`` this process, as do ``retried``
    requests, ``refused`` ones (HTTP 429), and ``concurrency``, the most calls that were in flight at each endpoint;
    ``usage["cost_usd"]`` is None where a price is unknown. ``estimate`` was made before this process's first call, its
    ``actual`` part at the end; ``unsupported`` are parts of requests that a server refused.
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
    messages: int
    rejected_messages: dict[str, int]
    repaired: dict[str, int]
    ended_early: dict[str, int]
    aware_chosen: int
    quotes_dropped: int
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


async def simulate(
    options: SimulateOptions, progress: Progress | None = None, consent: Consent | None = None
) -> SimulateSummary:
    """Grows the trees and writes ``trees.jsonl``, ``pairs.jsonl``, ``rejections.jsonl`` and ``run.json``.

    The same options on the same folder go on where the last run stopped. ``consent`` is shown what that will take, and
    nothing is asked where it says no.

    Raises:
        UsageError: an option, the personas or a prompt file is wrong.
        Interrupted: ``consent`` said no.
        PersonagenError: the run can't go on; whatever is finished is written, and it can be resumed.
    """
    check(options)
    personas, notes = load_personas(Path(options.personas), skip_bad_lines=options.skip_bad_lines)
    if not personas:
        raise UsageError(f"{options.personas} holds no personas; `personagen expand` makes some")
    where = prompt_files.folders(options.prompts)
    prompts = {name: prompt_files.load(name, where) for name in PROMPTS}
    notes = (*notes, *strays(where))
    plans = Plans(options, tuple({p.id: p for p in personas}.values()))
    identity = identity_of(options, prompts) | {"conversations": len(plans), "personas": plans.personas_id}
    with opened(Path(options.out), "simulate", identity, flat(options), prompts.values()) as run:
        async with session(
            run, options, prompts, seed=options.seed, attempts=options.attempts, language=options.language
        ) as opened_session:
            done = run.journal.slots("trees.jsonl", run.made_with)
            estimate = await of_simulation(run, opened_session, options, plans, done)
            await begin(estimate, opened_session.limiter, run.folder, consent)
            state = _Grown(estimate, Outcomes(len(plans), done), (*notes, *run.notes))
            return await _simulate(run, opened_session, plans, state, progress)


@dataclass(frozen=True)
class _Grown:
    """What goes into the summary besides what the journal holds."""

    estimate: Estimate
    outcomes: Outcomes
    notes: tuple[str, ...]


async def _simulate(
    run: Run, opened_session: Session, plans: Plans, state: _Grown, progress: Progress | None
) -> SimulateSummary:
    total, outcomes, limiter = len(plans), state.outcomes, opened_session.limiter
    done = frozenset(outcomes.grown)

    def tell() -> None:
        if progress:
            grown, failed = len(outcomes.grown), len(outcomes.failures)
            progress(opened_session.status("trees", grown, total, failed=failed, done_before=len(done)))

    async def finish(slot: int, plan: Plan, conversation: Conversation) -> None:
        problem, unanswered = "", False
        try:
            lines = _lines(conversation.tree(), conversation.log)
        except FailedTree as failure:
            problem, unanswered = str(failure), failure.unanswered
            lines = _failed(plan, failure, conversation.log)
        await run.journal.put(slot, run.made_with, lines)
        try:
            outcomes.add(slot, problem, unanswered=unanswered)
        except QualityError as error:
            limiter.close(error)
            raise
        tell()

    def jobs() -> Iterator[Job]:
        for slot, plan in plans:
            if slot not in done:
                conversation = Conversation(opened_session.ctx, plan)
                yield Job(conversation.first(), partial(finish, slot, plan, conversation))

    tell()
    status = "interrupted"
    try:
        async with opened_session.ticking(tell):
            rest = jobs()
            begun = [job async for job in prove(run, opened_session, rest)]
            await run_jobs(chain(begun, rest), limiter, at_once=at_once(next(iter(plans))[1]))
        outcomes.close()
        status = "done"
    except PersonagenError as error:
        status = f"stopped: {error}"
        raise
    finally:
        run.derive(*RESULTS)
        summary = _summary(run, opened_session, total, state, status)
        record(run, summary)
    return summary


def _lines(tree: ConversationTree, log: MessageLog) -> dict[str, bytes]:
    """What a finished tree adds to the result files, and its counts for the summary."""
    pairs, rejections = pairs_of(tree)
    counts = Counter(rejection.gate for rejection in rejections)
    return {
        "trees.jsonl": tree.line() + b"\n",
        "pairs.jsonl": b"".join(pair.line() + b"\n" for pair in pairs),
        "rejections.jsonl": _rows(rejections + log.rejections(tree.id)),
        "counts": orjson.dumps(
            {
                "trees": 1,
                "pairs": len(pairs),
                "turns": len(pairs) + len(rejections),
                "aware_chosen": sum(pair.chosen_agent == "aware" for pair in pairs),
                "quotes_dropped": sum(belief.dropped for belief in tree.beliefs),
                "rejected": counts,
                **log.counts(),
            }
        ),
    }


def _failed(plan: Plan, failure: FailedTree, log: MessageLog) -> dict[str, bytes]:
    rejection = Rejection(place=f"{plan.id}/{failure.place}", gate="failed", reason=str(failure))
    rows = [*log.rejections(plan.id), rejection]
    return {"rejections.jsonl": _rows(rows), "counts": orjson.dumps({"rejected": {}, **log.counts()})}


def _rows(rejections: Sequence[Rejection]) -> bytes:
    return b"".join(rejection.line() + b"\n" for rejection in rejections)


def _summary(run: Run, opened_session: Session, total: int, state: _Grown, status: str) -> SimulateSummary:
    counts: Counter[str] = Counter()
    by_gate = {name: Counter[str]() for name in ("rejected", "rejected_messages", "repaired", "ended_early")}
    for line in run.journal.lines("counts", run.made_with):
        entry = orjson.loads(line)
        for name, total_of in by_gate.items():
            total_of.update(entry.pop(name))
        counts.update(entry)
    failures = state.outcomes.failed()
    return SimulateSummary(
        out=str(run.folder),
        status=status,
        conversations=total,
        trees=counts["trees"],
        failed=failures.total(),
        failures=dict(failures.most_common()),
        turns=counts["turns"],
        pairs=counts["pairs"],
        messages=counts["messages"],
        aware_chosen=counts["aware_chosen"],
        quotes_dropped=counts["quotes_dropped"],
        notes=(*state.notes, *_outdated(run)),
        **{name: dict(sorted(numbers.items())) for name, numbers in by_gate.items()}
        | figures(run, opened_session, state.estimate),
    )


def _outdated(run: Run) -> tuple[str, ...]:
    """A note where finished conversations wait to be made anew, since a prompt has changed."""
    found = run.journal.rows(
        "SELECT COUNT(*) FROM results WHERE file = 'trees.jsonl' AND made_with != ?", (run.made_with,)
    )[0][0]
    if not found:
        return ()
    return (
        f"{found} conversations that were finished with earlier prompts are not in the results now: the same command"
        " makes them anew, and reuses every answer to a question that is still the same",
    )
