"""The trees of a run with their pairs, one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from personagen.errors import CorruptError
from personagen.records import ConversationTree, PreferencePair
from personagen.store.files import read_records


def conversations(run: Path) -> Iterator[tuple[ConversationTree, list[PreferencePair]]]:
    """Each tree of ``run`` with its pairs, in file order; raises ``CorruptError`` if they are in another order."""
    pairs = groupby(read_records(run / "pairs.jsonl", PreferencePair), key=lambda pair: pair.tree)
    tree_id, group = next(pairs, (None, iter(())))
    for tree in read_records(run / "trees.jsonl", ConversationTree):
        own = list(group) if tree_id == tree.id else []
        if tree_id == tree.id:
            tree_id, group = next(pairs, (None, iter(())))
        yield tree, own
    if tree_id is not None:
        raise CorruptError(
            f"{run}: the pairs of tree {tree_id} are not in the order of the trees; run `personagen simulate` on it"
            " again"
        )
