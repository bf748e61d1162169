"""A linear model of pairs of texts: which one of two is preferred, from the difference of their features.

This is logistic regression on differences, the model of Bradley and Terry (1952, Biometrika 39) with features. It has
no intercept, so that swapping the two texts of a pair swaps the prediction.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from personagen.personas.words import words

FOLDS = 5
MIN_PAIRS_WITH_WORD = 3  # a rarer word or word pair is no feature
_STEPS, _POWER_STEPS = 30, 10
_PENALTY = 1.0  # times the squared weights, against the summed loss
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Differences:
    """A sparse matrix (pairs, features) of first text minus second, entries sorted by row."""

    row: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]
    value: Floats
    shape: tuple[int, int]

    def times(self, weights: Floats) -> Floats:
        """The product with ``weights`` (features,), as (pairs,)."""
        return np.bincount(self.row, self.value * weights[self.column], self.shape[0]).astype(np.float64)

    def transposed_times(self, rows: Floats) -> Floats:
        """The product of the transposed matrix with ``rows`` (pairs,), as (features,)."""
        return np.bincount(self.column, self.value * rows[self.row], self.shape[1]).astype(np.float64)

    def turned(self, signs: Sequence[int]) -> Differences:
        """The rows times their ``signs``, 1 or -1; rows with sign 0 are left out."""
        sign = np.asarray(signs)
        number = np.cumsum(sign != 0) - 1
        kept = sign[self.row] != 0
        row = self.row[kept]
        count = int(np.count_nonzero(sign))
        return Differences(number[row], self.column[kept], self.value[kept] * sign[row], (count, self.shape[1]))


def of_numbers(ones: Sequence[Sequence[float]], others: Sequence[Sequence[float]]) -> Differences:
    """The differences of dense features, each divided by its root mean square."""
    gap = np.asarray(ones, np.float64) - np.asarray(others, np.float64)
    size = np.sqrt(np.mean(gap**2, axis=0))
    gap /= np.where(size > 0, size, 1.0)
    row, column = np.indices(gap.shape)
    return Differences(row.ravel(), column.ravel(), gap.ravel(), gap.shape)


def of_words(ones: Sequence[str], others: Sequence[str]) -> Differences:
    """The words and word pairs that one text has and the other has not, each row of unit length."""
    count, numbers = len(ones), dict[str, int]()
    found, owner = array("q"), array("q")
    for number, text in enumerate((*ones, *others)):
        own = words(text)
        found.extend(numbers.setdefault(word, len(numbers)) for word in own)
        owner.extend([number] * len(own))
    single, whose = np.array(found, np.int64), np.array(owner, np.int64)
    inside = whose[1:] == whose[:-1]
    double = (single[:-1] * len(numbers) + single[1:] + len(numbers))[inside]
    feature = np.unique(np.concatenate([single, double]), return_inverse=True)[1]
    whose = np.concatenate([whose, whose[:-1][inside]])
    width = int(feature.max()) + 1 if len(feature) else 1
    at, feature = np.divmod(np.unique(whose * width + feature), width)  # each feature once per text
    keys, which = np.unique(at % count * width + feature, return_inverse=True)
    sign = np.bincount(which, np.where(at < count, 1.0, -1.0), len(keys))
    row, column = np.divmod(keys[sign != 0], width)
    value = sign[sign != 0]
    kept = np.bincount(column, minlength=width)[column] >= MIN_PAIRS_WITH_WORD
    row, value = row[kept], value[kept]
    columns, column = np.unique(column[kept], return_inverse=True)
    length = np.sqrt(np.bincount(row, minlength=count))
    return Differences(row, column, value / length[row], (count, max(1, len(columns))))


def folds_of(groups: Sequence[str], folds: int = FOLDS) -> npt.NDArray[np.int64]:
    """The fold of each row; a group is in one fold, and the folds are about equally large."""
    sizes = Counter(groups)
    filled, fold = [0] * folds, dict[str, int]()
    for group in sorted(sizes, key=lambda one: (-sizes[one], one)):
        fold[group] = filled.index(min(filled))
        filled[fold[group]] += sizes[group]
    return np.array([fold[group] for group in groups], np.int64)


def held_out(differences: Differences, groups: Sequence[str]) -> Floats:
    """How well each pair is told by a model of the other folds: 1 right, 0 wrong, 0.5 undecided, as (pairs,)."""
    fold = folds_of(groups)
    right = np.full(len(fold), 0.5)
    for out in range(FOLDS):
        scores = differences.times(_fitted(differences, fold != out))
        right[fold == out] = 0.5 + 0.5 * np.sign(scores[fold == out])
    return right


def _fitted(x: Differences, train: npt.NDArray[np.bool_]) -> Floats:
    """The weights with the least loss on the rows ``train``, by accelerated gradient descent (Nesterov 1983)."""
    rows = train.astype(np.float64)
    vector = np.random.default_rng(0).standard_normal(x.shape[1])
    size = 1.0
    for _ in range(_POWER_STEPS):  # the largest eigenvalue bounds the curvature
        vector = x.transposed_times(rows * x.times(vector))
        size = float(np.linalg.norm(vector)) or 1.0
        vector /= size
    step = 1.0 / (0.3 * size + _PENALTY)  # 0.25, and something for an eigenvalue not quite reached
    weights = ahead = np.zeros(x.shape[1])
    for number in range(_STEPS):
        pull = rows / (1.0 + np.exp(np.clip(x.times(ahead), -30, 30)))
        after = ahead + step * (x.transposed_times(pull) - _PENALTY * ahead)
        ahead = after + number / (number + 3.0) * (after - weights)
        weights = after
    return weights
