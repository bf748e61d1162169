"""``simulate``: personas to conversation trees to preference pairs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from personagen.agents import custom, user
from personagen.agents.ask import AgentContext, capture_call
from personagen.agents.sample import Scene
from personagen.errors import PersonagenError, ReplyError, UsageError
from personagen.flows.conversation import Conversation, FailedTree
from personagen.flows.hygiene import judge_counts, judge_summary
from personagen.flows.measured import measured_shortcuts
from personagen.flows.messages import rejection
from personagen.flows.plan import Plan, Plans, alone, calls_at_once, candidates_of, check, levels
from personagen.flows.self_test import family_notes, self_test
from personagen.llm.endpoints import policies_of
from personagen.options import SimulateOptions, by_role, checked_texts, source
from personagen.pairs import pairs_of
from personagen.personas.seeds import personas_in_steps
from personagen.prompts.files import Prompt
from personagen.records import ConversationTree, PreferencePair, Rejection
from personagen.runs.estimate import Consent
from personagen.runs.progress import Progress
from personagen.runs.reading import read
from personagen.runs.run import run
from personagen.runs.schedule import Result, Task
from personagen.runs.workflow import Outcome, RunReport, Workflow
from personagen.store.folder import Growth

PROMPTS = ("user/speak", "observer/infer", "assistant/plain", "assistant/aware", "judge/prefer")
CHECKS = ("checker/consistent",)  # with --check-rate
RESULTS = ("trees.jsonl", "pairs.jsonl", "rejections.jsonl")
REHEARSED_TURNS, REHEARSED_TURNS_OF_A_TREE = 16, 60


@dataclass(frozen=True)
class SimulateSummary:
    """The results of ``simulate``, as in ``run.json``.

    Of the planned ``conversations``, ``trees`` are complete and ``failed`` gave up. ``turns``, the user messages of all
    trees, are ``paired_turns``, which have one or more of the ``pairs``, plus the sum of ``rejected`` (by gate).
    ``verdicts`` counts pairs by what they rest on: ``knowable`` and ``generic`` ones of those with ``grounds``,
    ``personal`` and ``personal_and_knowable`` ones of those ``compared`` with other personas, those where the pooled
    verdict ``agrees`` of those with a ``pooled`` one, and ``leaking`` ones. ``messages`` counts those of users and
    assistants, also in failed conversations; gates rejected ``rejected_messages`` of them (by gate), and ``repaired``
    ones (``label``, ``cut``) were corrected. ``ended_early`` counts branches that ended before their last turn (by
    gate), ``unusable`` messages, inferences and verdicts that were given up (by prompt). ``judge`` has figures on how
    far verdicts can be trusted (``flows.hygiene``), ``checks`` the checked ``messages`` of users and how many are
    ``contradicting`` the persona. ``shortcuts`` is how often rules that know nothing of the user pick the chosen reply
    (``metrics.shortcuts``), once the run is done and has enough pairs. ``report`` has what every run reports, such as
    calls and cost.
    """

    report: RunReport
    conversations: int
    trees: int
    failed: int
    failures: dict[str, int]
    turns: int
    pairs: int
    paired_turns: int
    verdicts: dict[str, int]
    rejected: dict[str, int]
    messages: int
    rejected_messages: dict[str, int]
    repaired: dict[str, int]
    ended_early: dict[str, int]
    unusable: dict[str, int]
    aware_chosen: int
    quotes_dropped: int
    judge: dict[str, dict[str, float]]
    checks: dict[str, int]
    shortcuts: dict[str, dict[str, float]]


async def simulate(
    options: SimulateOptions, progress: Progress | None = None, consent: Consent | None = None
) -> SimulateSummary:
    """Grows the trees and writes ``trees.jsonl``, ``pairs.jsonl``, ``rejections.jsonl`` and ``run.json``.

    The same options on the same folder resume a run. It asks for consent and raises as ``runs.run.run`` does.
    """
    check(options)
    assistants = custom.candidates(checked_texts(options.candidate))
    columns = checked_texts(options.columns)
    steps = personas_in_steps(source(options.personas), skip_bad_lines=options.skip_bad_lines, columns=columns)
    personas, notes = await read(steps, str(options.personas), progress)
    if not personas:
        raise UsageError(f"{options.personas} has no personas; create some with `personagen expand`")
    if len(personas) == 1:
        notes = (*notes, *alone(options))
    plans = Plans(options, tuple({p.id: p for p in personas}.values()), assistants)
    workflow = Workflow(
        command="simulate",
        options=options,
        prompts=(*PROMPTS, *CHECKS[: options.check_rate > 0], *custom.prompts(checked_texts(options.candidate))),
        unit="conversations",
        items=plans,
        job=_task,
        planned=plans.described,
        summarize=lambda outcome: _summary(outcome, len(plans), options.seed),
        results=RESULTS,
        fingerprint={
            "conversations": len(plans),
            "candidates": candidates_of(options),
            "pool": len(plans.personas),
            "personas": plans.personas_id(len(plans.personas)),
        },
        growth=Growth(plans.at_size, frozenset({"conversations"})),
        extends=partial(_extends, options),
        notes=(*notes, *family_notes(by_role("--model", options.model) | policies_of(options))),
        attempts=options.attempts,
        language=options.language,
        calls_at_once=calls_at_once(next(iter(plans))),
        name=lambda plan: plan.id,
        weight=lambda plan: len(plan.persona.profile) + len(plan.persona.personality),
        shorten=_shortened,
        prelude=("judge", self_test),
    )
    report, own = await run(workflow, progress, consent)
    return SimulateSummary(report=report, **own)


async def _extends(
    options: SimulateOptions, smaller: Mapping[str, Any], prompts: Mapping[str, Prompt]
) -> tuple[str, ...]:
    """From which turn on a run with more turns than the ``smaller`` one is asked anew.

    The answer to a question that does not change is stored; the first question that changes is the first user message
    whose prompt shows the number of turns.
    """
    had, name = int(smaller["turns"]), "user/speak"
    if had == options.turns:
        return ()
    if any(entry.partition("=")[0] == name for entry in options.agent):
        return (f"--turns was {had}, now {options.turns}: your function for {name} decides what is asked anew",)
    for turn in range(1, had + 1):
        asked = []
        for turns in (had, options.turns):
            scene = replace(Scene(), turn=turn, turns=turns, history=Scene.history if turn > 1 else ())
            asked.append((await capture_call(prompts, partial(user.ACTS[name].sample, scene=scene))).messages)
        if asked[0] != asked[1]:
            break
    kept = f"turns 1 to {turn - 1} are kept, and " if turn > 1 else ""
    return (
        f"--turns was {had}, now {options.turns}: {kept}what follows from turn {turn} on is asked anew, since"
        f" {prompts[name].file} shows there how many turns there are",
    )


def _task(ctx: AgentContext, plan: Plan) -> Task:
    conversation = Conversation(ctx, plan)

    def result() -> Result:
        try:
            tree = conversation.tree()
        except FailedTree as failure:
            return _failed(plan, failure, conversation)
        return _grown(tree, conversation)

    return Task(conversation.first(), result)


def _grown(tree: ConversationTree, grown: Conversation) -> Result:
    """The lines of a finished tree for the result files, and its counts for the summary.

    It is barren if nothing in it was judged and a reply could not be used.
    """
    pairs, rejections = pairs_of(tree)
    log, unusable = grown.log, grown.log.first_unusable()
    lines = {
        "trees.jsonl": tree.line() + b"\n",
        "pairs.jsonl": b"".join(pair.line() + b"\n" for pair in pairs),
        "rejections.jsonl": _rows(rejections + log.rejections(tree.id)),
    }
    counts = {
        "trees": 1,
        "pairs": len(pairs),
        "paired_turns": (paired := len({pair.node for pair in pairs})),
        "turns": paired + len(rejections),
        "verdicts": _rests_on(pairs),
        "aware_chosen": sum(pair.chosen_agent == "aware" for pair in pairs),
        "quotes_dropped": sum(belief.dropped for belief in tree.beliefs),
        "rejected": Counter(rejection.gate for rejection in rejections),
        **log.counts(),
        **judge_counts(tree),
        **grown.ctx.counts.by_name(),
    }
    if not unusable or pairs or any(rejection.gate not in _UNJUDGED for rejection in rejections):
        return Result(lines, counts)
    return Result(lines, counts, str(unusable[1]), kind=_kind(unusable[1]), barren=True)


_UNJUDGED = ("uninformed", "judged")


def _rests_on(pairs: Sequence[PreferencePair]) -> Counter[str]:
    """How many pairs there are by what their verdicts rest on."""
    return Counter(
        name
        for pair in pairs
        for name, holds in {
            "grounds": pair.generic is not None,
            "knowable": pair.knowable,
            "generic": pair.generic,
            "leaking": pair.leaking,
            "compared": pair.personal is not None,
            "personal": pair.personal,
            "personal_and_knowable": pair.personal and pair.knowable,
            "pooled": pair.pooled,
            "agrees": pair.pooled == "chosen",
        }.items()
        if holds
    )


def _failed(plan: Plan, failure: FailedTree, grown: Conversation) -> Result:
    log = grown.log
    row = rejection(f"{plan.id}/{failure.place}", "failed", failure.cause)
    others = {at: error for at, error in log.unusable.items() if error is not failure.cause}  # that one has its row
    return Result(
        {"rejections.jsonl": _rows([*replace(log, unusable=others).rejections(plan.id), row])},
        {**log.counts(), **grown.ctx.counts.by_name()},
        str(failure),
        kind=_kind(failure.cause),
        unanswered=failure.unanswered,
    )


def _kind(error: PersonagenError) -> str:
    """What errors with one cause have in common; empty if they are told apart by their message."""
    return f"{error.prompt} {error.cause}" if isinstance(error, ReplyError) and error.prompt else ""


def _rows(rejections: Sequence[Rejection]) -> bytes:
    return b"".join(rejection.line() + b"\n" for rejection in rejections)


def _summary(outcome: Outcome, conversations: int, seed: int) -> dict[str, Any]:
    counts, failures = outcome.counts, outcome.failures
    numbers = ("trees", "turns", "pairs", "paired_turns", "messages", "aware_chosen", "quotes_dropped")
    by_gate = ("verdicts", "rejected", "rejected_messages", "repaired", "ended_early", "unusable")
    return {
        "conversations": conversations,
        "failed": failures.total(),
        "failures": dict(failures.most_common()),
        **{name: counts.get(name, 0) for name in numbers},
        **{name: dict(sorted(counts.get(name, {}).items())) for name in by_gate},
        "judge": judge_summary(counts),
        "checks": dict(counts.get("checks", {})),
        "shortcuts": measured_shortcuts(outcome.folder, seed) if outcome.folder else {},
    }


def _shortened(plan: Plan) -> tuple[Plan, float, float]:
    """``plan`` cut for a rehearsal, and the ratios of user turns and of mean depth, whole to cut."""
    if plan.grow == "all":
        short = replace(plan, max_nodes=min(plan.max_nodes, REHEARSED_TURNS_OF_A_TREE * (1 + plan.candidates)))
    else:
        short = replace(plan, turns=min(plan.turns, REHEARSED_TURNS))
    whole, part = levels(plan), levels(short)
    return short, sum(whole) / sum(part), _mean_depth(whole) / _mean_depth(part)


def _mean_depth(turns: Sequence[int]) -> float:
    return sum(depth * count for depth, count in enumerate(turns, 1)) / sum(turns)
