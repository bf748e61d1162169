"""The filter ``duplicates``: rejects the wording of an entry, ignoring names and pronouns."""

from __future__ import annotations

from personagen.personas.filters.pool_view import Candidate, PoolView, Refusal


def duplicates(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a text whose Jaccard index with an entry reaches ``rules.duplicate``.

    The score is the Jaccard index of the sets of masked word triples (Broder 1997), exact over all entries.
    """
    found = view.nearest_by_wording(candidate)
    if found is None:
        return None
    overlap, entry = found
    if overlap == 1.0:
        return Refusal("the same text as an entry, except for names and pronouns", 1.0, entry.id)
    return Refusal(f"{overlap:.0%} of the wording is an entry's", round(overlap, 6), entry.id)
