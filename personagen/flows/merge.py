"""``merge``: the records of several runs in one folder; each says which run it comes from."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from personagen.errors import UsageError
from personagen.flows.measured import measured_shortcuts
from personagen.flows.twins import is_twin
from personagen.options import place
from personagen.records import (
    ConversationTree,
    Persona,
    PreferencePair,
    Rejection,
    Sourced,
    Usage,
)
from personagen.runs.run import added
from personagen.store.files import dump, make_folder, read_records, read_state, write
from personagen.trajectories import TrajectoryPair

R = TypeVar("R", bound=Sourced)
_COUNTED = frozenset(
    [
        "trees",
        "conversations",
        "failed",
        "turns",
        "pairs",
        "paired_turns",
        "verdicts",
        "checks",
        "messages",
        "aware_chosen",
        "quotes_dropped",
        "trajectories",
        "twins",
        "personas",
        "failures",
        "rejected",
        "rejected_messages",
        "repaired",
        "ended_early",
        "unusable",
    ]
)  # of a summary, numbers that are added up


@dataclass(frozen=True)
class MergeSummary:
    """The merged folder ``out``: its runs by name, its records, how many ids were renamed and how many were equal."""

    out: str
    of: str
    runs: dict[str, str]
    records: dict[str, int]
    renamed: int
    equal: int
    notes: tuple[str, ...] = ()


@dataclass
class _Source:
    """One run folder: its ``run.json``, the new name of each run in it, the new ids of its trees."""

    folder: Path
    state: Mapping[str, Any]
    names: dict[str, str]
    ids: dict[str, str] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)

    def named(self, record: Sourced) -> str:
        return self.names[record.run]


def merge(runs: Sequence[Path], out: Path) -> MergeSummary:
    """Writes the records of all ``runs``, of the same command, to the folder ``out``.

    A record keeps its id, unless another one of an earlier run has it: then ``name:`` of its run is put before it.
    Equal records are kept once. Results are read line by line; only the ids are kept in memory.

    Raises:
        UsageError: a folder is not a run, the runs are of different commands, or ``out`` holds something else.
    """
    of, sources = _sources(runs, out)
    make_folder(out)
    merged = _Merged(sources)
    kinds: dict[str, type[Sourced]] = {"personas.jsonl": Persona}
    if of == "simulate":
        kinds = {"trees.jsonl": ConversationTree, "pairs.jsonl": PreferencePair}
        if any((source.folder / "trajectories.jsonl").is_file() for source in sources):
            kinds["trajectories.jsonl"] = TrajectoryPair
    counts: dict[str, int] = {}
    kinds["rejections.jsonl"] = Rejection
    for name, kind in kinds.items():
        lines = [0]
        write(out / name, merged.lines(name, kind, lines))
        counts[name] = lines[0]
    for source in sources:
        _copy_prompts(source, out)
    infos = {name: info for source in sources for name, info in _infos(source).items()}
    state = _state(of, infos, {name: n - merged.twins[name] for name, n in counts.items()})
    if of == "simulate":
        state["summary"]["shortcuts"] = measured_shortcuts(out)
    write(out / "run.json", [dump(state)])
    unfinished = [str(s.folder) for s in sources if s.state.get("status") != "done"]
    notes = (f"not finished: {', '.join(unfinished)}; merged what is there",) if unfinished else ()
    paths = {name: str(info["path"]) for name, info in infos.items()}
    return MergeSummary(str(out), of, paths, counts, merged.renamed, merged.equal, notes)


def _sources(runs: Sequence[Path], out: Path) -> tuple[str, list[_Source]]:
    place("--out", out)
    if len({run.resolve() for run in runs}) < max(2, len(runs)):
        raise UsageError("name two or more different run folders to merge")
    if out.resolve() in {run.resolve() for run in runs}:
        raise UsageError(f"{out} is one of the runs; give another --out")
    if out.exists() and not (out.is_dir() and (not any(out.iterdir()) or _command(out) == "merge")):
        raise UsageError(f"{out} holds something else; give an empty or new folder as --out")
    sources: list[_Source] = []
    taken: set[str] = set()
    for run in runs:
        state = read_state(run)
        inner = list(state.get("runs", ())) or [""]
        sources.append(_Source(run, state, {name: _free(name or run.resolve().name, taken) for name in inner}))
    commands = {str(s.state.get("of") or s.state.get("command")): s.folder for s in sources}
    if len(commands) > 1:
        what = ", ".join(f"{folder} is of {command}" for command, folder in commands.items())
        raise UsageError(f"runs of different commands can't be merged: {what}")
    if "evaluate" in commands:
        raise UsageError("runs of evaluate can't be merged: `personagen evaluate --compare RUN RUN` compares them")
    return next(iter(commands)), sources


def _command(folder: Path) -> str:
    return str(read_state(folder).get("command")) if (folder / "run.json").is_file() else ""


def _free(name: str, taken: set[str]) -> str:
    """``name``, or with the first number that makes it differ from those ``taken``."""
    name = name.replace("/", "-").replace(":", "-")
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name}-{number}"
    taken.add(free)
    return free


class _Merged:
    """The ids that were given out, with the hash of their record."""

    def __init__(self, sources: Sequence[_Source]) -> None:
        self.sources, self.renamed, self.equal = sources, 0, 0
        self.twins = Counter[str]()  # by file, records of twins, which a summary counts apart
        self._hashes: dict[str, bytes] = {}

    def lines(self, name: str, kind: type[R], count: list[int]) -> Iterator[bytes]:
        """The lines of the merged file ``name``; ``count`` gets their number."""
        for source in self.sources:
            if name != "trees.jsonl" and not (source.folder / name).is_file():
                continue
            for record in read_records(source.folder / name, kind):
                changes = self._changes(source, record)
                if changes is not None:
                    count[0] += 1
                    self.twins[name] += is_twin(changes.get("tree", changes.get("id", "")))
                    yield record.model_copy(update={"run": source.named(record), **changes}).line() + b"\n"

    def _changes(self, source: _Source, record: Sourced) -> dict[str, Any] | None:
        """What changes in ``record``, or None if it is there already."""
        match record:
            case Persona() | ConversationTree():
                return self._identified(source, record)
            case PreferencePair():
                gone, twin = record.tree in source.skipped, self._moved(source, record.twin)
                return None if gone else {"tree": self._moved(source, record.tree), "twin": twin}
            case TrajectoryPair():
                return None if record.tree in source.skipped else {"tree": self._moved(source, record.tree)}
            case Rejection():
                gone = record.place.partition("/")[0] in source.skipped
                return None if gone else {"place": self._moved(source, record.place)}
        raise TypeError(record)

    def _moved(self, source: _Source, place: str) -> str:
        """``place``, a tree or a node of it, with the tree's new id."""
        tree, slash, node = place.partition("/")
        return f"{source.ids.get(tree, tree)}{slash}{node}"

    def _identified(self, source: _Source, record: Persona | ConversationTree) -> dict[str, Any] | None:
        digest = hashlib.sha256(record.model_copy(update={"run": ""}).line()).digest()
        known = self._hashes.get(record.id)
        if known == digest or (known and isinstance(record, Persona)):  # a persona's id is its content
            self.equal += 1
            source.skipped.add(record.id)
            return None
        free = record.id
        if known:
            self.renamed += 1
            name = source.named(record)
            free = f"{name}:{record.id}"
            while free in self._hashes:
                free = f"{name}:{free}"
            source.ids[record.id] = free
        self._hashes[free] = digest
        twin = record.twin if isinstance(record, ConversationTree) else None
        if twin and twin.tree in source.ids:
            return {"id": free, "twin": twin.model_copy(update={"tree": source.ids[twin.tree]})}
        return {"id": free}


def _infos(source: _Source) -> dict[str, dict[str, Any]]:
    """What ``run.json`` keeps of each run in ``source``."""
    if inner := source.state.get("runs"):
        return {source.names[name]: dict(info) for name, info in inner.items()}
    kept = ("command", "status", "started", "written", "options", "prompts", "versions", "usage", "summary")
    [name] = source.names.values()
    return {name: {"path": str(source.folder), **{key: source.state.get(key) for key in kept}}}


def _copy_prompts(source: _Source, out: Path) -> None:
    for file in sorted((source.folder / "prompts").rglob("*.md")):
        below = file.relative_to(source.folder / "prompts")
        to = out / "prompts" / (below if source.state.get("runs") else Path(source.names[""]) / below)
        make_folder(to.parent)
        write(to, [file.read_bytes()])


def _state(of: str, infos: Mapping[str, Mapping[str, Any]], counts: Mapping[str, int]) -> dict[str, Any]:
    names = set(Usage.model_fields)
    used = [info.get("usage") or {} for info in infos.values()]
    total = sum((Usage(**{k: v for k, v in one.items() if k in names}) for one in used), Usage())
    summaries = [info.get("summary") or {} for info in infos.values()]
    wanted = [{k: v for k, v in summary.items() if k in _COUNTED} for summary in summaries]
    summary = added(wanted) | {
        file.removesuffix(".jsonl"): n for file, n in counts.items() if file != "rejections.jsonl"
    }
    models = {model: None for info in infos.values() for model in (info.get("options") or {}).get("model", ())}
    written = max((str(info.get("written") or "") for info in infos.values()), default="")
    return {
        "command": "merge",
        "of": of,
        "status": "done",
        "written": written,
        "runs": dict(infos),
        "options": {"model": list(models)},
        "usage": {"calls": sum(int(one.get("calls", 0)) for one in used), **total.model_dump()},
        "summary": summary,
    }
