"""Diversity of the texts of a pool: distinct-n, Vendi score, nearest neighbours, acceptance."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import numpy as np

from personagen.personas.english.text import words
from personagen.personas.filters.nearest import FloatArray

SAMPLE = 2000
MAX_COMPARED = 100_000_000  # pairs
_BLOCK = 8192


def distinct_n(texts: Sequence[str], n: int) -> float:
    """Distinct n-grams over all n-grams of words, from 0 to 1 (Li et al. 2016, arXiv 1510.03055).

    It falls with the amount of text, so compare only pools of similar size. 0 if no text has ``n`` words.
    """
    numbers: dict[str, int] = {}
    found, left = array("Q"), array("Q")  # the number of each word, and how many words of its text begin with it
    for text in texts:
        own = words(text)
        found.extend(numbers.setdefault(word, len(numbers)) for word in own)
        left.extend(range(len(own), 0, -1))
    whole = np.frombuffer(left, np.uint64) >= n if left else np.zeros(0, bool)
    single = np.frombuffer(found, np.uint64) if found else np.zeros(0, np.uint64)
    runs = single
    for size in range(2, n + 1):
        # Numbered anew at each length, so that a number of a run and one of a word fit into 64 bits together.
        runs = np.unique(runs[:-1] * np.uint64(len(numbers)) + single[size - 1 :], return_inverse=True)[1].astype(
            np.uint64
        )
    kept = runs[whole[: len(runs)]]
    return len(np.unique(kept)) / len(kept) if len(kept) else 0.0


def vendi_score(vectors: FloatArray) -> float:
    """The effective number of different texts, from 1 to n (Friedman and Dieng 2022, arXiv 2210.02410).

    The exponential of the entropy of the eigenvalues of K / n, where K holds the cosines between the rows of
    ``vectors`` (n, d), of unit length; they equal those of the d x d product. 0 for an empty pool.
    """
    if not len(vectors):
        return 0.0
    count, dims = vectors.shape
    if count < dims:
        rows = vectors.astype(np.float64)
        gram = rows @ rows.T
    else:
        gram = np.zeros((dims, dims))
        for low in range(0, count, _BLOCK):
            rows = vectors[low : low + _BLOCK].astype(np.float64)
            gram += rows.T @ rows
    values = np.linalg.eigvalsh(gram / count)
    values = values[values > 1e-12]
    return float(np.exp(-np.sum(values * np.log(values))))


@dataclass(frozen=True)
class NearestSimilarity:
    """Mean, quantiles and maximum of the cosines between ``of`` entries and their nearest neighbours."""

    mean: float
    p50: float
    p95: float
    max: float
    of: int


def nearest_similarity(
    vectors: FloatArray, first: int = 0, seed: int = 0, sample: int = SAMPLE
) -> NearestSimilarity | None:
    """Nearest-neighbour cosines, among all ``vectors`` (n, d) of unit length, of up to ``sample`` random ones from
    row ``first`` on; None if there is none."""
    count = len(vectors)
    if count < 2 or first >= count:
        return None
    rows = range(first, count)
    sample = max(1, min(sample, MAX_COMPARED // count))
    drawn = Random(f"{seed}/nearest").sample(rows, sample) if len(rows) > sample else rows
    asked = np.array(sorted(drawn))
    best = np.full(len(asked), -1.0, np.float32)
    for low in range(0, count, _BLOCK):
        cosines = vectors[asked] @ vectors[low : low + _BLOCK].T
        own = np.nonzero((asked >= low) & (asked < low + _BLOCK))[0]
        cosines[own, asked[own] - low] = -1.0
        best = np.maximum(best, cosines.max(axis=1))
    p50, p95 = np.quantile(best, [0.5, 0.95])
    return NearestSimilarity(float(best.mean()), float(p50), float(p95), float(best.max()), len(asked))


@dataclass(frozen=True)
class Round:
    """One round of growth: the candidates, those admitted, and the size of the pool afterwards."""

    asked: int
    admitted: int
    pool: int

    @property
    def share(self) -> float:
        """The share of the candidates that were admitted."""
        return self.admitted / self.asked if self.asked else 0.0


def acceptance_curve(rounds: Sequence[Round], points: int = 20) -> list[Round]:
    """``rounds`` merged into at most ``points`` groups of equal size, which show how acceptance falls."""
    width = max(1, -(-len(rounds) // points))
    stretches = [rounds[at : at + width] for at in range(0, len(rounds), width)]
    return [Round(sum(r.asked for r in part), sum(r.admitted for r in part), part[-1].pool) for part in stretches]
