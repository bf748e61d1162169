"""Sets what the users of a run say beside what real users said, in a file of their conversations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from personagen.errors import UsageError
from personagen.metrics.realism import counts_of, figures_of
from personagen.metrics.two_sample import LEAST, MOST, told_apart
from personagen.options import place
from personagen.options.row import FilePath
from personagen.readers import rows_of
from personagen.readers.dialogues import LAYOUTS, Dialogue, dialogue_of
from personagen.readers.row import Row
from personagen.readers.row import place as place_of
from personagen.records import ConversationTree
from personagen.store.files import read_records, read_state
from personagen.tree import one_path

MOST_READ = 5 * MOST  # conversations of either side


@dataclass(frozen=True)
class Beside:
    """Figures of the run's users and of the reference's, and how well a classifier tells their conversations apart.

    ``accuracy`` is a share with its 95 % interval, None with fewer than ``LEAST`` speakers on one side.
    """

    run: dict[str, Any]
    reference: dict[str, Any]
    accuracy: dict[str, float] | None
    note: str


def beside(run: Path, file: FilePath) -> Beside:
    """What the users of the ``run`` say beside those in ``file``, in one of the layouts of ``readers.dialogues``.

    Raises:
        UsageError: the file can't be read, or has no conversation in the language of the run.
    """
    language = str((read_state(run).get("options") or {}).get("language", "en"))
    theirs = list(islice(_read(Path(place("--reference", file)), language), MOST_READ))
    trees = islice(read_records(run / "trees.jsonl", ConversationTree), MOST_READ)
    ours = [Dialogue(tree.persona.id, _turns(tree)) for tree in trees]
    if not ours:
        raise UsageError(f"{run} has no conversation to compare; run its command again")
    sums = [sum((counts_of(one.turns, language=language) for one in side), Counter()) for side in (ours, theirs)]
    made, real = map(figures_of, sums)
    found = told_apart(*([(one.speaker, one.turns) for one in side] for side in (ours, theirs)))
    note = "" if found else f"a classifier needs {LEAST} speakers on each side"
    return Beside(made, real, vars(found) if found else None, note)


def _turns(tree: ConversationTree) -> tuple[str, ...]:
    return tuple(node.content for node in one_path(tree) if node.role == "user")


def _read(file: Path, language: str) -> Iterator[Dialogue]:
    """The conversations of ``file`` in ``language``, a code."""
    read = other = 0
    for row in rows_of(file):
        if isinstance(row, Row) and (found := dialogue_of(row.value, place_of(file, row))):
            read, other = (read + 1, other) if found.is_in(language) else (read, other + 1)
            if found.is_in(language):
                yield found
    if not read:
        why = f"{other:,} conversations are in other languages than {language}" if other else "no row is a conversation"
        raise UsageError(f"{file}: {why}; the layouts that are read are {', '.join(LAYOUTS)}")
