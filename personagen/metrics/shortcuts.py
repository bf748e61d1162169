"""Shortcuts of a set of preference pairs: how often a rule that knows nothing of the user picks the chosen reply.

A model trained on pairs that a shortcut explains learns the shortcut (Geirhos et al. 2020, arXiv 2004.07780). The rules
that are learned are tested on users of whom they saw no trait list and no profile.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from personagen.personas.words import chars_per_word, words

MIN_PAIRS, MIN_GROUPS = 100, 5  # below, an interval is too wide to say anything; groups as many as folds
MAX_PAIRS = 10_000  # more are sampled by the caller
HIGH = 0.65  # of the pairs; above, the shortcut explains too much
NAMES = ("longer", "length_and_format", "bag_of_words", "recites", "aware", "aware_from_plain")
_LEARNED = ("length_and_format", "bag_of_words", "aware_from_plain")
RECITED = 3  # words in a row that a recital shares with the user's description
_SENTENCE = re.compile(r"[.!?\u3002\uff01\uff1f\u0964\u061f]+")
_ITEM = re.compile(r"^\s*(?:[-*\u2022]|\d+[.)])\s", re.MULTILINE)


@dataclass(frozen=True)
class Compared:
    """The texts of a pair and their candidates; ``about`` describes the ``user``, and users alike share a ``group``."""

    chosen: str
    rejected: str
    agents: tuple[str, str]
    about: str
    user: str
    group: str


@dataclass(frozen=True)
class Shortcut:
    """The share of ``pairs``, those that the rule decides, in which it picks the chosen reply.

    ``low`` and ``high`` bound its 95 % interval, for which whole users are resampled, or groups for a learned rule.
    """

    value: float
    low: float
    high: float
    pairs: int


def shortcuts(pairs: Sequence[Compared]) -> dict[str, Shortcut]:
    """The accuracy of each rule on ``pairs``, at most ``MAX_PAIRS``; without a rule for which they are too few.

    A learned rule also needs ``MIN_GROUPS`` groups of users, to be tested on others than it was fitted on.

    ``longer`` and ``recites`` (the reply that has more word triples of the user's description) and ``aware`` are rules,
    ``length_and_format`` and ``bag_of_words`` are learned. ``aware_from_plain`` is how often a bag of words tells which
    of two replies is the aware one.
    """
    found = {}
    for name, right in outcomes(pairs).items():
        groups = [pair.group if name in _LEARNED else pair.user for pair in pairs]
        kept = [(group, one) for group, one in zip(groups, right, strict=True) if one is not None]
        found[name] = _accuracy([group for group, _ in kept], [one for _, one in kept])
    return {name: one for name in NAMES if (one := found.get(name))}


def outcomes(pairs: Sequence[Compared]) -> dict[str, list[float | None]]:
    """By rule, for each pair whether it picks the chosen reply, 1 or 0; 0.5 if undecided, None if it says nothing."""
    return {
        "longer": _rule(pairs, lambda pair: _sign(len(pair.chosen), len(pair.rejected))),
        "recites": _rule(pairs, lambda pair: _sign(_recited(pair.chosen, pair), _recited(pair.rejected, pair))),
        "aware": _rule(pairs, _aware),
        **_learned(pairs),
    }


def groups_of(users: Mapping[str, Iterable[Hashable]]) -> dict[str, str]:
    """The group of each user: those who share one of their keys, also by way of others, are in one group."""
    parent = {name: name for name in users}

    def top(name: str) -> str:
        while parent[name] != name:
            parent[name] = name = parent[parent[name]]
        return name

    first: dict[Hashable, str] = {}
    for name, keys in users.items():
        for key in keys:
            one, other = sorted((top(first.setdefault(key, name)), top(name)))
            parent[other] = one
    return {name: top(name) for name in users}


def _rule(pairs: Sequence[Compared], rule: Callable[[Compared], int]) -> list[float | None]:
    """The outcomes of a rule that says 1 for the chosen reply, -1 for the rejected one, 0 for neither."""
    return [float(sign > 0) if (sign := rule(pair)) else None for pair in pairs]


def _learned(pairs: Sequence[Compared]) -> dict[str, list[float | None]]:
    """The outcomes of the learned rules, each tested on the groups of users that it was not fitted on."""
    groups = [pair.group for pair in pairs]
    if not _enough(groups):
        return {}
    from personagen.metrics.linear import held_out, of_numbers, of_words

    chosen, rejected = [pair.chosen for pair in pairs], [pair.rejected for pair in pairs]
    words, formats = of_words(chosen, rejected), of_numbers([*map(_format, chosen)], [*map(_format, rejected)])
    signs = [_aware(pair) for pair in pairs]
    found: dict[str, list[float | None]] = {
        "length_and_format": held_out(formats, groups).tolist(),
        "bag_of_words": held_out(words, groups).tolist(),
    }
    known = [group for group, sign in zip(groups, signs, strict=True) if sign]
    if _enough(known):
        right = iter(held_out(words.turned(signs), known).tolist())
        found["aware_from_plain"] = [next(right) if sign else None for sign in signs]
    return found


def _enough(groups: Sequence[str]) -> bool:
    return len(groups) >= MIN_PAIRS and len(set(groups)) >= MIN_GROUPS


def _accuracy(groups: Sequence[str], right: Sequence[float]) -> Shortcut | None:
    if not _enough(groups):
        return None
    from personagen.metrics.win_rate import win_rate

    pairs, wins = Counter(groups), dict.fromkeys(groups, 0.0)
    for group, one in zip(groups, right, strict=True):
        wins[group] += one
    rate = win_rate([(wins[group], pairs[group]) for group in sorted(pairs)])
    return Shortcut(rate.value, rate.low, rate.high, len(groups)) if rate else None


def _sign(one: float, other: float) -> int:
    return (one > other) - (one < other)


def _aware(pair: Compared) -> int:
    """1 if the aware reply was chosen over a plain one, -1 if it was rejected, 0 for other candidates."""
    return {("aware", "plain"): 1, ("plain", "aware"): -1}.get(pair.agents, 0)


def _recited(text: str, pair: Compared) -> int:
    """How many runs of three words of ``text`` are in the description of the user."""
    return len(_runs(text) & _runs(pair.about))


def _runs(text: str) -> frozenset[tuple[str, ...]]:
    found = words(text)
    size = RECITED * chars_per_word(found)
    return frozenset(zip(*(found[start:] for start in range(size)), strict=False))


def _format(text: str) -> list[float]:
    """Length and format: of length the logarithm, of signs how many there are."""
    signs = [float(text.count(sign)) for sign in '?!,;:()-*#`"\n']
    sentences, items = len(_SENTENCE.findall(text)), len(_ITEM.findall(text))
    found = len(text.split())
    digits = sum(map(str.isdigit, text))
    capitals = sum(map(str.isupper, text)) / (len(text) or 1)
    length = [math.log(1 + len(text)), math.log(1 + found), len(text) / (1 + found), sentences, found / (1 + sentences)]
    return [*length, items, digits, capitals, *signs]
