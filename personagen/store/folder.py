"""The run folder: ``run.json``, ``journal.db``, ``prompts/`` and the result files."""

from __future__ import annotations

import logging
import platform
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import orjson

from personagen.errors import CorruptError, DiskError, UsageError
from personagen.prompts.files import Prompt
from personagen.records import Usage, content_id
from personagen.store.batches import Batches
from personagen.store.files import dump, make_folder, write
from personagen.store.journal import Journal
from personagen.store.lock import locked

log = logging.getLogger(__name__)
_SYSTEM_FILES = {".DS_Store", "lost+found"}  # and .nfs*


@dataclass(frozen=True)
class Run:
    """An open run folder. ``fingerprint`` is the hash of everything that shapes the result of a slot.

    ``smaller`` are the settings of the smaller run that this one extends, if it does.
    """

    folder: Path
    command: str
    options: Mapping[str, Any]
    prompts: Mapping[str, str]
    fingerprint: str
    journal: Journal
    started: str
    notes: tuple[str, ...] = ()
    smaller: Mapping[str, Any] = field(default_factory=dict)

    def derive(self, *names: str) -> None:
        """Rewrites the result files ``names`` from the journal."""
        for name in names:
            write(self.folder / name, self.journal.lines(name, self.fingerprint))

    def usage(self) -> tuple[int, Usage, dict[str, dict[str, Any]]]:
        """Calls and usage of all stored answers, and the same for each role and model."""
        by_role = self.journal.usage()
        total = sum((usage for _, usage in by_role.values()), Usage())
        rows = {
            f"{role} ({model})": {"calls": n, **usage.model_dump()} for (role, model), (n, usage) in by_role.items()
        }
        return sum(n for n, _ in by_role.values()), total, dict(sorted(rows.items()))

    def record(self, report: Any, summary: Mapping[str, Any]) -> None:
        """Writes ``run.json``: what was asked for, the ``report`` (a dataclass) on how it went, and the ``summary``."""
        calls, total, rows = self.usage()
        elsewhere = ("out", "status", "usage", "usage_by_role", "estimate", "calls")
        state = {
            "command": self.command,
            "status": report.status,
            "started": self.started,
            "written": _now(),
            "options": dict(self.options),
            "prompts": dict(self.prompts),
            "versions": {"personagen": version("personagen"), "python": platform.python_version()},
            "estimate": report.estimate,
            "usage": {"calls": calls, **total.model_dump(), "by_role": rows},
            "report": {name: value for name, value in vars(report).items() if name not in elsewhere},
            "summary": dict(summary),
        }
        write(self.folder / "run.json", [dump(state)])


@dataclass(frozen=True)
class Growth:
    """How a run may extend an earlier one in the same folder.

    ``at_size`` gets the settings of the earlier run, and gives those in which this run would differ if it were as
    small. ``slots`` names the settings that say how many slots there are and don't shape their results.
    """

    at_size: Callable[[Mapping[str, Any]], Mapping[str, Any]]
    slots: frozenset[str] = frozenset()


@contextmanager
def open_run(
    folder: Path,
    command: str,
    identity: Mapping[str, Any],
    options: Mapping[str, Any],
    prompts: Iterable[Prompt],
    growth: Growth | None = None,
    *,
    dry: bool = False,
) -> Iterator[Run]:
    """Opens the run folder ``folder`` for a new run, or to resume one.

    ``identity`` holds the settings that shape the results; a folder with others is rejected, unless it has no stored
    answer and no pending batch, or by ``growth`` it is a smaller run that this one extends. Prompt files may change:
    stored answers to unchanged calls are reused, and a note reports the change. A ``dry`` run keeps neither.

    Raises:
        UsageError: the folder holds other files, or a run with another identity; the message shows the difference.
        InUseError, CorruptError, DiskError
    """
    _prepare(folder)
    used = {p.name: p for p in prompts}
    hashes = {name: p.hash for name, p in sorted(used.items())}
    with locked(folder), Journal(_journal_of(folder)) as journal:
        now = _plain({"command": command, **identity})
        before = _stored(journal, "identity")
        changed = before is not None and before != now and bool(journal.usage() or Batches(journal).pending())
        if before is not None and changed and not (growth and before == now | _plain(growth.at_size(before))):
            raise UsageError(f"{folder} holds another run: {_difference(before, now)}; give another --out")
        notes = _prompt_notes(_stored(journal, "prompts") or hashes, hashes)
        started = journal.setting("started") or _now()
        settings = {"identity": dump(now).decode(), "prompts": dump(hashes).decode(), "started": started}
        if not dry:
            journal.put_settings(settings)
            for prompt in used.values():
                _copy(folder / "prompts", prompt)
        yield Run(
            folder=folder,
            command=command,
            options=options,
            prompts=hashes,
            fingerprint=content_id({n: v for n, v in now.items() if not growth or n not in growth.slots}, hashes),
            journal=journal,
            started=started,
            notes=notes,
            smaller=before if before and changed else {},
        )


def _prepare(folder: Path) -> None:
    try:
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file; --out names a folder")
        found = {file.name for file in folder.iterdir()} if folder.exists() else set()
    except OSError as error:
        raise DiskError(f"{folder} can't be read: {error.strerror}; give another --out") from error
    theirs = {name for name in found if name not in _SYSTEM_FILES and not name.startswith(".nfs")}
    if theirs and not found & {"journal.db", ".lock"}:
        raise UsageError(f"{folder} holds files that are not a run; give an empty or new folder as --out")
    make_folder(folder)


def _journal_of(folder: Path) -> Path:
    """The journal's path in ``folder``; it may be missing only before the first run."""
    file = folder / "journal.db"
    if not file.exists() and ((folder / "run.json").exists() or (folder / "prompts").exists()):
        raise CorruptError(f"{file} is missing, and its answers with it; restore it, or give another --out")
    return file


def _copy(root: Path, prompt: Prompt) -> None:
    for part, body in prompt.sources:
        file = root / part
        try:
            if not file.exists() or file.read_bytes() != body:
                make_folder(file.parent)
                write(file, [body])
        except OSError as error:
            raise DiskError(
                f"{file} can't be written: {error.strerror}; free or repair the disk and run again"
            ) from error


def _stored(journal: Journal, name: str) -> dict[str, Any] | None:
    value = journal.setting(name)
    try:
        return None if value is None else dict(orjson.loads(value))
    except (TypeError, ValueError) as error:
        raise CorruptError(f"the {name} of this run is damaged in its journal; give another --out") from error


def _plain(value: Mapping[str, Any]) -> dict[str, Any]:
    return dict(orjson.loads(orjson.dumps(value)))


def _difference(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    if before.get("command") != now["command"]:
        return f"one of {before.get('command')}"
    missing, more = [n for n in now if n not in before], [n for n in before if n not in now]
    if missing and more:
        return f"it was begun with {', '.join(more)}, and without {', '.join(missing)}"
    if missing:
        return f"it was begun by an older version, which had no {', '.join(missing)}"
    names = [n for n in now if before[n] != now[n]]
    if not names:
        return f"it was begun by another version, in which {', '.join(more)} mattered"
    content = [n for n in names if _is_hash(before[n]) and _is_hash(now[n])]
    changes = [f"{n} was {before[n]}, now {now[n]}" for n in names if n not in content]
    return ", ".join([*changes, *(f"other {n}" for n in content)])


def _is_hash(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{16}", value) is not None


def _prompt_notes(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    changed = [n for n in now if n in before and before[n] != now[n]]
    if changed:  # warn before this costs money: an upgrade may have changed them, too
        log.warning("prompts changed since this run began, so their calls are made again: %s", ", ".join(changed))
    return tuple(f"prompt {n} changed ({before[n]} -> {now[n]}): its calls are made again" for n in changed)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
