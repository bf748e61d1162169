"""The cosine threshold for repeats: fixed, or rising with the size of the pool."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

TAIL = 0.1
FALSE_ALARMS = 0.01
MIN_TAIL_PAIRS = 50


@dataclass(frozen=True)
class Threshold:
    """A new text's nearest of n unrelated ones reaches ``at(n)`` once in a hundred times, and a repeat nearly always.

    ``start``, ``scale`` and ``shape`` describe the tail of the cosines (see ``fit``); repeats reach ``ceiling``.
    """

    start: float
    scale: float
    shape: float
    ceiling: float

    @classmethod
    def fixed(cls, cosine: float) -> Threshold:
        """The same ``cosine`` at every size."""
        return cls(cosine, 0.0, 0.0, cosine)

    def at(self, size: int) -> float:
        """The threshold for a pool of ``size`` entries."""
        rarity = max(1.0, size * TAIL / FALSE_ALARMS)
        steps = (rarity**self.shape - 1) / self.shape if self.shape else math.log(rarity)
        return min(self.ceiling, self.start + self.scale * steps)


def fit(different: npt.NDArray[np.floating], repeats: npt.NDArray[np.floating]) -> Threshold:
    """The threshold for an encoder with these cosines of pairs of ``different`` texts, and of ``repeats``.

    As pools grow, the nearest of n unrelated texts comes closer. Peaks over threshold (Pickands 1975): above the upper
    tenth, at u, the cosines of different texts follow a generalised Pareto tail of scale s and shape k, so one of n
    exceeds t(n) = u + s ((10 n)^k - 1) / k with probability 0.01; for k = 0 that is u + s ln(10 n). The moments of the
    excess over u give s and k (Hosking and Wallis 1987). k is clipped to [-0.5, 0], since cosines are bounded, and 0 if
    fewer than ``MIN_TAIL_PAIRS`` pairs exceed u, which is conservative. The ceiling is the cosine that 95 % of
    ``repeats`` reach; "different" pairs above it are repeats among the seeds and are omitted.
    """
    ceiling = float(np.quantile(repeats, 0.05))
    below = different[different < ceiling]
    start = float(np.quantile(below, 1 - TAIL)) if len(below) else ceiling
    beyond = below[below > start].astype(np.float64) - start
    mean, spread = (float(beyond.mean()), float(beyond.var())) if len(beyond) else (0.0, 0.0)
    shape = min(0.0, max(-0.5, (1 - mean**2 / spread) / 2)) if spread and len(beyond) >= MIN_TAIL_PAIRS else 0.0
    return Threshold(round(start, 4), round(mean * (1 - shape), 4), round(shape, 4), round(ceiling, 4))
