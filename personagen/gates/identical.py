"""The two replies of the pair differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from personagen.records import Judgment


def _folded(text: str) -> str:
    return " ".join(text.split()).casefold()


def identical(judgments: Sequence[Judgment], replies: Mapping[str, str]) -> str | None:
    """No pair where the best and the worst reply are the same but for case and whitespace."""
    best, worst = judgments[0].ranking[0], judgments[0].ranking[-1]
    return f"replies {best} and {worst} are the same" if _folded(replies[best]) == _folded(replies[worst]) else None
