"""The filters for repeats of an entry: its wording, its traits, or its meaning."""

from __future__ import annotations

from personagen.personas.filters.pool_view import Candidate, PoolView, Refusal


def duplicates(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a text whose Jaccard index with an entry reaches ``rules.duplicate``, ignoring names and pronouns.

    The score is the Jaccard index of the sets of masked word triples (Broder 1997), exact over all entries.
    """
    if found := view.nearest_by_wording(candidate):
        same = "the same text as an entry, except for names and pronouns"
        reason = same if found[0] == 1.0 else f"{found[0]:.0%} of the wording is an entry's"
        return Refusal(reason, round(found[0], 6), found[1].id)
    return None


def same_traits(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a personality whose canonical traits have a Jaccard index of ``rules.traits`` or more with an entry's.

    Wording does not matter: "prone to worry" and "anxious" are one trait.
    """
    if found := view.nearest_by_traits(candidate):
        same = "the same traits as an entry"
        reason = same if found[0] == 1.0 else f"{found[0]:.0%} of the traits are an entry's"
        return Refusal(reason, round(found[0], 6), found[1].id)
    return None


def similarity(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a text whose cosine with an entry reaches the threshold for the pool's size.

    Entries that ``candidate.known`` covers are not searched again.

    Raises:
        ValueError: the candidate has no vector.
    """
    newer = view.search(candidate.embedding[None], candidate.known.searched)[0]
    hits = [(n.score, -n.row) for n in (candidate.known, newer) if n.score is not None and n.row is not None]
    if not hits or max(hits)[0] < view.similarity:
        return None
    score, row = max(hits)
    return Refusal("the same meaning as an entry", round(score, 6), view[-row].id)
