"""The encoder interface."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from personagen.personas.filters import Threshold
from personagen.records import Kind

FloatArray: TypeAlias = npt.NDArray[np.float32]
Encode: TypeAlias = Callable[[Sequence[str]], Awaitable[FloatArray]]


@dataclass(frozen=True)
class Encoder:
    """``encode`` maps n texts to unit vectors (n, d); ``thresholds`` are its calibrated defaults, if any.

    ``refit`` gives the same encoder for other texts, such as those in another language, if that makes a difference.
    """

    name: str
    encode: Encode
    thresholds: Mapping[Kind, Threshold] | None = None
    refit: Callable[[Sequence[str]], Encoder] | None = None


def unit(rows: npt.ArrayLike) -> FloatArray:
    """``rows`` (n, d) as float32, each scaled to length 1, except rows of zeros."""
    array = np.asarray(rows, np.float32)
    scaled: FloatArray = array / np.maximum(np.linalg.norm(array, axis=1, keepdims=True), np.float32(1e-12))
    return scaled
