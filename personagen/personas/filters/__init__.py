"""The filters that a candidate must pass to join a pool, in the order they run, cheap ones first.

A filter is any pure ``(Candidate, PoolView) -> Refusal | None``: None passes the candidate, a ``Refusal`` rejects it
with the reason, the measured value and the id of the nearest entry. The view holds the pool at the start of the round
and the candidates admitted since. A custom filter is a plain function::

    def no_doctors(candidate: Candidate, view: PoolView) -> Refusal | None:
        return Refusal("a doctor again") if "doctor" in candidate.description.text.lower() else None
"""

from __future__ import annotations

from personagen.personas.filters.format import format
from personagen.personas.filters.misplaced import misplaced
from personagen.personas.filters.pool_view import Candidate, Filter, PoolView, Refusal, Rules, candidate
from personagen.personas.filters.repeats import duplicates, same_traits, similarity
from personagen.personas.filters.threshold import Threshold
from personagen.records import Kind

# These check the candidate alone, before it is embedded.
SCREENS: dict[str, Filter] = {"format": format, "misplaced": misplaced}

# These compare the candidate with the pool, in slot order.
FILTERS: dict[Kind, dict[str, Filter]] = {
    "profile": {"duplicates": duplicates, "similarity": similarity},
    "personality": {"same_traits": same_traits, "duplicates": duplicates, "similarity": similarity},
}

__all__ = ["FILTERS", "SCREENS", "Candidate", "Filter", "PoolView", "Refusal", "Rules", "Threshold", "candidate"]
