"""``simulate``: personas to conversation trees to preference pairs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from personagen.agents import custom, user
from personagen.agents.ask import AgentContext
from personagen.agents.capture import capture_call
from personagen.agents.sample import Scene
from personagen.errors import UsageError
from personagen.flows.hygiene import judge_summary
from personagen.flows.measured import measured_shortcuts
from personagen.flows.outcomes import TRAJECTORIES, joined, results_of
from personagen.flows.plan import Plan, Plans, alone, candidates_of, check
from personagen.flows.self_test import family_notes, self_test
from personagen.flows.sessions import Sessions
from personagen.flows.shape import calls_at_once, levels
from personagen.metrics.realism import by_style
from personagen.options import SimulateOptions, checked_texts, source
from personagen.options.growth import BEAM, beam_width, is_branching
from personagen.personas.seeds import personas_in_steps
from personagen.personas.topics import load_topics
from personagen.prompts.files import Prompt
from personagen.records import content_id
from personagen.runs.estimate import Consent
from personagen.runs.progress import Progress
from personagen.runs.reading import read
from personagen.runs.run import run
from personagen.runs.schedule import Task
from personagen.runs.workflow import Outcome, RunReport, Workflow
from personagen.store.folder import Growth

PROMPTS = ("user/speak", "observer/infer", "assistant/plain", "assistant/aware", "judge/prefer")
CHECKS = ("checker/consistent",)  # with --check-rate
RESULTS = ("trees.jsonl", "pairs.jsonl", "rejections.jsonl")
REHEARSED_TURNS, REHEARSED_TURNS_OF_A_TREE, REHEARSED_BEAM = 16, 60, 4
REHEARSED_SESSIONS = 2


@dataclass(frozen=True)
class SimulateSummary:
    """The results of ``simulate``, as in ``run.json``.

    Of the planned ``conversations``, ``trees`` are complete and ``failed`` gave up. ``turns``, the answered user
    messages of all trees, are ``paired_turns``, which have one or more of the ``pairs``, plus the sum of ``rejected``
    (by gate). ``verdicts`` counts pairs by what they rest on: ``knowable`` and ``generic`` ones of those with
    ``grounds``, ``personal`` and ``personal_and_knowable`` ones of those ``compared`` with other personas, those where
    the pooled verdict ``agrees`` of those with a ``pooled`` one, and ``leaking`` ones. ``messages`` counts those of
    users and assistants, also in failed conversations; gates rejected ``rejected_messages`` of them (by gate), and
    ``repaired`` ones (``label``, ``cut``) were corrected. ``ended_early`` counts branches that ended before their last
    turn (by gate), ``unusable`` messages, inferences and verdicts that were given up (by prompt). ``trajectories`` are
    pairs of branches; ``twins`` counts the ``conversations`` grown as twins and their ``pairs``, which no other number
    does. ``realism`` has figures of what users say: of ``all`` conversations, and by style. ``judge`` has figures on
    how far verdicts can be trusted (``flows.hygiene``), ``checks`` the checked ``messages`` of users and how many are
    ``contradicting`` the persona. ``shortcuts`` is how often rules that know nothing of the user pick the chosen reply
    (``metrics.shortcuts``), once the run is done and has enough pairs. ``report`` has what every run reports.
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
    trajectories: int
    twins: dict[str, int]
    realism: dict[str, dict[str, Any]]
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
    topics = load_topics(options.topics)
    plans = Plans(options, tuple({p.id: p for p in personas}.values()), assistants, topics)
    workflow = Workflow(
        command="simulate",
        options=options,
        prompts=prompts_of(options),
        unit="conversations" if options.sessions == 1 else "series",
        items=plans,
        job=_task,
        planned=plans.described,
        summarize=lambda outcome: _summary(outcome, plans.conversations, options),
        results=(*RESULTS, TRAJECTORIES) if is_branching(options.grow) else RESULTS,
        fingerprint={
            "conversations": plans.conversations,
            "candidates": candidates_of(options),
            "pool": len(plans.personas),
            "personas": plans.personas_id(len(plans.personas)),
            "topics": content_id(topics),
        },
        growth=Growth(plans.at_size, frozenset({"conversations"})),
        extends=partial(_extends, options),
        notes=(*notes, *family_notes(options.models)),
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


def prompts_of(options: SimulateOptions) -> tuple[str, ...]:
    """The prompts of a run with ``options``, whose modules must be loaded."""
    return (*PROMPTS, *CHECKS[: options.check_rate > 0], *custom.prompts(checked_texts(options.candidate)))


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
    series = "; later sessions follow from longer ones and are asked anew" if options.sessions > 1 else ""
    if any(entry.partition("=")[0] == name for entry in options.agent):
        return (f"--turns was {had}, now {options.turns}: your function for {name} decides what is asked anew",)
    for turn in range(1, had + 1):
        asked = []
        for turns in (had, options.turns):
            scene = replace(Scene(), turn=turn, turns=turns, history=Scene.history if turn > 1 else ())
            asked.append((await capture_call(prompts, partial(user.ACTS[name].sample, scene=scene))).messages)
        if asked[0] != asked[1]:
            break
    else:
        return (
            f"--turns was {had}, now {options.turns}: no prompt shows how many turns there are, so all is kept{series}",
        )
    kept = f"turns 1 to {turn - 1} are kept, and " if turn > 1 else ""
    return (
        f"--turns was {had}, now {options.turns}: {kept}what follows from turn {turn} on is asked anew, since"
        f" {prompts[name].file} shows there how many turns there are",
    )


def _task(ctx: AgentContext, plan: Plan) -> Task:
    series = Sessions(ctx, plan)
    return Task(series.first(), lambda: joined(results_of(series.conversations)))


def _summary(outcome: Outcome, conversations: int, options: SimulateOptions) -> dict[str, Any]:
    counts, failures = outcome.counts, outcome.failures
    numbers = ("trees", "turns", "pairs", "paired_turns", "trajectories", "messages", "aware_chosen", "quotes_dropped")
    by_gate = ("verdicts", "rejected", "rejected_messages", "repaired", "ended_early", "unusable")
    return {
        "conversations": conversations,
        "failed": failures.total(),
        "failures": dict(failures.most_common()),
        **{name: counts.get(name, 0) for name in numbers},
        **{name: dict(sorted(counts.get(name, {}).items())) for name in by_gate},
        "twins": counts.get("twins", {"conversations": 0, "pairs": 0}) if options.twins else {},
        "realism": by_style(counts.get("realism", {})),
        "judge": judge_summary(counts),
        "checks": dict(counts.get("checks", {})),
        "shortcuts": measured_shortcuts(outcome.folder, options.seed) if outcome.folder else {},
    }


def _shortened(plan: Plan) -> tuple[Plan, float, float]:
    """``plan`` cut for a rehearsal, and the ratios of user turns and of mean depth, whole to cut."""
    short = replace(
        plan,
        turns=min(plan.turns, REHEARSED_TURNS),
        sessions=min(plan.sessions, REHEARSED_SESSIONS),
        max_nodes=min(plan.max_nodes, REHEARSED_TURNS_OF_A_TREE * (1 + plan.candidates)),
        grow=f"{BEAM}{REHEARSED_BEAM}" if beam_width(plan.grow) > REHEARSED_BEAM else plan.grow,
    )
    whole, part = levels(plan), levels(short)
    times = plan.sessions / short.sessions
    return short, times * sum(whole) / sum(part), _mean_depth(whole) / _mean_depth(part)


def _mean_depth(turns: Sequence[int]) -> float:
    return sum(depth * count for depth, count in enumerate(turns, 1)) / sum(turns)
