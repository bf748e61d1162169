"""Preference pairs of a judged conversation tree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from statistics import fmean
from typing import Any

from personagen.gates import PAIR_GATES, PAIR_SCORES, Comparison, PairGate
from personagen.gates.grounds import revealed
from personagen.gates.leak import LEAKED, leak_score
from personagen.gates.pair import margin_of
from personagen.metrics.disclosure import stems
from personagen.personas.lines import lines
from personagen.records import ConversationTree, Judgment, Node, Pooled, PreferencePair, Rejection, Twin
from personagen.tree import by_id, messages, order, parent, turn

NOBODY = "nobody"
ON_THE_MATTER = 0.25  # of the meaning words of a twin's last message and its replies: 0.07 to 0.3 by chance
PERSONAL = 0.5  # share of other personas who prefer the rejected reply
GIVEN_GATES = {
    "judged": lambda case: None if case.better else f"{len(case.replies)} of at least 2 replies",
    "empty": PAIR_GATES["empty"],
    "identical": PAIR_GATES["identical"],
}


def pairs_of(
    tree: ConversationTree, gates: Mapping[str, PairGate] = PAIR_GATES
) -> tuple[list[PreferencePair], list[Rejection]]:
    """The pairs of every user message of ``tree``, or one rejection, each list in path order.

    A pair is any two replies on whose order both verdicts agree: with two replies one, with K up to K(K-1)/2, those
    farthest apart in the ranking first. A rejection gives the reason for the best and the worst reply. The prompt is
    the conversation up to and including the user's message, as in ALOE (arXiv 2410.03642, section 3.2), which has two
    replies and one verdict. With ``tree.keep`` of ``personal``, other pairs are rejected by the gate ``shared``. Of a
    twin, a pair is rejected by the gate ``twin`` unless it prefers the other reply than the original, and knowably so.
    With ``keep`` of ``given`` a file said which reply is preferred, and only ``GIVEN_GATES`` reject.
    """
    gates = GIVEN_GATES if tree.keep == "given" else gates
    pairs: list[PreferencePair] = []
    rejections: list[Rejection] = []
    nodes = by_id(tree)
    for node, comparisons in comparisons_of(tree).items():
        made, rejected = [], None
        for case in comparisons:
            why = first_reason(case, gates)
            pair = None if why else _pair(tree, nodes, case)
            if pair and (why := _unfit(tree, pair)):
                pair = None
            if pair:
                made.append(pair)
            rejected = rejected or why
        pairs += made
        if rejected and not made:
            gate, reason = rejected
            rejections.append(Rejection(place=f"{tree.id}/{node}", gate=gate, reason=reason))
    return pairs, rejections


def first_reason(case: Comparison, gates: Mapping[str, PairGate] = PAIR_GATES) -> tuple[str, str] | None:
    """The name and the reason of the first gate that rejects ``case``, or None."""
    for name, gate in gates.items():
        reason = gate(case)
        if reason is not None:
            return name, reason
    return None


def comparisons_of(tree: ConversationTree) -> dict[str, list[Comparison]]:
    """The comparisons of the replies to every user message, in path order; at least one, which may be empty."""
    nodes = by_id(tree)
    replies: dict[str, dict[str, str]] = {}
    for node in sorted(tree.nodes, key=lambda node: order(node.id)):
        if node.role == "user":
            replies[node.id] = {}
        else:
            replies[parent(node.id) or ""][node.id] = node.content
    own: dict[str, list[Judgment]] = {}
    others: dict[str, list[Judgment]] = {}
    for judgment in tree.judgments:
        (others if judgment.persona else own).setdefault(judgment.node, []).append(judgment)
    beliefs = {belief.node: belief for belief in tree.beliefs}
    return {
        node: comparisons(
            texts,
            own.get(node, []),
            others=others.get(node, []),
            before=messages(nodes, node),
            persona=tree.persona,
            belief=beliefs.get(node),
            unasked=[reply for reply in tree.unasked if parent(reply) == node],
            again=[made for made in (*tree.repeated, *tree.seconded) if made.node == node],
            checks=[check for check in tree.checks if f"{node}.".startswith(f"{check.node}.")],
        )
        for node, texts in replies.items()
        # A growth by information asks some turns only for what they reveal, and a twin all but its last.
        if len(texts) > 1 or not (tree.twin or (tree.grow == "information" and not texts))
    }


def comparisons(texts: Mapping[str, str], own: Sequence[Judgment], **more: Any) -> list[Comparison]:
    """Every two of the replies, the better first, by the first verdict; those farthest apart first."""
    ranking = own[0].ranking if own else ()
    if len(ranking) < 2 or {*ranking} != {*texts}:
        return [Comparison("", "", texts, own, **more)]
    both = sorted(combinations(ranking, 2), key=lambda two: ranking.index(two[0]) - ranking.index(two[1]))
    return [Comparison(better, worse, texts, own, **more) for better, worse in both]


def _pair(tree: ConversationTree, nodes: Mapping[str, Node], case: Comparison) -> PreferencePair:
    chosen, rejected = nodes[case.better], nodes[case.worse]
    node = case.judgments[0].node
    return PreferencePair(
        prompt=tuple(case.before),
        chosen=messages(nodes, chosen.id)[-1:],
        rejected=messages(nodes, rejected.id)[-1:],
        persona=tree.persona.id,
        tree=tree.id,
        node=node,
        turn=turn(node),
        chosen_agent=chosen.agent,
        rejected_agent=rejected.agent,
        chosen_node=chosen.id,
        rejected_node=rejected.id,
        models=tree.models,
        prompts=tree.prompts,
        attributes=tree.persona.attributes,
        twin=f"{tree.twin.tree}/{tree.twin.node}" if tree.twin else "",
        scores={name: measure(case) for name, measure in PAIR_SCORES.items()},
        **_grounds(case),
        **_counterfactuals(case),
    )


def _grounds(case: Comparison) -> dict[str, Any]:
    """What the user's own verdicts rest on; None where they do not say."""
    named = {line for made in case.judgments for line in made.because}
    because = tuple(line for line in lines(case.persona) if line in named)
    says = all(made.lines for made in case.judgments)
    sure = [made.confidence for made in case.judgments]
    known = None if case.belief is None else case.belief.inferences
    return {
        "margin": margin_of(case),
        "confidence": fmean(sure) if all(sure) else None,
        "because": because,
        "knowable": all(revealed(line, known) for line in because) if says and known is not None else None,
        "generic": not because if says else None,
        "leaking": None if known is None else leak_score(case) >= LEAKED,
    }


def _counterfactuals(case: Comparison) -> dict[str, Any]:
    """What another persona and nobody would prefer; None where they were not asked."""
    sides = {made.persona: _side(case, made) for made in case.others}
    pooled = sides.pop(NOBODY, None)
    share = fmean(side == "rejected" for side in sides.values()) if sides else None
    return {"pooled": pooled, "flip_share": share, "personal": None if share is None else share >= PERSONAL}


def _side(case: Comparison, made: Judgment) -> Pooled:
    """Which of the two replies a verdict prefers."""
    if made.tie:
        return "tie"
    return "chosen" if made.ranking.index(case.better) < made.ranking.index(case.worse) else "rejected"


def _unfit(tree: ConversationTree, pair: PreferencePair) -> tuple[str, str] | None:
    """The gate and the reason by which ``pair`` is not of the kind that ``tree`` is grown for."""
    if tree.twin and pair.chosen[0].content != tree.twin.replies[0].content:
        return "twin", "the judge prefers the same reply for the other person too"
    if tree.twin and not _is_on_the_matter(tree.twin, pair):
        return "twin", "the other person talked about another matter"
    if tree.twin and not pair.knowable:
        return "twin", "the other person did not reveal all that decides it"
    if tree.keep == "personal" and not pair.personal:
        return "shared", _shared(pair)
    return None


def _is_on_the_matter(twin: Twin, pair: PreferencePair) -> bool:
    """Whether the talk before the last message has words in common with that message and its two replies."""
    wanted = stems(" ".join((twin.message, *(reply.content for reply in twin.replies))))
    said = stems(" ".join(message.content for message in pair.prompt[:-1]))
    return len(wanted & said) >= ON_THE_MATTER * len(wanted)


def _shared(pair: PreferencePair) -> str:
    if pair.flip_share is None:
        return "no other persona was asked, so nothing shows that the preference is personal"
    return f"{1 - pair.flip_share:.0%} of the other personas do not prefer the rejected reply"
