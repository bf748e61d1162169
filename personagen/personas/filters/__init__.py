"""What a candidate must pass to join a pool: one filter a file, in the order they run, cheap ones first.

A filter is any ``(Candidate, PoolView) -> Refusal | None``: None lets the candidate pass, a ``Refusal`` rejects it with
the reason, the measured value and the id of the nearest entry. It must be pure: the same candidate and view, the same
answer. The view holds the frozen pool of the round and those admitted before this candidate in the same round. So a
filter of one's own is a plain function::

    def no_doctors(candidate: Candidate, view: PoolView) -> Refusal | None:
        return Refusal("a doctor again") if "doctor" in candidate.description.text.lower() else None
"""

from __future__ import annotations

from personagen.personas.filters.duplicates import duplicates
from personagen.personas.filters.format import form
from personagen.personas.filters.misplaced import kind
from personagen.personas.filters.pool_view import Candidate, Filter, PoolView, Refusal, Rules, candidate
from personagen.personas.filters.same_traits import traits
from personagen.personas.filters.similarity import similarity
from personagen.personas.filters.threshold import Threshold
from personagen.records import Kind

# These look at the candidate alone: they run once, before anything is embedded.
SCREENS: dict[str, Filter] = {"form": form, "kind": kind}

# These compare it with the pool, in slot order.
FILTERS: dict[Kind, dict[str, Filter]] = {
    "profile": {"duplicates": duplicates, "similarity": similarity},
    "personality": {"traits": traits, "duplicates": duplicates, "similarity": similarity},
}

__all__ = [
    "FILTERS",
    "SCREENS",
    "Candidate",
    "Filter",
    "PoolView",
    "Refusal",
    "Rules",
    "Threshold",
    "candidate",
]  # fmt: skip
