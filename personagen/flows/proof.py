"""Proves on the files of an export that their splits have nobody in common, and says what moved since the last one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from personagen.errors import CorruptError, UsageError
from personagen.flows.parquet import tree_ids
from personagen.store.files import BUFFER_BYTES

KINDS = {
    "persona": "people",
    "tree": "twins or series",
    "profile": "profiles, or repeats of one,",
    "manner": "personalities, or repeats of one,",
    "traits": "trait lists, or repeats of one,",
}


def disjoint(run: Path, files: Mapping[str, Path], reasons: Path, meant: Mapping[str, str]) -> tuple[str, ...]:
    """What was found when ``files``, one for each split, and the file ``reasons`` were read again.

    Rows say of which tree they are, or else ``reasons`` does; of trees without a pair only ``meant`` does.

    Raises:
        CorruptError: two splits have a person in common, or one that is too much like another.
    """
    from personagen.splits import UNKNOWN, crossings

    sides = recorded(reasons)
    for name, file in files.items():
        for tree in _trees(file):
            if sides.setdefault(tree, name) != name:
                raise CorruptError(f"{file}: tree {tree} is also in {sides[tree]}; do not use these splits")
    found = crossings(run, {**meant, **sides})
    unknown = found.pop(UNKNOWN, 0)
    if found:
        listed = ", ".join(f"{n:,} {KINDS[kind]}" for kind, n in found.items())
        raise CorruptError(f"{next(iter(files.values())).parent}: {listed} are in two splits; do not use them")
    trees = ", ".join(f"{n:,} trees in {name}" for name, n in Counter(sides.values()).items())
    if unknown:
        return (
            f"read back: {trees}; no person, twin or series is in two. {unknown:,} trees lack their persona's texts, so"
            " people much like each other can be in two: split a run that has them",
        )
    return (
        f"read back: {trees}; no person, profile, personality, trait list, repeat of one, twin or series is in two",
    )


def moved(before: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """How many trees of an earlier export to the same place are in another split now."""
    found = Counter((before[tree], split) for tree, split in now.items() if before.get(tree, split) != split)
    listed = ", ".join(f"{n:,} from {old or 'no split'} to {new}" for (old, new), n in found.items())
    return (f"trees that changed their split since the last export to this place: {listed}",) if found else ()


def recorded(reasons: Path) -> dict[str, str]:
    """The split of each tree by an export's file of reasons; empty if there is none.

    Raises:
        UsageError: a line of it is something else.
    """
    found: dict[str, str] = {}
    if reasons.is_file():
        with reasons.open("rb", buffering=BUFFER_BYTES) as lines:
            for number, line in enumerate(lines, 1):
                try:
                    row = orjson.loads(line)
                    found |= {str(row["tree"]): str(row["split"])} if row["split"] else {}
                except (orjson.JSONDecodeError, LookupError, TypeError):
                    problem = f"{reasons}:{number} says nothing of a pair: remove that file, which export writes anew"
                    raise UsageError(problem) from None
    return found


def _trees(file: Path) -> Iterator[str]:
    """The trees of the rows of ``file``, as far as they say."""
    if file.suffix == ".parquet":
        yield from tree_ids(file) or ()
        return
    with file.open("rb", buffering=BUFFER_BYTES) as lines:
        for line in lines:
            tree = orjson.loads(line).get("tree")
            if isinstance(tree, str):
                yield tree
