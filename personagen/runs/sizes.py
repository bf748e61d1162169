"""Sizes of calls: how many, and their tokens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    """Calls of one role and their tokens: input, the cached part of it, output. Fractions are means."""

    calls: float = 0.0
    input: float = 0.0
    cached: float = 0.0
    output: float = 0.0

    def __add__(self, other: Size) -> Size:
        return Size(*map(sum, zip(vars(self).values(), vars(other).values(), strict=True)))

    def times(self, factor: float) -> Size:
        """This size times ``factor``."""
        return Size(*(value * factor for value in vars(self).values()))


@dataclass(frozen=True)
class Need:
    """The size of a role's calls: with short replies, expected, at most."""

    low: Size = Size()
    expected: Size = Size()
    upper: Size = Size()

    def __add__(self, other: Need) -> Need:
        return Need(self.low + other.low, self.expected + other.expected, self.upper + other.upper)
