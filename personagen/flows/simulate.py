"""``simulate``: personas to conversation trees to preference pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from personagen.agents import custom
from personagen.agents.ask import AgentContext
from personagen.errors import UsageError
from personagen.flows.conversation import Conversation, FailedTree, Plan, calls_at_once, levels
from personagen.flows.messages import MessageLog
from personagen.flows.plan import Plans, check
from personagen.options import SimulateOptions
from personagen.pairs import pairs_of
from personagen.personas.seeds import load_personas
from personagen.records import ConversationTree, Rejection
from personagen.runs.estimate import Consent
from personagen.runs.progress import Progress
from personagen.runs.run import run
from personagen.runs.schedule import Result, Task
from personagen.runs.workflow import Outcome, RunReport, Workflow

PROMPTS = ("user/speak", "observer/infer", "assistant/plain", "assistant/aware", "judge/prefer")
RESULTS = ("trees.jsonl", "pairs.jsonl", "rejections.jsonl")
REHEARSED_TURNS, REHEARSED_TURNS_OF_A_TREE = 16, 60


@dataclass(frozen=True)
class SimulateSummary:
    """What a run folder holds after ``simulate``.

    ``conversations`` were asked for, ``trees`` are grown, ``failed`` gave up and the rest was not reached. ``pairs``
    plus the sum of ``rejected`` (by gate) is the number of ``turns``, the user messages of all trees. Of the
    ``messages`` of users and assistants, failed conversations included, ``rejected_messages`` (by gate) were dropped
    and ``repaired`` (``label``, ``cut``) were mended; ``ended_early`` (by gate) counts the branches that ended before
    their turns were used up. ``report`` has the calls, their cost and everything else that every run reports.
    """

    report: RunReport
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


async def simulate(
    options: SimulateOptions, progress: Progress | None = None, consent: Consent | None = None
) -> SimulateSummary:
    """Grows the trees and writes ``trees.jsonl``, ``pairs.jsonl``, ``rejections.jsonl`` and ``run.json``.

    The same options on the same folder go on where the last run stopped. ``consent`` is shown the estimate, and
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
    plans = Plans(options, tuple({p.id: p for p in personas}.values()))
    workflow = Workflow(
        command="simulate",
        prompts=(*PROMPTS, *custom.prompts((), options.candidate)),
        unit="conversations",
        items=plans,
        job=_task,
        planned=lambda left: f"{left:,} conversations x {options.turns} turns",
        summarize=lambda outcome: _summary(outcome, len(plans)),
        results=RESULTS,
        fingerprint={"conversations": len(plans), "personas": plans.personas_id},
        notes=notes,
        attempts=options.attempts,
        language=options.language,
        calls_at_once=calls_at_once(plans.first),
        name=lambda plan: plan.id,
        weight=lambda plan: len(plan.persona.profile) + len(plan.persona.personality),
        shorten=_shortened,
    )
    report, own = await run(workflow, options, progress, consent)
    return SimulateSummary(report=report, **own)


def _task(ctx: AgentContext, plan: Plan) -> Task:
    conversation = Conversation(ctx, plan)

    def result() -> Result:
        try:
            tree = conversation.tree()
        except FailedTree as failure:
            return _failed(plan, failure, conversation.log)
        return _grown(tree, conversation.log)

    return Task(conversation.first(), result)


def _grown(tree: ConversationTree, log: MessageLog) -> Result:
    """What a finished tree adds to the result files, and its counts for the summary."""
    pairs, rejections = pairs_of(tree)
    lines = {
        "trees.jsonl": tree.line() + b"\n",
        "pairs.jsonl": b"".join(pair.line() + b"\n" for pair in pairs),
        "rejections.jsonl": _rows(rejections + log.rejections(tree.id)),
    }
    counts = {
        "trees": 1,
        "pairs": len(pairs),
        "turns": len(pairs) + len(rejections),
        "aware_chosen": sum(pair.chosen_agent == "aware" for pair in pairs),
        "quotes_dropped": sum(belief.dropped for belief in tree.beliefs),
        "rejected": Counter(rejection.gate for rejection in rejections),
        **log.counts(),
    }
    return Result(lines, counts)


def _failed(plan: Plan, failure: FailedTree, log: MessageLog) -> Result:
    rejection = Rejection(place=f"{plan.id}/{failure.place}", gate="failed", reason=str(failure))
    rows = _rows([*log.rejections(plan.id), rejection])
    return Result({"rejections.jsonl": rows}, log.counts(), str(failure), failure.unanswered)


def _rows(rejections: Sequence[Rejection]) -> bytes:
    return b"".join(rejection.line() + b"\n" for rejection in rejections)


def _summary(outcome: Outcome, conversations: int) -> dict[str, Any]:
    counts, failures = outcome.counts, outcome.failures
    numbers = ("trees", "turns", "pairs", "messages", "aware_chosen", "quotes_dropped")
    by_gate = ("rejected", "rejected_messages", "repaired", "ended_early")
    return {
        "conversations": conversations,
        "failed": failures.total(),
        "failures": dict(failures.most_common()),
        **{name: counts.get(name, 0) for name in numbers},
        **{name: dict(sorted(counts.get(name, {}).items())) for name in by_gate},
    }


def _shortened(plan: Plan) -> tuple[Plan, float, float]:
    """``plan`` cut to what a rehearsal plays; how many of it the whole has turns for, and how many times as deep."""
    if plan.grow == "all":
        short = replace(plan, max_nodes=min(plan.max_nodes, REHEARSED_TURNS_OF_A_TREE * (1 + plan.candidates)))
    else:
        short = replace(plan, turns=min(plan.turns, REHEARSED_TURNS))
    whole, part = levels(plan), levels(short)
    return short, sum(whole) / sum(part), _mean_depth(whole) / _mean_depth(part)


def _mean_depth(turns: Sequence[int]) -> float:
    return sum(depth * count for depth, count in enumerate(turns, 1)) / sum(turns)
