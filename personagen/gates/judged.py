"""Both verdicts are there, and they are about these replies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from personagen.records import Judgment


def judged(judgments: Sequence[Judgment], replies: Mapping[str, str]) -> str | None:
    """No pair unless two or more replies were ranked twice, shown in two different orders."""
    if len(replies) < 2:
        return f"{len(replies)} of at least 2 replies"
    if len(judgments) != 2:
        return f"{len(judgments)} of 2 verdicts"
    for judgment in judgments:
        if not sorted(judgment.order) == sorted(judgment.ranking) == sorted(replies):
            return f"a verdict ranks {', '.join(judgment.ranking)} where the replies are {', '.join(replies)}"
    if judgments[0].order == judgments[1].order:
        return "both verdicts saw the replies in the same order"
    return None
