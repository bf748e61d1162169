"""Runs a ``Workflow``: folder, models, estimate, consent, probe, jobs, results and ``run.json``."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Generic

import orjson

from personagen.agents import custom
from personagen.errors import PersonagenError, QualityError
from personagen.llm.endpoints import Models, is_offline, resolve
from personagen.llm.slots import slots
from personagen.options import checked_texts
from personagen.options.language import ANY, base_of, name_of
from personagen.prompts.differences import edited
from personagen.prompts.files import Prompt, folders
from personagen.prompts.folders import untold
from personagen.prompts.unused import unused_prompts
from personagen.runs.advice import advice
from personagen.runs.dry_run import folder_of, probe_models
from personagen.runs.env_file import load_variables
from personagen.runs.estimate import Consent, Estimate, begin, estimate_of
from personagen.runs.failures import FailurePolicy
from personagen.runs.probe import probe
from personagen.runs.progress import Progress, ticking
from personagen.runs.prompts import tuned_prompts
from personagen.runs.report import report_of
from personagen.runs.schedule import Job, Result, Task, run_jobs
from personagen.runs.session import Session, open_models
from personagen.runs.watch import Watch
from personagen.runs.workflow import Item, Outcome, RunReport, Workflow, prelude_of
from personagen.store.folder import Run, open_run

log = logging.getLogger(__name__)
# Files, servers, limits and speed may change when a run is resumed.
_NOT_IN_FINGERPRINT = {
    *("out", "prompts", "skip_bad_lines", "columns", "seeds", "population", "per_personality", "dry_run", "env_file"),
    *("base_url", "price", "concurrency", "budget", "max_calls", "timeout", "batch", "confirm_above", "human"),
    "against",
}

_BARREN = "barren"  # in the journal, among the lines for result files


async def run(
    workflow: Workflow[Item], progress: Progress | None = None, consent: Consent | None = None
) -> tuple[RunReport, dict[str, Any]]:
    """Runs or resumes ``workflow`` in the folder of its options; returns the report and the workflow's own summary.

    ``consent`` gets the estimate; if it returns False, nothing is sent.

    Raises:
        UsageError: an option or a prompt file is invalid, or the folder holds another run or other files.
        Interrupted: ``consent`` returned False, or the user stopped the run.
        PersonagenError: the run can't continue; finished results are written, and it can be resumed.
    """
    options = workflow.options
    load_variables(options.env_file)
    where = folders(options.prompts, workflow.language)
    agents = checked_texts(options.agent)
    acts = custom.acts(agents)
    names = (*workflow.prompts, *custom.prompts(agents))
    prompts = tuned_prompts(names, where, options)
    unused = unused_prompts(where, prompts)
    roles = {name.partition("/")[0] for name in prompts} | set(options.added)
    models = resolve(options, roles, workflow.encoder)
    unused += untold({name: (prompt.file, prompt.inputs) for name, prompt in prompts.items()}, workflow.language)
    unused = (*unused, *_unread(prompts, models))
    for note in unused:  # before any money is spent on prompts that were not meant
        log.warning("%s", note)
    unused += _only_english(models, workflow.language)
    fingerprint = _fingerprint(workflow, models)
    identity = (workflow.command, fingerprint, dict(vars(options)))
    with (
        folder_of(Path(options.out), dry=options.dry_run) as out,
        open_run(out, *identity, prompts.values(), workflow.growth, dry=options.dry_run) as folder,
    ):
        extends = await _extends(workflow, folder, prompts)
        async with open_models(folder, models, options, prompts, acts, workflow.attempts, workflow.language) as session:
            done = folder.journal.slots(workflow.results[0], folder.fingerprint) if workflow.results else set()
            done -= folder.journal.slots(_BARREN, folder.fingerprint)  # played again, from stored answers if they are
            estimate = await estimate_of(workflow, session, folder, done)
            await begin(estimate, session.limiter, folder.folder, consent)
            failures = FailurePolicy(workflow.unit, len(workflow.items), done)
            notes = (*workflow.notes, *unused, *folder.notes, *extends)
            slots, watch = frozenset(done), Watch(workflow, session, len(done))
            playing = _Playing(workflow, session, folder, failures, estimate, notes, progress, slots, watch)
            return await (playing.probe() if options.dry_run else playing.play())


def _unread(prompts: Mapping[str, Prompt], models: Models) -> tuple[str, ...]:
    """Says that the offline cast plays by a script, if its prompts were edited."""
    played = [name for name in prompts if models.by_role[name.partition("/")[0]].is_offline]
    if names := sorted(
        name for name in played if edited(prompts[name].sources[0][0].removesuffix(".md"), prompts[name].hash)
    ):
        return (f"the offline cast does not read prompts: to try {', '.join(names)}, choose a --model",)
    return ()


async def _extends(workflow: Workflow[Any], folder: Run, prompts: Mapping[str, Prompt]) -> tuple[str, ...]:
    """Says, before any money is spent, what a run that extends a smaller one asks anew."""
    if not folder.smaller or not workflow.extends:
        return ()
    notes = await workflow.extends(folder.smaller, prompts)
    for note in notes:
        log.warning("%s", note)
    return notes


def _only_english(models: Models, language: str) -> tuple[str, ...]:
    """A note if ``language`` is asked for and the offline cast, which speaks English, is to speak or write."""
    offline = [role for role in ("author", "user", "assistant") if is_offline(models.names.get(role))]
    if not offline or language == ANY or base_of(language) == "en":
        return ()
    return (
        f"the offline cast speaks English only: what it writes as {' and '.join(offline)} is not in"
        f" {name_of(language)}, and is not checked for that; choose another --model for it",
    )


def _fingerprint(workflow: Workflow[Any], models: Models) -> dict[str, Any]:
    """The settings that determine the results; a run can be resumed only with the same ones."""
    kept = {name: value for name, value in vars(workflow.options).items() if name not in _NOT_IN_FINGERPRINT}
    return kept | {"model": models.names, **workflow.fingerprint}


@dataclass(frozen=True)
class _Playing(Generic[Item]):
    """A run with open folder and models; an earlier process finished the ``done`` slots."""

    workflow: Workflow[Item]
    session: Session
    folder: Run
    failures: FailurePolicy
    estimate: Estimate
    notes: tuple[str, ...]
    progress: Progress | None
    done: frozenset[int]
    watch: Watch

    async def probe(self) -> tuple[RunReport, dict[str, Any]]:
        """The dry run, which writes no results."""
        told = await probe_models(self.session)
        report = replace(self._report("dry run", (*told, *self.notes)), out=str(self.workflow.options.out))
        return report, self.workflow.summarize(Outcome({}, Counter()))

    async def play(self) -> tuple[RunReport, dict[str, Any]]:
        status, told = "interrupted", tuple[str, ...]()
        try:
            setup = self.workflow.setup(self.session) if self.workflow.setup else nullcontext()
            async with setup, ticking(self._report_progress) as report_soon:
                self.session.limiter.on_close(lambda _: report_soon())
                self._report_progress()
                if not self.session.batch:
                    for endpoint, total in (await slots(self.session.models.by_role.values())).items():
                        self.session.limiter.cap(endpoint, total)
                if prelude := prelude_of(self.workflow, self.session, len(self.workflow.items) - len(self.done)):
                    told = await prelude(self.session.ctx)
                rest = self._jobs()
                begun = [job async for job in probe(self.session, self.folder.journal, rest)]
                limiter, workflow = self.session.limiter, self.workflow
                role = self.session.models.pacing(workflow.first_role)
                await run_jobs(chain(begun, rest), limiter, role, workflow.calls_at_once)
            self.failures.close()
            status = "done"
        except QualityError as error:
            status = f"stopped: {error}"
            raise QualityError(". ".join([str(error), *self._advice(), self._how_to_go_on()])) from None
        except PersonagenError as error:
            status = f"stopped: {error}"
            raise
        finally:
            report, own = self._close(status, told)
        return report, own

    def _jobs(self) -> Iterator[Job]:
        for slot, item in enumerate(self.workflow.items):
            if slot not in self.done:
                task = self.workflow.job(self.session.ctx, item)
                first = [self.watch.beginning(slot, self.workflow.name(item), step) for step in task.first]
                yield Job(first, self._finishing(slot, task))

    def _finishing(self, slot: int, task: Task) -> Callable[[], Any]:
        async def finish() -> None:
            result: Result = task.result()
            self.watch.end(slot)
            lines = dict(result.lines)
            if result.counts:
                lines["counts"] = orjson.dumps(result.counts)
            if result.barren:
                lines[_BARREN] = result.failure.encode()
            if lines:
                await self.folder.journal.put(slot, self.folder.fingerprint, lines)
            try:
                self.failures.add(
                    slot, result.failure, kind=result.kind, barren=result.barren, unanswered=result.unanswered
                )
            except QualityError as error:
                self.session.limiter.close(error)
                raise
            self._report_progress()

        return finish

    def _report_progress(self) -> None:
        if self.progress:
            self.progress(self.watch.status(self.failures, self.estimate))

    def _close(self, status: str, told: tuple[str, ...]) -> tuple[RunReport, dict[str, Any]]:
        """Writes the results and ``run.json``, however the run ended; ``told`` is what the prelude said."""
        workflow, folder = self.workflow, self.folder
        notes = (*self.notes, *told)
        if workflow.results:
            folder.derive(*workflow.results)
            outdated = folder.journal.outdated(workflow.results[0], folder.fingerprint)
            if outdated:
                notes += (
                    f"{outdated} {workflow.unit} finished with earlier prompts or fewer turns are not in the results:"
                    " run the same command to redo them; it reuses the answers to unchanged calls",
                )
        if workflow.close:
            notes += workflow.close(folder, status)
        counts = self._counts()
        report = self._report(status, notes)
        results = folder.folder if status == "done" else None
        own = workflow.summarize(Outcome(counts, self.failures.by_reason(), results))
        folder.record(report, own)
        return report, own

    def _counts(self) -> dict[str, Any]:
        """The counts of all items, and those of replies that belong to none."""
        stored = self.folder.journal.lines("counts", self.folder.fingerprint)
        return added([*map(orjson.loads, stored), self.session.ctx.counts.by_name()])

    def _advice(self) -> tuple[str, ...]:
        return advice(self._counts(), self.session.ctx.prompts)

    def _how_to_go_on(self) -> str:
        shown = f"`personagen show {self.folder.folder} --failed` shows what failed"
        return f"{shown}; correct the cause and run the same command to resume"

    def _report(self, status: str, notes: tuple[str, ...]) -> RunReport:
        counts, estimate = self._counts(), self.estimate.against(self.session.tally)
        return report_of(self.folder, self.session, status, counts=counts, estimate=estimate, notes=notes)


def added(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The sum of ``entries``: numbers are added, and so are the numbers in mappings."""
    total: dict[str, Any] = {}
    for entry in entries:
        for name, value in entry.items():
            if isinstance(value, Mapping):
                total.setdefault(name, Counter()).update(value)
            else:
                total[name] = total.get(name, 0) + value
    return total
