"""UltraFeedback's format (arXiv 2310.01377): the replies to one message as a list with grades."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from personagen.exporters.columns import chat, place
from personagen.exporters.format import Format, Row
from personagen.records import ConversationTree, Judgment, PreferencePair
from personagen.trajectories import own_verdicts, scores_in
from personagen.tree import by_id, order


def ultrafeedback(tree: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per user message with a pair: ``prompt``, ``instruction``, ``models`` and ``completions``.

    ``instruction`` is the user's message alone, ``models`` are the agents. A completion has ``model``, ``response``,
    ``scores`` (1 to 5) and ``ranks`` (from 1), one for each order in which the judge saw the replies, and
    ``overall_score``, the mean of the scores. A verdict without scores counts by its ranking (``trajectories``).
    """
    nodes, verdicts = by_id(tree), own_verdicts(tree)
    first = {pair.node: pair for pair in reversed(pairs)}
    for node, pair in reversed(first.items()):
        graded = [_graded(verdict) for verdict in verdicts[node]]
        replies = sorted(graded[0], key=order)
        completions = [
            {
                "model": nodes[reply].agent,
                "response": nodes[reply].content,
                "overall_score": sum(grades[reply][0] for grades in graded) / len(graded),
                "scores": [grades[reply][0] for grades in graded],
                "ranks": [grades[reply][1] for grades in graded],
            }
            for reply in replies
        ]
        yield {
            "source": "personagen",
            "instruction": pair.prompt[-1].content,
            "prompt": chat(pair.prompt),
            "models": [nodes[reply].agent for reply in replies],
            "completions": completions,
            **place(pair),
        }


def _graded(verdict: Judgment) -> Mapping[str, tuple[float, int]]:
    """The score and the rank of each reply."""
    scores = scores_in(verdict)
    return {reply: (scores[reply], rank) for rank, reply in enumerate(verdict.ranking, 1)}


ULTRAFEEDBACK = Format(ultrafeedback, "tree", "code for openbmb/UltraFeedback, which reads completions")
