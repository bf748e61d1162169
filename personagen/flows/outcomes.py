"""What a finished conversation, or a series of them, gives a run: lines of the result files, counts, or a failure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from personagen.errors import PersonagenError, ReplyError
from personagen.flows.conversation import Conversation
from personagen.flows.hygiene import judge_counts
from personagen.flows.messages import FailedTree, rejection
from personagen.flows.plan import Plan
from personagen.metrics.realism import counts_of, styled
from personagen.options.growth import is_branching
from personagen.pairs import pairs_of
from personagen.personas.english.text import sentences
from personagen.records import ConversationTree, PreferencePair, Rejection
from personagen.runs.run import added
from personagen.runs.schedule import Result
from personagen.trajectories import trajectories_of
from personagen.tree import one_path

TRAJECTORIES = "trajectories.jsonl"  # of a growth with several branches


def results_of(conversations: Sequence[Conversation]) -> list[Result]:
    """The result of each conversation of a series in which no step is left; a pair with a twin names it."""
    trees: list[ConversationTree | FailedTree] = []
    for conversation in conversations:
        try:
            trees.append(conversation.tree())
        except FailedTree as failure:
            trees.append(failure)
    twins = [tree for tree in trees if isinstance(tree, ConversationTree) and tree.twin and pairs_of(tree)[0]]
    return [
        _failed(one.plan, tree, one) if isinstance(tree, FailedTree) else _grown(tree, one, twins)
        for tree, one in zip(trees, conversations, strict=True)
    ]


def joined(results: Sequence[Result]) -> Result:
    """The result of a series: all or nothing if a server gave no answer, else the sessions until one failed."""
    first, *later = results
    if not later:
        return first
    if results[-1].unanswered:
        return results[-1]
    lines: dict[str, bytes] = {}
    for result in results:
        lines |= {name: lines.get(name, b"") + text for name, text in result.lines.items()}
    barren = all(result.barren for result in results)
    failure = first.failure if barren else ""
    counts = added(result.counts for result in results)
    return replace(first, lines=lines, counts=counts, failure=failure, barren=barren)


def _grown(tree: ConversationTree, grown: Conversation, twins: Sequence[ConversationTree]) -> Result:
    """The lines of a finished tree for the result files, and its counts for the summary.

    It is barren if nothing in it was judged and a reply could not be used.
    """
    pairs, rejections = pairs_of(tree)
    pairs = [_linked(pair, twins) for pair in pairs]
    log, unusable = grown.log, grown.log.first_unusable()
    lines = {
        "trees.jsonl": tree.line() + b"\n",
        "pairs.jsonl": b"".join(pair.line() + b"\n" for pair in pairs),
        "rejections.jsonl": _rows(rejections + log.rejections(tree.id)),
    }
    trajectories = trajectories_of(tree) if is_branching(tree.grow) else []
    if is_branching(tree.grow):
        lines[TRAJECTORIES] = b"".join(pair.line() + b"\n" for pair in trajectories)
    called = {**log.counts(), **grown.ctx.counts.by_name()}
    if tree.twin:  # its figures would be those of another person's conversation
        return Result(lines, {**called, "messages": 0, "twins": {"conversations": 1, "pairs": len(pairs)}})
    counts = {
        "trees": 1,
        "pairs": len(pairs),
        "paired_turns": (paired := len({pair.node for pair in pairs})),
        "turns": paired + len(rejections),
        "verdicts": _rests_on(pairs),
        "aware_chosen": sum(pair.chosen_agent == "aware" for pair in pairs),
        "quotes_dropped": sum(belief.dropped for belief in tree.beliefs),
        "trajectories": len(trajectories),
        "rejected": Counter(rejection.gate for rejection in rejections),
        "realism": _realism(tree, grown),
        **called,
        **judge_counts(tree),
    }
    if not unusable or pairs or any(rejection.gate not in _UNJUDGED for rejection in rejections):
        return Result(lines, counts)
    return Result(lines, counts, str(unusable[1]), kind=_kind(unusable[1]), barren=True)


_UNJUDGED = ("uninformed", "judged")


def _linked(pair: PreferencePair, twins: Sequence[ConversationTree]) -> PreferencePair:
    """``pair`` with the place of its twin in one of ``twins``, if it has one there."""
    for tree in twins:
        if (twin := tree.twin) and (twin.tree, twin.replies[0].id) == (pair.tree, pair.rejected_node):
            end = next(node.id for node in reversed(tree.nodes) if node.role == "user")
            return pair.model_copy(update={"twin": f"{tree.id}/{end}"})
    return pair


def _rests_on(pairs: Sequence[PreferencePair]) -> Counter[str]:
    """How many pairs there are by what their verdicts rest on."""
    return Counter(
        name
        for pair in pairs
        for name, holds in {
            "grounds": pair.generic is not None,
            "knowable": pair.knowable,
            "generic": pair.generic,
            "leaking": pair.leaking,
            "compared": pair.personal is not None,
            "personal": pair.personal,
            "personal_and_knowable": pair.personal and pair.knowable,
            "pooled": pair.pooled,
            "agrees": pair.pooled == "chosen",
        }.items()
        if holds
    )


def _realism(tree: ConversationTree, grown: Conversation) -> Counter[str]:
    """The numbers of what the user says on one path of the tree, by the style of the conversation."""
    turns = [node.content for node in one_path(tree) if node.role == "user"]
    facts = tree.persona.facts or sentences(tree.persona.profile)
    ends = Counter(grown.log.ended.values()) or {"all turns": 1}
    return styled(counts_of(turns, facts, ends, grown.ctx.language), tree.style)


def _failed(plan: Plan, failure: FailedTree, grown: Conversation) -> Result:
    log = grown.log
    row = rejection(f"{plan.id}/{failure.place}", "failed", failure.cause)
    others = {at: error for at, error in log.unusable.items() if error is not failure.cause}  # that one has its row
    return Result(
        {"rejections.jsonl": _rows([*replace(log, unusable=others).rejections(plan.id), row])},
        {**log.counts(), **grown.ctx.counts.by_name()},
        str(failure),
        kind=_kind(failure.cause),
        unanswered=failure.unanswered,
    )


def _kind(error: PersonagenError) -> str:
    """What errors with one cause have in common; empty if they are told apart by their message."""
    return f"{error.prompt} {error.cause}" if isinstance(error, ReplyError) and error.prompt else ""


def _rows(rejections: Sequence[Rejection]) -> bytes:
    return b"".join(rejection.line() + b"\n" for rejection in rejections)
