"""``evaluate``: personas talk with a model under test, and a judge rates each reply (ALOE, arXiv 2410.03642)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personagen.agents.ask import AgentContext
from personagen.flows import alignment, human, probed, probing
from personagen.flows.cases import Case, Cases, check, check_several, personas_of, replayed, test_from
from personagen.flows.dialogue import RESULTS, Dialogue
from personagen.flows.overlap import check_apart
from personagen.flows.self_test import family_notes
from personagen.options import source
from personagen.options.evaluate import EvaluateOptions
from personagen.personas.topics import load_topics
from personagen.ratings import PLAIN, Probe, Rating
from personagen.records import content_id
from personagen.runs.estimate import Consent
from personagen.runs.progress import Progress
from personagen.runs.run import run
from personagen.runs.schedule import Task
from personagen.runs.workflow import Outcome, RunReport, Workflow
from personagen.store.files import dump, read_records, write
from personagen.store.folder import Run

PROMPTS = ("user/speak", "assistant/bare", "judge/rate")
BASELINES = ("assistant/informed", "assistant/reminded")
CALLS_AT_ONCE = 1.5  # a call of the conversation, and about every second time a rating beside it


@dataclass(frozen=True)
class EvaluateSummary:
    """The results of ``evaluate``, as in ``run.json``.

    Of the ``planned`` conversations, ``conversations`` are complete and ``failed`` gave up (``failures`` by reason);
    ``ended_early`` counts those that ended before their last turn, by gate. Of the replies, ``answered``, ``rated``
    ones have a rating.
    ``results`` is what ``results.json`` holds: AL(k) by condition, with figures and intervals (``metrics.alignment``).
    ``report`` has what every run reports.
    """

    report: RunReport
    planned: int
    conversations: int
    failed: int
    failures: dict[str, int]
    answered: int
    rated: int
    messages: int
    rejected_messages: dict[str, int]
    ended_early: dict[str, int]
    unusable: dict[str, int]
    results: dict[str, Any]


async def evaluate(
    options: EvaluateOptions, progress: Progress | None = None, consent: Consent | None = None
) -> EvaluateSummary:
    """Runs the conversations; writes ``trees.jsonl``, ``ratings.jsonl``, ``results.json`` and ``run.json``.

    The same options on the same folder resume a run. It asks for consent and raises as ``runs.run.run`` does.
    """
    check(options)
    personas, notes = personas_of(options, source(options.personas))
    if options.against is not None:
        notes = (*notes, check_apart(personas, Path(str(options.against))))
    check_several(options, personas)
    topics = load_topics(options.topics)
    cases = Cases(options, personas, topics, replayed(options, personas))
    results = _Results(cases, human.read_scores(Path(str(options.human))) if options.human else ())
    asked = probing.PROMPTS if options.probes else ()
    workflow = Workflow(
        command="evaluate",
        options=options,
        prompts=(*PROMPTS, *BASELINES[: 2 * options.baselines], *asked),
        unit="conversations",
        items=cases,
        job=_task,
        planned=cases.described,
        summarize=lambda outcome: _summary(outcome, cases, results),
        results=(*RESULTS, probing.PROBES) if options.probes else RESULTS,
        fingerprint={
            "personas": content_id([persona.line().decode() for persona in personas]),
            "topics": content_id(topics),
            "replayed": content_id(sorted(cases.replayed.items())),
        },
        notes=(*notes, *family_notes(options.models), *_offline_notes(options)),
        attempts=options.attempts,
        calls_at_once=CALLS_AT_ONCE,
        name=lambda case: case.id,
        weight=lambda case: len(case.persona.profile) + len(case.persona.personality),
        close=results.write,
    )
    report, own = await run(workflow, progress, consent)
    return EvaluateSummary(report=report, **own)


def _task(ctx: AgentContext, case: Case) -> Task:
    dialogue = Dialogue(ctx, case)
    return Task(dialogue.first(), dialogue.result)


def _offline_notes(options: EvaluateOptions) -> tuple[str, ...]:
    """A note if the cast plays users or judges beside a real model: what it says of that model is no finding."""
    models = options.models
    played = [name for name in ("user", "judge") if models.get(name, "offline").startswith("offline")]
    if not played or models.get("assistant", "offline").startswith("offline"):
        return ()
    flags = " and ".join(f"--{name}-model" for name in played)
    return (f"the offline cast plays {' and '.join(played)}, by its own script: choose {flags} for figures to publish",)


class _Results:
    """Computes and writes ``results.json`` at the end of a run."""

    def __init__(self, cases: Cases, scores: Sequence[human.Scored] = ()) -> None:
        self.cases, self.scores, self.made = cases, scores, dict[str, Any]()

    def write(self, folder: Run, status: str) -> tuple[str, ...]:
        options, people = self.cases.options, self.cases.personas
        file = folder.folder / RESULTS[1]
        if not file.is_file():
            return ()
        ratings = [*read_records(file, Rating)]
        found = alignment.rated(ratings, [one.id for one in people], self.cases.turns)
        marks = {
            "shift_at": options.shift_at if options.protocol == "shift" else 0,
            "second_at": options.turns + 1 if options.protocol == "sessions" else 0,
            "test_from": test_from(options),
        }
        about = {
            "protocol": options.protocol,
            "status": status,
            "models": dict(sorted(options.models.items())),
            **{name: at for name, at in marks.items() if at},
        }
        self.made = about | (alignment.results(found, people, marks, options.seed) if found.score else {})
        notes = self._add(folder.folder, ratings) if found.score else ()
        if status == "done":
            notes = (*alignment.missing(found, self.cases.options.panel), *notes)
        write(folder.folder / alignment.FILE, [dump(self.made), b"\n"])
        return notes

    def _add(self, run: Path, ratings: Sequence[Rating]) -> tuple[str, ...]:
        """Adds the leak rates, the probes and people's own scores to what is made; notes about them."""
        conditions, trees = self.made["conditions"], run / RESULTS[0]
        for name, leaks in probed.leak_rates(trees, self.cases).items():
            if name in conditions:
                conditions[name]["leaks"] = leaks
        if self.cases.options.probes and PLAIN in conditions:
            rows = [*read_records(run / probing.PROBES, Probe)]
            said = probed.messages(trees, {row.tree for row in rows})
            people, seed = self.cases.personas, self.cases.options.seed
            cases = {case.id: case for case in self.cases}
            conditions[PLAIN]["probes"] = probed.results(rows, said, people, seed, cases)
        if not self.scores:
            return ()
        self.made["judge"]["human"] = found = human.agreement(self.scores, ratings)
        return human.note(str(self.cases.options.human), found)


def _summary(outcome: Outcome, cases: Cases, results: _Results) -> dict[str, Any]:
    counts, failures = outcome.counts, outcome.failures
    numbers = ("conversations", "answered", "rated", "messages")
    by_gate = ("rejected_messages", "ended_early", "unusable")
    return {
        "planned": len(cases),
        "failed": failures.total(),
        "failures": dict(failures.most_common()),
        **{name: counts.get(name, 0) for name in numbers},
        **{name: dict(sorted(counts.get(name, {}).items())) for name in by_gate},
        "results": results.made,
    }
