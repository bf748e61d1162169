"""Splits of a run by person. A stub with one split, until the module of that name is merged."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from personagen.errors import UsageError
from personagen.records import ConversationTree
from personagen.store.files import read_records


def split_of(run: Path, shares: Mapping[str, float]) -> Mapping[str, str]:
    """The split of every tree of ``run``; here all are in the only one."""
    if len(shares) != 1:
        raise UsageError("--split: there is one split so far")
    return {tree.id: name for tree in read_records(run / "trees.jsonl", ConversationTree) for name in shares}
