"""``publish``: a run as a dataset with a card, in a folder or at the Hub, in one commit."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from personagen.errors import ConfigError, PersonagenError, ServerError, UsageError
from personagen.flows.report import report
from personagen.hub import remote
from personagen.hub.dataset import CARD, MARK, REPORT, STATE, Dataset, is_ours, write_dataset
from personagen.hub.remote import Head
from personagen.options import place
from personagen.options.export import shares
from personagen.options.publish import PublishOptions
from personagen.runs.interrupt import run_sync
from personagen.splits import split_of
from personagen.store.files import make_folder, read_state, refuse_evaluation
from personagen.store.lock import locked

STAGING = ".publish"  # in the run folder, or in the one that is written


@dataclass(frozen=True)
class Plan:
    """What ``send`` is about to do: the dataset, written to ``folder``, and ``to`` where: OWNER/NAME, or ``out``.

    ``changed`` are the files that are new or differ there, ``gone`` those of an earlier time that are removed.
    ``head`` is what the Hub holds now; None if the dataset is not there. ``public`` says who sees it afterwards.
    """

    to: str
    out: Path | None
    folder: Path
    dataset: Dataset
    changed: tuple[str, ...]
    gone: tuple[str, ...]
    head: Head | None
    public: bool
    notes: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """How much is sent."""
        return sum(self.dataset.files[path] for path in self.changed)

    @property
    def opens(self) -> bool:
        """Whether the dataset becomes public by this."""
        return self.public and (self.head is None or self.head.private)

    def title(self) -> str:
        """The message of the commit."""
        rows = self.dataset.rows
        return f"{rows['pairs']:,} preference pairs of {rows['trees']:,} conversations"


@dataclass(frozen=True)
class PublishSummary:
    """What was published: where, which commit, the files that changed, the rows by configuration, what a scan found."""

    to: str
    commit: str
    files: int
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    bytes: int
    public: bool
    rows: dict[str, int]
    findings: list[dict[str, Any]]
    counts: dict[str, int]
    sent: bool
    notes: tuple[str, ...] = ()


@contextmanager
def planned(run: Path, name: str | None, options: PublishOptions) -> Iterator[Plan]:
    """Writes the dataset of ``run`` beside it and says what would be sent to ``name``; it is gone afterwards.

    Raises:
        UsageError: the run has nothing to publish, holds text of the offline cast or what looks like personal data
            without leave, or the dataset of that name is somebody's other one.
        ConfigError: there is no token, or the Hub refuses it.
    """
    out = Path(options.to_folder) if options.to_folder else None
    _check(run, name, out)
    api = remote.hub()
    if name and not out:
        remote.check_name(name)
        if not options.dry_run and not remote.has_token():
            raise ConfigError(f"there is no token for the Hub: {remote.LOGIN}")
    head = remote.look(api, name) if name and not out else None
    if head:
        _check_head(str(name), head, options.public)
    beside = (out or run) / STAGING
    make_folder(beside)
    with locked(beside):
        try:
            shutil.rmtree(beside / "data", ignore_errors=True)  # left by a crash
            make_folder(beside / "data")
            yield _plan(run, name, options, beside / "data", head)
        finally:
            shutil.rmtree(beside, ignore_errors=True)


def refuse_findings(plan: Plan, options: PublishOptions) -> None:
    """Raises ``UsageError`` if something was found that looks like a key or personal data, unless that is allowed."""
    found = plan.dataset.findings
    if found and not options.allow_findings:
        counts = ", ".join(f"{kind} {n:,}" for kind, n in sorted(found.counts.items()))
        raise UsageError(
            f"nothing was sent: {counts}, such as in {found.first[0].file}, row {found.first[0].row}; remove them from"
            " the run, or add --allow-findings if they are invented"
        )


def send(plan: Plan, wait: Callable[[float], None] = time.sleep) -> PublishSummary:
    """Sends what ``plan`` says in one commit, or moves it into the folder; nothing if nothing changed.

    After an interruption, a lost answer or somebody else's commit to other files, the same again is safe.
    """
    if plan.out:
        _move(plan, plan.out)
        return summary(plan)
    api, head = remote.hub(), plan.head
    if head is None:
        remote.create(api, plan.to, private=True, wait=wait)
        head = remote.look(api, plan.to, wait)
        if head is None:
            raise ServerError(f"the Hub does not show the new dataset {plan.to} yet; run the command again")
        _check_head(plan.to, head, plan.public)  # somebody else may have been quicker
    commit = head.commit
    if plan.changed or plan.gone:
        commit = _committed(api, plan, head, wait)
    if plan.public and head.private:
        try:
            remote.open_to_all(api, plan.to, wait)
        except PersonagenError as error:
            error.args = (f"{plan.to} has the commit, but is still private: {error}",)
            raise
    return summary(plan, commit, sent=True)


def summary(plan: Plan, commit: str = "", sent: bool = False) -> PublishSummary:
    """What ``plan`` does or did."""
    found = plan.dataset.findings
    return PublishSummary(
        to=plan.to,
        commit=commit,
        files=len(plan.dataset.files),
        changed=plan.changed,
        removed=plan.gone,
        bytes=plan.bytes,
        public=plan.public,
        rows=plan.dataset.rows,
        findings=[asdict(finding) for finding in found.first],
        counts=dict(found.counts),
        sent=sent,
        notes=plan.notes,
    )


def _check(run: Path, name: str | None, out: Path | None) -> None:
    place("RUN", run)
    state = read_state(run)
    refuse_evaluation(run, state)
    if "simulate" not in (state.get("command"), state.get("of")):
        raise UsageError(f"{run} has personas, not conversations: publish a run of `personagen simulate`")
    if state.get("status") != "done":
        raise UsageError(f"{run} is not finished; run the same `personagen simulate` again before it is published")
    if bool(name) == bool(out):
        raise UsageError("give either OWNER/NAME or --to-folder DIR")
    if out and out.resolve() == run.resolve():
        raise UsageError(f"{out} is the run itself; give another --to-folder")
    if out and out.exists() and not (out.is_dir() and _is_own_folder(out)):
        raise UsageError(f"{out} holds something else; give an empty or new folder as --to-folder")


def _is_own_folder(out: Path) -> bool:
    names = {file.name for file in out.iterdir()} - {STAGING}
    return not names or (STATE in names and MARK.items() <= read_state(out).items())


def _check_head(name: str, head: Head, public: bool) -> None:
    ours = {CARD, STATE} <= head.files.keys() and any(path.startswith("pairs/") for path in head.files)
    if not head.is_empty and not ours:
        raise UsageError(f"{name} holds a dataset that personagen did not make; give another OWNER/NAME")
    if not head.private and not public:
        raise UsageError(
            f"{name} is public, so everybody would see what is sent: add --public, or make it private first"
        )


def _plan(run: Path, name: str | None, options: PublishOptions, folder: Path, head: Head | None) -> Plan:
    out = Path(options.to_folder).resolve() if options.to_folder else None
    title = (name or str(out)).rpartition("/")[2]
    about = (title, name or title, options.license)
    dataset = write_dataset(run, folder, split_of(run, shares(options.split, least=1)), about, options.with_persona)
    if dataset.offline_roles and not options.allow_offline_data:
        raise UsageError(
            f"{run} is of the offline cast (it played {', '.join(dataset.offline_roles)}), for trying and testing only:"
            " simulate with --model, or add --allow-offline-data"
        )
    if options.with_persona:  # whose texts it shows
        run_sync(report([run], folder / REPORT, title=title, calls=0))
        dataset.files[REPORT] = (folder / REPORT).stat().st_size
    there: Mapping[str, str] = head.files if head else {}
    if out:
        changed = tuple(path for path in dataset.files if not _equal(folder / path, out / path))
        there = {str(file.relative_to(out)): "" for file in out.rglob("*") if file.is_file()}
    else:
        changed = tuple(path for path in dataset.files if not remote.same(folder / path, there.get(path)))
    gone = tuple(sorted(path for path in there if is_ours(path) and path not in dataset.files))
    public = options.public and out is None
    return Plan(
        name or str(options.to_folder), out, folder, dataset, changed, gone, head, public, _notes(options, gone)
    )


def _notes(options: PublishOptions, gone: tuple[str, ...]) -> tuple[str, ...]:
    found = []
    at_hub = not options.to_folder
    if options.license == "unknown":
        found.append("no --license was given: the card says that none was chosen")
    if at_hub and not remote.has_token():
        found.append("without a token the Hub does not say what is there, so everything is shown as new")
    if gone and at_hub:
        found.append("earlier commits still show what is removed; delete the dataset to take it back")
    return tuple(found)


def _equal(one: Path, other: Path) -> bool:
    return other.is_file() and one.stat().st_size == other.stat().st_size and one.read_bytes() == other.read_bytes()


def _move(plan: Plan, out: Path) -> None:
    """Moves what changed into the folder ``out``: first `run.json`, which marks it as ours, and last the card."""
    for path in sorted(plan.changed, key=lambda path: (path == CARD, path != STATE)):
        make_folder((out / path).parent)
        (plan.folder / path).replace(out / path)
    for path in plan.gone:
        (out / path).unlink(missing_ok=True)


def _committed(api: Any, plan: Plan, head: Head, wait: Callable[[float], None]) -> str:
    """Commits, again where that is safe: after a lost answer that did nothing, and on top of others' commits."""
    for attempt in range(remote.TRIES):
        files = {path: plan.folder / path for path in plan.changed}
        gone = [path for path in plan.gone if path in head.files]
        try:
            return remote.commit(api, plan.to, head.commit, files, gone, plan.title())
        except ServerError as error:
            if attempt == remote.TRIES - 1:
                raise
            wait(remote.pause(error, attempt))
        now = remote.look(api, plan.to, wait)
        if now is None:
            raise UsageError(f"{plan.to} was deleted meanwhile; run the command again")
        if (
            all(remote.same(file, now.files.get(path)) for path, file in files.items())
            and not {*gone} & now.files.keys()
        ):
            return now.commit  # the commit arrived, only its answer did not
        if any(now.files.get(path) != head.files.get(path) for path in [*files, *gone]):
            raise UsageError(
                f"somebody else changed {plan.to} meanwhile (commit {now.commit[:8]}); run the command again"
            )
        head = replace(now)
    raise AssertionError
