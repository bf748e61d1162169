"""The verdict does not hang on the order in which the replies were shown.

A judge model favours a place in the list; asking in both orders and keeping what agrees takes that out (Zheng et al.
2023, arXiv 2306.05685, section 3.4).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from personagen.records import Judgment


def consistent(judgments: Sequence[Judgment], replies: Mapping[str, str]) -> str | None:  # noqa: ARG001
    """No pair unless both verdicts name the same best and the same worst reply; between them they may differ."""
    first, second = (judgment.ranking for judgment in judgments)
    if first[0] != second[0]:
        return f"the best reply changed with the order, from {first[0]} to {second[0]}"
    if first[-1] != second[-1]:
        return f"the worst reply changed with the order, from {first[-1]} to {second[-1]}"
    return None
