"""Trajectory pairs of a judged tree: two branches that one fork begins, and what each is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from pydantic import Field

from personagen.records import ConversationTree, Judgment, Message, Node, Sourced, Whole
from personagen.tree import by_id, messages, order, parent, path, turn

BEST, WORST = 5.0, 1.0
MIN_REPLIES = 2  # of a segment; one reply each is a preference pair


class TrajectoryPair(Sourced):
    """Two branches of one tree from the fork ``node`` on, cut to the same number of replies.

    ``prompt`` ends with the user's message at the fork. ``chosen`` and ``rejected`` alternate an assistant's reply and
    the user's answer to it, and end with a reply; ``chosen_end`` and ``rejected_end`` are the ids of that reply, the
    agents those of the replies. A value is the mean score (1 to 5) of the replies from the fork to the end of the whole
    branch.
    """

    prompt: tuple[Message, ...]
    chosen: tuple[Message, ...]
    rejected: tuple[Message, ...]
    chosen_value: float
    rejected_value: float
    persona: str
    tree: str
    node: str
    turn: int
    chosen_end: str
    rejected_end: str
    chosen_agents: tuple[str, ...]
    rejected_agents: tuple[str, ...]
    models: dict[str, str] = Field(default_factory=dict)
    prompts: dict[str, str] = Field(default_factory=dict)
    attributes: dict[str, str | Whole] = Field(default_factory=dict)


def scores_of(judgments: Iterable[Judgment | None]) -> dict[str, float]:
    """The score of each judged reply, 1 to 5: the mean over the user's own verdicts.

    A verdict without scores counts by its ranking, evenly from 5 for the first to 1 for the last; a tie is 3 for all.
    """
    found: dict[str, list[float]] = {}
    for verdict in judgments:
        if verdict and not verdict.persona:
            for reply, score in scores_in(verdict).items():
                found.setdefault(reply, []).append(score)
    return {reply: fmean(scores) for reply, scores in found.items()}


def scores_in(verdict: Judgment) -> Mapping[str, float]:
    """The scores of one verdict, 1 to 5, as in ``scores_of``."""
    if len(verdict.scores) == len(verdict.order):
        return dict(zip(verdict.order, map(float, verdict.scores), strict=True))
    if verdict.tie:
        return dict.fromkeys(verdict.ranking, (BEST + WORST) / 2)
    step = (BEST - WORST) / max(1, len(verdict.ranking) - 1)
    return {reply: BEST - step * place for place, reply in enumerate(verdict.ranking)}


def value(scores: Mapping[str, float], replies: Iterable[str]) -> float:
    """The value of a branch: the mean score of those of its ``replies`` that were judged; 3 if none was."""
    known = [scores[reply] for reply in replies if reply in scores]
    return fmean(known) if known else (BEST + WORST) / 2


@dataclass(frozen=True)
class _Branch:
    """The replies of a branch from one reply to its end, and their value."""

    replies: tuple[str, ...]
    value: float


def trajectories_of(tree: ConversationTree) -> list[TrajectoryPair]:
    """One pair for every two replies to a message of which both verdicts prefer one and both continue, in path order.

    The preferred reply's branch is the most valuable of those that go furthest from it, the other's the least valuable
    one. Both begin at the fork, so the rejected reply there is the first bad turn that they do not share, and both are
    cut to the replies of the shorter one: SDPO (arXiv 2501.01821) needs equally many turns on both sides for its loss.
    SDPO has a model find the bad turn of a bad conversation and samples better ones from there; here the verdicts and
    the tree give both. Pairs whose values contradict the verdict at the fork, those of one reply, and those with a
    message of the user that was found to contradict the persona are left out.
    """
    nodes, verdicts = by_id(tree), own_verdicts(tree)
    ends = _branches(tree.nodes, scores_of(tree.judgments))
    pairs = []
    for fork in sorted(verdicts, key=order):
        for better, worse in agreed(verdicts[fork]):
            if better in ends and worse in ends:
                (chosen, _), (_, rejected) = ends[better], ends[worse]
                if chosen.value > rejected.value:
                    pairs.append(_pair(tree, nodes, fork, chosen, rejected))
    wrong = [f"{check.node}." for check in tree.checks if check.contradicted]
    return [pair for pair in pairs if len(pair.chosen_agents) >= MIN_REPLIES and not _has(pair, wrong)]


def _has(pair: TrajectoryPair, found: Sequence[str]) -> bool:
    """Whether a reply of ``pair`` follows a user message that was ``found``, given as the beginning of their ids."""
    return any(end.startswith(at) for end in (pair.chosen_end, pair.rejected_end) for at in found)


def _by_value(branch: _Branch) -> tuple[float, tuple[int, ...]]:
    return branch.value, order(branch.replies[-1])


def own_verdicts(tree: ConversationTree) -> dict[str, list[Judgment]]:
    """The user's own verdicts by user message."""
    found: dict[str, list[Judgment]] = {}
    for verdict in tree.judgments:
        if not verdict.persona:
            found.setdefault(verdict.node, []).append(verdict)
    return found


def agreed(verdicts: Sequence[Judgment]) -> list[tuple[str, str]]:
    """Every two replies (better, worse) that two verdicts, in different orders, rank alike."""
    if len(verdicts) != 2 or any(verdict.tie for verdict in verdicts) or verdicts[0].order == verdicts[1].order:
        return []
    first, second = (verdict.ranking for verdict in verdicts)
    places = {reply: place for place, reply in enumerate(second)}
    both = [reply for reply in first if reply in places]
    return [(a, b) for at, a in enumerate(both) for b in both[at + 1 :] if places[a] < places[b]]


def _branches(nodes: Sequence[Node], scores: Mapping[str, float]) -> dict[str, tuple[_Branch, _Branch]]:
    """For each reply the most and the least valuable one of the longest branches that begin with it."""
    replies = {node.id for node in nodes if node.role == "assistant"}
    continued = {parent(parent(reply) or "") for reply in replies}
    found: dict[str, tuple[_Branch, _Branch]] = {}
    for end in sorted(replies - continued, key=order):
        steps = end.split(".")
        whole = [".".join(steps[: at + 1]) for at in range(1, len(steps), 2)]
        for at, reply in enumerate(whole):
            branch = _Branch(tuple(whole[at:]), value(scores, whole[at:]))
            best, worst = found.get(reply, (branch, branch))
            if len(branch.replies) > len(best.replies):
                found[reply] = branch, branch
            elif len(branch.replies) == len(best.replies):
                found[reply] = max(best, branch, key=_by_value), min(worst, branch, key=_by_value)
    return found


def _pair(
    tree: ConversationTree, nodes: Mapping[str, Node], fork: str, chosen: _Branch, rejected: _Branch
) -> TrajectoryPair:
    length = min(len(chosen.replies), len(rejected.replies))
    ends = [branch.replies[length - 1] for branch in (chosen, rejected)]
    after = [path(nodes, end)[len(fork.split(".")) :] for end in ends]
    segments = [tuple(Message(role=node.role, content=node.content) for node in side) for side in after]
    agents = [tuple(node.agent for node in side if node.role == "assistant") for side in after]
    return TrajectoryPair(
        prompt=messages(nodes, fork),
        chosen=segments[0],
        rejected=segments[1],
        chosen_value=round(chosen.value, 4),
        rejected_value=round(rejected.value, 4),
        persona=tree.persona.id,
        tree=tree.id,
        node=fork,
        turn=turn(fork),
        chosen_end=ends[0],
        rejected_end=ends[1],
        chosen_agents=agents[0],
        rejected_agents=agents[1],
        models=tree.models,
        prompts=tree.prompts,
        attributes=tree.persona.attributes,
    )
