"""The filters for repeats of an entry: its wording, its traits, or its meaning."""

from __future__ import annotations

from personagen.personas.filters.pool_view import Candidate, PoolView, Refusal
from personagen.records import Description


def duplicates(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a text whose Jaccard index with an entry reaches ``rules.duplicate``, ignoring names and pronouns.

    The score is the Jaccard index of the sets of masked word triples (Broder 1997), exact over all entries.
    """
    same = "the same text as an entry, except for names and pronouns"
    return _repeat(view.nearest_by_wording(candidate), same, "wording is")


def same_traits(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a personality whose canonical traits have a Jaccard index of ``rules.traits`` or more with an entry's."""
    return _repeat(view.nearest_by_traits(candidate), "the same traits as an entry", "traits are")


def _repeat(found: tuple[float, Description] | None, same: str, part: str) -> Refusal | None:
    if found is None:
        return None
    index, entry = found
    return Refusal(same if index == 1.0 else f"{index:.0%} of the {part} an entry's", round(index, 6), entry.id)


def similarity(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a text whose cosine with an entry reaches the threshold for the pool's size."""
    # The entries that ``candidate.known`` covers are not searched again.
    newer = view.search(candidate.embedding[None], candidate.known.searched)[0]
    hits = [(n.score, -n.row) for n in (candidate.known, newer) if n.score is not None and n.row is not None]
    if not hits or max(hits)[0] < view.similarity:
        return None
    score, row = max(hits)
    return Refusal("the same meaning as an entry", round(score, 6), view[-row].id)
