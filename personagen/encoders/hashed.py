"""The default encoder: signed hashes of character 3-5-grams in 512 dimensions; no download, no network, only numpy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from personagen.encoders.encoder import Encoder, FloatArray, unit
from personagen.personas.filters import Threshold
from personagen.records import Kind

DIMS = 512
NAME = f"hashed-{DIMS}"
_BATCH = 256
_BUCKETS = 1 << 16
_FITTED = 16_384  # texts; more hardly change how frequent an n-gram is
_MIN_GRAM, _MAX_GRAM = 3, 5
_STEP = np.uint32(0x01000193)
_SPREAD, _MIX = np.uint32(0x9E3779B1), np.uint32(0x2C1B3C6D)

# Fitted to all pairs of ALOE's 331 profiles and 71 personalities, with the idf of our 40 seeds. In pools of 5, 20, 70
# and 330 of them, a held-out profile is taken for a repeat in 0.8, 0.8, 1.5 and 2.8 % of draws, a personality in 1.1,
# 2.8 and 5.8 % (four pairs are repeats); every profile with 1 to 3 details changed is found.
# Reproduce: python benchmarks/filter.py --data DIR, where DIR holds ALOE's two files.
THRESHOLDS: Mapping[Kind, Threshold] = {
    "profile": Threshold(0.2755, 0.0495, -0.0852, 0.8685),
    "personality": Threshold(0.3468, 0.0532, 0.0, 0.9057),
}

Idf = npt.NDArray[np.float64]


def encoder(seeds: Sequence[str]) -> Encoder:
    """The hashed encoder with its idf fitted to ``seeds``."""
    idf = fit(seeds)

    async def encode(texts: Sequence[str]) -> FloatArray:
        return hashed(texts, idf)

    return Encoder(NAME, encode, THRESHOLDS, encoder)


def fit(texts: Sequence[str]) -> Idf:
    """The inverse document frequency ln((1 + n) / (1 + df)) of every bucket of n-grams in ``texts``: (65536,).

    Of very many texts, n are taken at equal distances.
    """
    texts = texts[:: -(-len(texts) // _FITTED) or 1]
    found = np.zeros(_BUCKETS)
    for at in range(0, len(texts), _BATCH):
        for rows, grams in _grams(texts[at : at + _BATCH]):
            pairs = np.unique(rows * _BUCKETS + (grams >> np.uint32(16)))
            found += np.bincount(pairs % _BUCKETS, minlength=_BUCKETS)
    # Colliding n-grams of different lengths may count one text several times.
    return np.log((1 + len(texts)) / (1 + np.minimum(found, len(texts))))


def hashed(texts: Sequence[str], idf: Idf) -> FloatArray:
    """``texts`` as rows (n, 512) of unit length, by feature hashing (Weinberger et al. 2009).

    Every n-gram of the lower-case text adds its signed idf to one dimension; dimension, sign and idf bucket come from
    different bits of one hash of its code points, the same on every machine.
    """
    found = np.empty((len(texts), DIMS), np.float32)
    for at in range(0, len(texts), _BATCH):
        found[at : at + _BATCH] = _hashed(texts[at : at + _BATCH], idf)
    return found


def _hashed(texts: Sequence[str], idf: Idf) -> FloatArray:
    sums = np.zeros(len(texts) * DIMS)
    for rows, grams in _grams(texts):
        weights = idf[grams >> np.uint32(16)]
        np.negative(weights, out=weights, where=(grams & np.uint32(DIMS)) == 0)
        sums += np.bincount(rows * DIMS + (grams & np.uint32(DIMS - 1)), weights, minlength=len(sums))
    return unit(sums.reshape(len(texts), DIMS))


def _grams(texts: Sequence[str]) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.uint32]]]:
    """For each n-gram length, the row and the hash (uint32) of every n-gram of all texts."""
    padded = [f" {' '.join(text.lower().split())} " for text in texts]
    lengths = np.array([len(text) for text in padded], np.int64)
    points = np.frombuffer("".join(padded).encode("utf-32-le", "surrogatepass"), "<u4").astype(np.uint32)
    rows = np.repeat(np.arange(len(texts)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(points))
    rolling = points
    for size in range(2, _MAX_GRAM + 1):
        rolling = rolling[:-1] * _STEP + points[size - 1 :]
        if size < _MIN_GRAM:
            continue
        whole = left[: len(rolling)] >= size
        mixed = rolling[whole] * _SPREAD
        mixed ^= mixed >> np.uint32(15)
        mixed *= _MIX
        mixed ^= mixed >> np.uint32(13)
        yield rows[: len(rolling)][whole], mixed
