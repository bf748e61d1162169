"""How often a reward model gives the chosen reply of a pair the higher reward, overall and by kind of pair.

This is the accuracy of RewardBench (Lambert et al. 2024, arXiv 2403.13787), with ties counted half. Pairs of one
persona are not independent, so whole personas are resampled for an interval (``metrics.win_rate``).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from personagen.metrics.win_rate import win_rate

MIN_PERSONAS = 5  # of an attribute group that is shown
HARDEST = 3  # one pair in three is hard


@dataclass(frozen=True)
class Rewarded:
    """A pair and the two rewards. What is not known of it is None, and ``groups`` are attributes of its persona."""

    persona: str
    turn: int
    chosen: float
    rejected: float
    margin: float | None = None
    personal: bool | None = None
    knowable: bool | None = None
    twin: bool = False
    groups: frozenset[str] = frozenset()

    @property
    def won(self) -> float:
        """1 if the chosen reply has the higher reward, 0.5 if both have the same, else 0."""
        return (self.chosen > self.rejected) + 0.5 * (self.chosen == self.rejected)


@dataclass(frozen=True)
class Accuracy:
    """The share of ``pairs``, of ``personas`` people, that a model orders rightly, with its 95 % interval."""

    value: float
    low: float
    high: float
    pairs: int
    personas: int


def accuracy(pairs: Iterable[Rewarded]) -> Accuracy | None:
    """The accuracy on ``pairs``, ties counted half; None without any."""
    wins: dict[str, list[float]] = defaultdict(list)
    for pair in pairs:
        wins[pair.persona].append(pair.won)
    rate = win_rate([(sum(own), len(own)) for _, own in sorted(wins.items())])
    return Accuracy(rate.value, rate.low, rate.high, sum(map(len, wins.values())), len(wins)) if rate else None


def hard_margin(pairs: Sequence[Rewarded]) -> float | None:
    """The margin up to which a pair is hard: the smallest that a third of the pairs, or more, do not exceed.

    Pairs without a margin do not count. None without any, and where all margins are equal, since then no pair is harder
    than another.
    """
    margins = sorted(pair.margin for pair in pairs if pair.margin is not None)
    if not margins or margins[0] == margins[-1]:
        return None
    return margins[-(-len(margins) // HARDEST) - 1]


def by_turn(pairs: Sequence[Rewarded]) -> dict[int, Accuracy]:
    """The accuracy at each turn."""
    turns = sorted({pair.turn for pair in pairs})
    return {turn: one for turn in turns if (one := accuracy(pair for pair in pairs if pair.turn == turn))}


def by_kind(pairs: Sequence[Rewarded]) -> dict[str, Accuracy]:
    """The accuracy on each kind of pair that there is.

    ``personal``: half or more of the other personas who were asked prefer the rejected reply; ``shared``: fewer do.
    ``hard``: the margin is at most ``hard_margin``; ``easy``: it is larger. ``knowable``: all that decides the pair was
    revealed before; ``unknowable``: not all. ``twin``: another persona prefers the other reply in a pair of its own.
    """
    most = hard_margin(pairs)
    kinds: Mapping[str, Callable[[Rewarded], bool]] = {
        "personal": lambda pair: pair.personal is True,
        "shared": lambda pair: pair.personal is False,
        "hard": lambda pair: most is not None and pair.margin is not None and pair.margin <= most,
        "easy": lambda pair: most is not None and pair.margin is not None and pair.margin > most,
        "knowable": lambda pair: pair.knowable is True,
        "unknowable": lambda pair: pair.knowable is False,
        "twin": lambda pair: pair.twin,
    }
    return {name: one for name, is_in in kinds.items() if (one := accuracy(filter(is_in, pairs)))}


def by_group(pairs: Sequence[Rewarded]) -> dict[str, Accuracy]:
    """The accuracy on the pairs of personas with each attribute that ``MIN_PERSONAS`` or more of them have."""
    members: dict[str, set[str]] = defaultdict(set)
    for pair in pairs:
        for group in pair.groups:
            members[group].add(pair.persona)
    large = sorted(name for name, people in members.items() if len(people) >= MIN_PERSONAS)
    return {name: one for name in large if (one := accuracy(pair for pair in pairs if name in pair.groups))}
