"""The filter ``same_traits``: rejects a personality with the traits of an entry."""

from __future__ import annotations

from personagen.personas.filters.pool_view import Candidate, PoolView, Refusal


def same_traits(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a personality whose canonical traits have a Jaccard index of ``rules.traits`` or more with an entry's.

    Wording does not matter: "prone to worry" and "anxious" are one trait.
    """
    found = view.nearest_by_traits(candidate)
    if found is None:
        return None
    overlap, entry = found
    if overlap == 1.0:
        return Refusal("the same traits as an entry", 1.0, entry.id)
    return Refusal(f"{overlap:.0%} of the traits are an entry's", round(overlap, 6), entry.id)
