"""The filter ``similarity``: rejects the meaning of an entry, by embedding."""

from __future__ import annotations

from personagen.personas.filters.pool_view import Candidate, PoolView, Refusal


def similarity(candidate: Candidate, view: PoolView) -> Refusal | None:
    """Rejects a text whose cosine with an entry reaches the threshold for the pool's size.

    Entries that ``candidate.known`` covers are not searched again.

    Raises:
        ValueError: the candidate has no vector.
    """
    if candidate.vector is None:
        raise ValueError(f"{candidate.place or candidate.description.id} has no vector: embed it first")
    newer = view.search(candidate.vector[None], candidate.known.searched)[0]
    hits = [(n.score, -n.row) for n in (candidate.known, newer) if n.score is not None and n.row is not None]
    if not hits or max(hits)[0] < view.similarity:
        return None
    score, row = max(hits)
    return Refusal("the same meaning as an entry", round(score, 6), view[-row].id)
