"""The judge has a preference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from personagen.records import Judgment


def tie(judgments: Sequence[Judgment], replies: Mapping[str, str]) -> str | None:  # noqa: ARG001
    """No pair where either verdict is a tie."""
    ties = sum(judgment.tie for judgment in judgments)
    return f"a tie in {ties} of {len(judgments)} verdicts" if ties else None
