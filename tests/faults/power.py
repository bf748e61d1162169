"""A disk after a power cut, put together from what a process did to its files.

Sure is only what was synced: the bytes of a file up to its last completed sync, a name once its folder was synced. Each
later write is kept, dropped, kept in some of its sectors of 512 bytes, or there but zeroed; each later change of a
name is made or not. POSIX promises no more (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014).
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from random import Random

from tests.faults.disk import Operation

SECTOR = 512
FATES = ("kept", "dropped", "cut", "zeroed")


@dataclass(eq=False)
class _File:
    """A file or a folder: what is surely on the disk, and what was done since the last sync."""

    folder: bool = False
    synced: bytes = b""
    later: list[Operation] = field(default_factory=list)

    def after(self, rng: Random, fates: tuple[str, ...]) -> bytes:
        content = bytearray(self.synced)
        for op in self.later:
            _apply(content, op, rng.choice(fates), rng)
        return bytes(content)


class Disk:
    """The files below one folder; ``play`` what is done to them, and ask what a power cut leaves."""

    def __init__(self) -> None:
        self._now: dict[str, _File] = {"": _File(folder=True)}
        self._sure = dict(self._now)
        # By folder: changes of names that no sync of the folder has made sure; each makes and unmakes some at once.
        self._later: dict[str, list[dict[str, _File | None]]] = defaultdict(list)

    @classmethod
    def of(cls, folder: Path) -> Disk:
        """A disk on which everything in ``folder`` is sure."""
        disk = cls()
        for path in folder.rglob("*"):
            made = _File(folder=True) if path.is_dir() else _File(synced=path.read_bytes())
            disk._now[path.relative_to(folder).as_posix()] = made
        disk._sure = dict(disk._now)
        return disk

    def play(self, op: Operation) -> None:
        """Does ``op``."""
        match op.kind:
            case "C" | "M":
                self._now[op.path] = _File(folder=op.kind == "M")
                self._change(op.path, {op.path: self._now[op.path]})
            case "W" | "T":
                self._now[op.path].later.append(op)
            case "S":
                file = self._now[op.path]
                file.synced, file.later = file.after(Random(0), ("kept",)), []
            case "D":
                for names in self._later.pop(op.path, []):
                    _change(self._sure, names)
            case "R":
                new = op.data.decode()
                self._now[new] = self._now.pop(op.path)
                self._change(new, {op.path: None, new: self._now[new]})
            case "U":
                del self._now[op.path]
                self._change(op.path, {op.path: None})

    def _change(self, path: str, names: dict[str, _File | None]) -> None:
        self._later[_parent(path)].append(names)

    def cut(self, rng: Random) -> dict[str, bytes | None]:
        """What is there after a power cut that loses what ``rng`` draws, by path: a file's bytes, None for a folder."""
        names = dict(self._sure)
        for changes in self._later.values():
            made = changes[: rng.randrange(len(changes) + 1)] if rng.random() < 0.5 else _some(changes, rng)
            for change in made:
                _change(names, change)
        fates = rng.choice((FATES, FATES, ("kept",), ("dropped",), ("zeroed",), ("cut",)))
        there = [path for path in names if all(p in names for p in _parents(path))]
        return {p: None if names[p].folder else names[p].after(rng, fates) for p in there if p}


def put(content: dict[str, bytes | None], folder: Path) -> None:
    """Makes these files in ``folder``."""
    for path, data in sorted(content.items()):
        if data is None:
            (folder / path).mkdir()
        else:
            (folder / path).write_bytes(data)


def _some(changes: list[dict[str, _File | None]], rng: Random) -> list[dict[str, _File | None]]:
    return [change for change in changes if rng.random() < 0.5]


def _change(names: dict[str, _File], change: dict[str, _File | None]) -> None:
    for path, file in change.items():
        if file is None:
            names.pop(path, None)
        else:
            names[path] = file


def _apply(content: bytearray, op: Operation, fate: str, rng: Random) -> None:
    if fate == "dropped":
        return
    if op.kind == "T":
        del content[op.at :]
        content.extend(bytes(op.at - len(content)))
        return
    at = op.at
    while at < op.at + len(op.data):
        end = min(op.at + len(op.data), (at // SECTOR + 1) * SECTOR)
        if fate != "cut" or rng.random() < 0.5:
            content.extend(bytes(max(0, end - len(content))))
            content[at:end] = bytes(end - at) if fate == "zeroed" else op.data[at - op.at : end - op.at]
        at = end


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _parents(path: str) -> list[str]:
    return [parent.as_posix() for parent in PurePosixPath(path).parents if parent.as_posix() != "."]
