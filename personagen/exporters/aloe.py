"""ALOE's export format, the schema of its released generation script (arXiv 2410.03642)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from personagen.exporters.format import Format, Row
from personagen.readers.aloe import NOTHING
from personagen.records import Belief, ConversationTree, Kind, PreferencePair
from personagen.tree import by_id, leaves, path


def aloe(tree: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per tree: ``profile``, ``personality`` and ``conversations``, a list with one entry per turn.

    A turn has ``user``, ``assistant`` (``preferred`` and ``rejected``), ``chosen`` (which of these two continued the
    conversation), ``inferred_profile`` and ``inferred_personality``. The turns are those of the longest path, the first
    of several. Of the pairs of a turn it shows the first with the reply on that path, in the last turn the best against
    the worst. ALOE's schema needs a pair in every turn; a turn without one has the same text on both sides, so that its
    DPO gradient is zero.
    """
    found: dict[str, list[PreferencePair]] = {}
    for pair in pairs:
        found.setdefault(pair.node, []).append(pair)
    yield {
        "profile": tree.persona.profile,
        "personality": tree.persona.personality,
        "conversations": _turns(tree, found),
    }


def _turns(tree: ConversationTree, pairs: Mapping[str, Sequence[PreferencePair]]) -> list[dict[str, Any]]:
    beliefs = {belief.node: belief for belief in tree.beliefs}
    longest = max(leaves(tree.nodes), key=lambda node: node.id.count("."))
    steps = path(by_id(tree), longest.id)
    turns = []
    for user, said in zip(steps[::2], steps[1::2], strict=False):  # omits a user message without a reply
        preferred, rejected = _sides(pairs.get(user.id, ()), said.content, last=said is steps[-1])
        belief = beliefs.get(user.id)
        turns.append(
            {
                "user": user.content,
                "assistant": {"preferred": preferred, "rejected": rejected},
                "chosen": "rejected" if said.content == rejected != preferred else "preferred",
                "inferred_profile": _inferred(belief, "profile"),
                "inferred_personality": _inferred(belief, "personality"),
            }
        )
    return turns


def _sides(pairs: Sequence[PreferencePair], said: str, *, last: bool) -> tuple[str, str]:
    """The preferred and the rejected text of a turn; ``said`` is one of them, except in the last turn."""
    both = [(pair.chosen[0].content, pair.rejected[0].content) for pair in pairs]
    return next((sides for sides in both if last or said in sides), (said, said))


def _inferred(belief: Belief | None, kind: Kind) -> str:
    facts = [inference.fact.strip() for inference in belief.inferences if inference.kind == kind] if belief else []
    return " ".join(fact if fact.endswith((".", "!", "?")) else f"{fact}." for fact in facts) or NOTHING


ALOE = Format(aloe, "tree", "ALOE's own training script", persona=True)
