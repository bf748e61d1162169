"""Turns away a personality with the traits of another one."""

from __future__ import annotations

from personagen.personas.filters.pool_view import Candidate, PoolView, Refusal


def traits(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a personality whose canonical traits overlap with an entry's by ``rules.traits`` or more (Jaccard).

    Wording plays no part: "prone to worry" and "anxious" are one trait.
    """
    found = view.most_shared_traits(candidate)
    if found is None:
        return None
    overlap, entry = found
    if overlap == 1.0:
        return Refusal("the same traits as an entry", 1.0, entry.id)
    return Refusal(f"{overlap:.0%} of the traits are an entry's", round(overlap, 6), entry.id)
