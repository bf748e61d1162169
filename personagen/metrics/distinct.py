"""Whether a model writes differently for different people: distances of replies to the same message.

The distance of two replies is 1 minus the cosine of their vectors. Replies to one message differ by chance too, so that
of two samples for the same persona is what the distance of two personas is compared with (the idea of a one-way
analysis of variance, Fisher 1925). Intervals resample personas.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from personagen.metrics.win_rate import COVERAGE, RESAMPLES, Interval

Vectors = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Distances:
    """The mean distance ``between`` replies for two personas, ``within`` those for one, and their difference, ``gap``.

    With a gap whose interval is above 0 the replies depend on who asks, or on what was talked about before.
    """

    between: Interval
    within: Interval
    gap: Interval
    personas: int


def distances(vectors: Vectors, seed: int = 0) -> Distances | None:
    """The distances of the replies with ``vectors`` (personas, samples, dimensions), of unit length; None if too few.

    It takes two personas and two samples of each.

    Raises:
        ValueError: the array has another number of dimensions.
    """
    if vectors.ndim != 3:
        raise ValueError(f"vectors have the shape (personas, samples, dimensions), not {vectors.shape}")
    people, samples, _ = vectors.shape
    if people < 2 or samples < 2:
        return None
    means = vectors.mean(axis=1)
    square = (means**2).sum(axis=1)
    # The mean over pairs of samples of their cosine, since the vectors have unit length.
    within = 1 - (samples**2 * square - samples) / (samples * (samples - 1))
    drawn = np.random.default_rng(seed).multinomial(people, np.full(people, 1 / people), RESAMPLES).astype(np.float64)
    whole = np.ones((1, people))
    found = [_means(counts, means, square, within) for counts in (whole, drawn)]
    between, inside, gap = (_interval(float(one[0]), many) for one, many in zip(*found, strict=True))
    return Distances(between, inside, gap, people)


def _means(counts: Vectors, means: Vectors, square: Vectors, within: Vectors) -> tuple[Vectors, Vectors, Vectors]:
    """Between, within and their gap for each row of ``counts``, how often each persona was drawn.

    A persona that was drawn twice is not compared with itself.
    """
    own = counts**2
    pairs = counts.sum(axis=1) ** 2 - own.sum(axis=1)
    same = ((counts @ means) ** 2).sum(axis=1) - own @ square
    with np.errstate(invalid="ignore", divide="ignore"):
        between = 1 - same / pairs
    inside = counts @ within / counts.sum(axis=1)
    return between, inside, between - inside


def _interval(value: float, drawn: Vectors) -> Interval:
    finite = drawn[np.isfinite(drawn)]
    low, high = np.percentile(finite, [(100 - COVERAGE) / 2, (100 + COVERAGE) / 2])
    return Interval(value, min(float(low), value), max(float(high), value))
