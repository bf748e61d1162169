"""Turns away a text that an entry has said already, names and pronouns aside."""

from __future__ import annotations

from personagen.personas.filters.pool_view import Candidate, PoolView, Refusal


def duplicates(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a text whose masked word triples overlap with an entry's by ``rules.duplicate`` or more.

    The score is the Jaccard overlap of the two sets of triples (Broder 1997), found exactly against every entry.
    """
    found = view.most_overlapping(candidate)
    if found is None:
        return None
    overlap, entry = found
    if overlap == 1.0:
        return Refusal("the same text as an entry, names and pronouns aside", 1.0, entry.id)
    return Refusal(f"{overlap:.0%} of the wording is an entry's", round(overlap, 6), entry.id)
