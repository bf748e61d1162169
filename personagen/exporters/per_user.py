"""Pairs of each persona in a support and a query part: for few-shot personalisation (PReF, P-GenRM)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personagen.exporters.format import Format, Row
from personagen.exporters.trl import dpo
from personagen.records import ConversationTree, PreferencePair
from personagen.tree import order


def per_user(tree: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """The rows of ``trl-dpo``, with ``part`` (``support`` or ``query``) and ``session``; ``persona`` names the user.

    Support are the pairs of the first half of the user messages that have one, query those that come later: the second
    half, and all of later sessions. So a query never comes before what supports it.
    """
    turns = sorted({pair.node for pair in pairs}, key=order)
    support = () if tree.session else turns[: len(turns) // 2]
    for pair, row in zip(pairs, dpo(tree, pairs), strict=True):
        yield {**row, "part": "support" if pair.node in support else "query", "session": tree.session}


PER_USER = Format(per_user, "tree", "few-shot personalisation: group by persona, fit on support, test on query")
