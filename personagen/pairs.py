"""Preference pairs of a judged conversation tree."""

from __future__ import annotations

from collections.abc import Mapping

from personagen.gates import PAIR_GATES, PairGate
from personagen.records import ConversationTree, Judgment, Node, PreferencePair, Rejection
from personagen.tree import by_id, messages, order, parent, turn


def pairs_of(
    tree: ConversationTree, gates: Mapping[str, PairGate] = PAIR_GATES
) -> tuple[list[PreferencePair], list[Rejection]]:
    """One pair or one rejection for every user message of ``tree``, each list in path order.

    The pair is the reply that both verdicts rank first against the one both rank last. Its prompt is the conversation
    up to and including the user's message, as in ALOE (arXiv 2410.03642, section 3.2), which has two replies and one
    verdict.
    """
    nodes = by_id(tree)
    replies: dict[str, dict[str, str]] = {}
    for node in sorted(tree.nodes, key=lambda node: order(node.id)):
        if node.role == "user":
            replies[node.id] = {}
        else:
            replies[parent(node.id) or ""][node.id] = node.content
    judgments: dict[str, list[Judgment]] = {}
    for judgment in tree.judgments:
        judgments.setdefault(judgment.node, []).append(judgment)

    pairs: list[PreferencePair] = []
    rejections: list[Rejection] = []
    for node_id, texts in replies.items():
        if not texts and tree.grow == "information":  # asked only for what it reveals, and not answered
            continue
        verdicts = judgments.get(node_id, [])
        for name, gate in gates.items():
            reason = gate(verdicts, texts)
            if reason is not None:
                rejections.append(Rejection(place=f"{tree.id}/{node_id}", gate=name, reason=reason))
                break
        else:
            pairs.append(_pair(tree, nodes, verdicts[0]))
    return pairs, rejections


def _pair(tree: ConversationTree, nodes: Mapping[str, Node], verdict: Judgment) -> PreferencePair:
    best, worst = verdict.ranking[0], verdict.ranking[-1]
    return PreferencePair(
        prompt=messages(nodes, verdict.node),
        chosen=messages(nodes, best)[-1:],
        rejected=messages(nodes, worst)[-1:],
        persona=tree.persona.id,
        tree=tree.id,
        node=verdict.node,
        turn=turn(verdict.node),
        chosen_agent=nodes[best].agent,
        rejected_agent=nodes[worst].agent,
        models=tree.models,
        prompts=tree.prompts,
        attributes=tree.persona.attributes,
    )
