"""The gate ``disputed``: rejects a pair that the judge, asked again, or another model decides differently."""

from __future__ import annotations

from personagen.gates.pair import Comparison


def disputed(case: Comparison) -> str | None:
    """No pair if a repeated verdict, or that of another model, does not prefer the better reply too."""
    for made in case.again:
        if made.tie or made.ranking.index(case.better) > made.ranking.index(case.worse):
            said = "it is a tie" if made.tie else f"reply {case.worse} is preferred to {case.better}"
            return f"asked again, {said}"
    return None
