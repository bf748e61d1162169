"""Pairs of branches that begin at one fork: for multi-turn DPO, and as SDPO's released code reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personagen.exporters.columns import chat
from personagen.exporters.format import Format, Row
from personagen.exporters.sharegpt import tagged
from personagen.records import ConversationTree, PreferencePair
from personagen.trajectories import TrajectoryPair, trajectories_of


def trajectories(tree: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per pair of branches whose fork is one of ``pairs``: ``prompt``, ``chosen``, ``rejected``.

    ``chosen`` and ``rejected`` have equally many messages, alternate assistant and user, and end with a reply.
    """
    for found in _kept(tree, pairs):
        yield {
            "prompt": chat(found.prompt),
            "chosen": chat(found.chosen),
            "rejected": chat(found.rejected),
            "persona": found.persona,
            "tree": found.tree,
            "node": found.node,
            "turn": found.turn,
            "chosen_agents": list(found.chosen_agents),
            "rejected_agents": list(found.rejected_agents),
            "chosen_value": found.chosen_value,
            "rejected_value": found.rejected_value,
        }


def segments(tree: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """Two rows per pair of branches, the rejected one first: ``conversations``, from the first message on.

    SDPO (arXiv 2501.01821) takes rows in twos and puts its loss on what follows the first reply in which they differ.
    Both have the same number of turns there.
    """
    for found in _kept(tree, pairs):
        for chosen, side in ((False, found.rejected), (True, found.chosen)):
            row = {"conversations": tagged((*found.prompt, *side)), "chosen": chosen}
            yield row | {"persona": found.persona, "tree": found.tree, "node": found.node, "turn": found.turn}


def _kept(tree: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[TrajectoryPair]:
    forks = {(pair.node, pair.chosen[0].content, pair.rejected[0].content) for pair in pairs}
    for found in trajectories_of(tree) if forks else ():
        if (found.node, found.chosen[0].content, found.rejected[0].content) in forks:
            yield found


LACK = "pairs of branches (--grow best-hard gives some)"
TRAJECTORIES = Format(trajectories, "tree", "TRL's DPOTrainer, whose loss includes the user's messages", lack=LACK)
SEGMENTS = Format(segments, "tree", "SDPO's fork of LLaMA-Factory (stage: dpo), by dataset_info.json", lack=LACK)
