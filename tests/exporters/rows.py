"""The rows that a format makes of trees, as the flow asks for them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from personagen.exporters import EXPORTERS
from personagen.pairs import pairs_of
from personagen.records import ConversationTree, PreferencePair


def rows_of(kind: str, *trees: ConversationTree, pairs: Sequence[PreferencePair] | None = None) -> list[dict[str, Any]]:
    """The rows of all ``trees``; of a single tree, those of ``pairs`` if they are given."""
    made, format = [], EXPORTERS[kind]
    for tree in trees:
        own = pairs_of(tree)[0] if pairs is None else pairs
        for group in [[pair] for pair in own] if format.by == "pair" else [own]:
            made += format.rows(tree, group)
    return made
