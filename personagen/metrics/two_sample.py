"""A two-sample test by a classifier: how well held-out conversations of two sets are told apart (arXiv 1610.06545).

At 50 % the sets look alike to this classifier; what a stronger one would see is not tested.
"""

from __future__ import annotations

import math
import statistics
import zlib
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from personagen.metrics.win_rate import Interval, win_rate
from personagen.personas.words import words

FOLDS, LEAST = 5, 20  # speakers that each set needs
MOST = 1000  # conversations of each set
_BUCKETS = 4096  # of hashed words and word pairs
_STEPS, _POWER_STEPS, _PENALTY = 60, 10, 1.0
Floats = npt.NDArray[np.float64]
Said = tuple[str, Sequence[str]]  # a speaker, and what they say in one conversation


def told_apart(ours: Sequence[Said], theirs: Sequence[Said]) -> Interval | None:
    """The accuracy on speakers that the classifier has not seen, with its 95 % interval over speakers.

    It is a logistic regression on hashed words and word pairs, and on lengths and marks. Conversations are cut to the
    same numbers of turns, and the larger set to the size of the smaller one. None if a set has too few speakers.
    """
    size = min(len(ours), len(theirs), MOST)
    ours, theirs = _spread(ours, size), _spread(theirs, size)
    if min(len({who for who, _ in said}) for said in (ours, theirs)) < LEAST:
        return None
    lengths = [min(len(a[1]), len(b[1])) for a, b in zip(_by_length(ours), _by_length(theirs), strict=True)]
    texts = [turns[:n] for said in (ours, theirs) for (_, turns), n in zip(_by_length(said), lengths, strict=True)]
    groups = [f"{which}/{who}" for which, said in enumerate((ours, theirs)) for who, _ in _by_length(said)]
    labels = np.repeat([1.0, -1.0], size)
    features = _features(texts)
    rank = {group: n for half in (groups[:size], groups[size:]) for n, group in enumerate(dict.fromkeys(half))}
    fold = np.array([rank[group] % FOLDS for group in groups])  # as many speakers of each set in every fold
    right = np.zeros(2 * size)
    for out in range(FOLDS):
        weights = _fitted(features[fold != out], labels[fold != out])
        right[fold == out] = np.sign(features[fold == out] @ weights) == labels[fold == out]
    counts, wins = Counter(groups), Counter[str]()
    for group, one in zip(groups, right, strict=True):
        wins[group] += int(one)
    return win_rate([(wins[group], counts[group]) for group in sorted(counts)])


def _spread(said: Sequence[Said], size: int) -> list[Said]:
    """``size`` conversations, evenly from all."""
    return [said[number * len(said) // size] for number in range(size)] if size else []


def _by_length(said: Sequence[Said]) -> list[Said]:
    return sorted(said, key=lambda one: len(one[1]))


def _features(texts: Sequence[Sequence[str]]) -> Floats:
    """(conversation, feature): hashed n-grams of unit length, standardised numbers, and a constant."""
    grams = np.zeros((len(texts), _BUCKETS))
    for row, turns in enumerate(texts):
        for turn in turns:
            found = words(turn)
            for gram in (*found, *map(" ".join, pairwise(found))):
                grams[row, zlib.crc32(gram.encode()) % _BUCKETS] = 1.0
    grams /= np.maximum(np.linalg.norm(grams, axis=1, keepdims=True), 1.0)
    numbers = np.array([_numbers(turns) for turns in texts])
    spread = numbers.std(axis=0)
    numbers = (numbers - numbers.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return np.hstack([grams, numbers, np.ones((len(texts), 1))])


def _numbers(turns: Sequence[str]) -> list[float]:
    """Length, its variation, marks and case of some turns."""
    sizes = [math.log1p(len(words(turn))) for turn in turns]
    text = " ".join(turns)
    marks = [text.count(mark) / len(turns) for mark in "?!.,'\n("]
    ends = sum(turn.rstrip()[-1:] in ".?!" for turn in turns) / len(turns)
    lower = sum(turn[:1].islower() for turn in turns) / len(turns)
    return [statistics.fmean(sizes), statistics.pstdev(sizes), *marks, ends, lower]


def _fitted(x: Floats, y: Floats) -> Floats:
    """The weights with the least penalised logistic loss, by accelerated gradient descent (Nesterov 1983)."""
    vector: Floats = np.random.default_rng(0).standard_normal((x.shape[1],))
    for _ in range(_POWER_STEPS):
        vector = x.T @ (x @ (vector / np.linalg.norm(vector)))
    step = 1.0 / (0.3 * float(np.linalg.norm(vector)) + _PENALTY)  # the largest eigenvalue bounds the curvature
    weights: Floats = np.zeros(x.shape[1])
    ahead = weights
    for number in range(_STEPS):
        pull = y / (1.0 + np.exp(np.clip(y * (x @ ahead), -30, 30)))
        after: Floats = ahead + step * (x.T @ pull - _PENALTY * ahead)
        ahead = after + number / (number + 3.0) * (after - weights)
        weights = after
    return weights
