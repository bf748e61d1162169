"""The pair gates: why judged replies make no preference pair.

A pair gate is any ``(judgments, replies) -> reason | None`` of the verdicts about the replies to one user message, and
those replies by node id. The first reason counts, so after ``judged`` there are two verdicts about exactly these
replies, and gates about texts come first, since verdicts about equal texts can't agree.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from personagen.records import Judgment

PairGate: TypeAlias = Callable[[Sequence[Judgment], Mapping[str, str]], str | None]


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


def _blank(text: str) -> bool:
    # Zero-width and control characters are invisible, but not white space to str.strip.
    return all(char.isspace() or unicodedata.category(char) in ("Cc", "Cf") for char in text)


def empty(judgments: Sequence[Judgment], replies: Mapping[str, str]) -> str | None:
    """No pair if the best or the worst reply has no visible character."""
    best, *_, worst = judgments[0].ranking
    blank = [node for node in (best, worst) if _blank(replies[node])]
    return f"reply {blank[0]} is empty" if blank else None


def identical(judgments: Sequence[Judgment], replies: Mapping[str, str]) -> str | None:
    """No pair if the best and the worst reply differ only in case and white space."""
    best, *_, worst = judgments[0].ranking
    one, other = (" ".join(replies[node].split()).casefold() for node in (best, worst))
    return f"replies {best} and {worst} are the same" if one == other else None


def tie(judgments: Sequence[Judgment], replies: Mapping[str, str]) -> str | None:  # noqa: ARG001
    """No pair if either verdict is a tie."""
    ties = sum(judgment.tie for judgment in judgments)
    return f"a tie in {ties} of {len(judgments)} verdicts" if ties else None


def inconsistent(judgments: Sequence[Judgment], replies: Mapping[str, str]) -> str | None:  # noqa: ARG001
    """No pair unless both verdicts agree on the best and the worst reply; the order between them may differ.

    This removes the position bias of judge models (Zheng et al. 2023, arXiv 2306.05685, section 3.4).
    """
    first, second = (judgment.ranking for judgment in judgments)
    for which, at in (("best", 0), ("worst", -1)):
        if first[at] != second[at]:
            return f"the {which} reply changed with the order, from {first[at]} to {second[at]}"
    return None


PAIR_GATES: dict[str, PairGate] = {
    "judged": judged,
    "empty": empty,
    "identical": identical,
    "tie": tie,
    "inconsistent": inconsistent,
}
