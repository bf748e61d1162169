"""Whom the author is asked for: attributes with weights, and one draw of each per description.

Language models settle on their favourite people, so the draws are made here. ``population.toml`` says how its tables
are read; ``population_file`` reads a user's. A draw depends on the seed, its call and its slot only.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import TypeAlias

from personagen.personas.form import Form
from personagen.personas.lexicon import VALENCE
from personagen.personas.traits import go_together
from personagen.records import Kind

Draw: TypeAlias = dict[str, str | int]

#: Attributes with a meaning of their own: how many leading traits, the share of unflattering ones, the traits.
LEADING, UNFLATTERING, TRAITS = "leading", "unflattering", "traits"
PRONOUN = "pronoun"
#: Descriptions with fewer facts, or shorter than this share of a packaged one, are short: they are given this many of
#: the packaged attributes that say something alone, none of the others, and all of a user's own.
FEW_FACTS, FEW_WORDS, FEW_ATTRIBUTES = 6, 0.6, 2
TOLD_ALONE = ("age", "country", "work", "household", "religion", "health")
NOTHING_TO_TELL = "no disability"
TOLD_TOGETHER = ("region", "origin", "schooling", "sector", "place")
_TRIES = 200
_BELOW_ONE = 1 - 1e-12
_RANGE = re.compile(r"(\d{1,4})(?:-(\d{1,4}))?")


@dataclass(frozen=True)
class Weights:
    """The weights of an attribute's values: ``own``, unless ``given`` (attribute -> values -> weights) has others."""

    own: Mapping[str, float]
    given: Mapping[str, Mapping[str, Weights]]

    def after(self, drawn: Mapping[str, str | int]) -> Mapping[str, float]:
        """The weights for a person of whom ``drawn`` is known; empty if the attribute does not apply to them."""
        for name, cases in self.given.items():
            for values, weights in cases.items():
                if name in drawn and holds(values, drawn[name]):
                    return weights.after(drawn) or self.own
        return self.own

    def values(self) -> frozenset[str]:
        """Every value that can be drawn."""
        deeper = (weights.values() for cases in self.given.values() for weights in cases.values())
        return frozenset(self.own).union(*deeper)


#: The attributes of profiles and of personalities, in the order in which they are drawn.
Population: TypeAlias = Mapping[Kind, Mapping[str, Weights]]


def holds(values: str, drawn: str | int) -> bool:
    """Whether ``drawn`` is one of ``values``: "a|b" is either, "18-24" a number from 18 to 24."""
    for value in values.split("|"):
        bounds = _RANGE.fullmatch(value)
        if bounds and isinstance(drawn, int):
            if int(bounds[1]) <= drawn <= int(bounds[2] or bounds[1]):
                return True
        elif value == str(drawn):
            return True
    return False


def draws(population: Population, kind: Kind, form: Form, call: str, count: int) -> list[Draw]:
    """A draw for each of the ``count`` slots of ``call`` ("7/3": the seed and the number of the call).

    Within a call each attribute is spread evenly over its weights (Latin hypercube sampling, McKay et al. 1979), so
    that small pools are close to the population too. Attributes of the same name are drawn alike for both kinds, so
    that pronouns are as frequent in both pools. Of what was drawn, short descriptions get ``FEW_ATTRIBUTES``, and those
    without a pronoun no pronoun.
    """
    attributes = population[kind]
    quantiles = {name: _spread(Random(f"{call}/{name}"), count) for name in attributes}
    drawn = [_drawn(attributes, {name: row[slot] for name, row in quantiles.items()}, f"{call}/{slot}")
             for slot in range(count)]  # fmt: skip
    return [_fitting(one, kind, form, f"{call}/{slot}") for slot, one in enumerate(drawn)]


def _spread(random: Random, count: int) -> list[float]:
    """``count`` numbers from 0 to 1 in random order, one in each of as many equal steps."""
    return [(step + random.random()) / count for step in random.sample(range(count), count)]


def _drawn(attributes: Mapping[str, Weights], quantiles: Mapping[str, float], place: str) -> Draw:
    drawn: Draw = {}
    for name, weights in attributes.items():
        if name != TRAITS and (now := weights.after(drawn)):
            drawn[name] = value_of(now, quantiles[name])
    count = drawn.get(LEADING, 0)
    if isinstance(count, int) and count:
        given = attributes[TRAITS].own if TRAITS in attributes else None
        unkind = drawn.get(UNFLATTERING, 40)
        share = unkind / 100 if isinstance(unkind, int) else 0.4
        drawn[TRAITS] = ", ".join(leading_traits(Random(f"{place}/{TRAITS}"), count, share, given))
    return drawn


def value_of(weights: Mapping[str, float], quantile: float) -> str | int:
    """The value at ``quantile``, 0 to 1, of the distribution ``weights``; of a range, one number."""
    left = min(quantile, _BELOW_ONE) * sum(weights.values())
    value, weight = "", 0.0
    for value, weight in weights.items():  # noqa: B007 - the last one is used below
        if left < weight:
            break
        left -= weight
    bounds = _RANGE.fullmatch(value)
    if not bounds:
        return value
    low, high = int(bounds[1]), int(bounds[2] or bounds[1])
    return min(high, low + int((high - low + 1) * left / weight)) if weight else low


def leading_traits(random: Random, count: int, unflattering: float, given: Mapping[str, float] | None) -> list[str]:
    """``count`` different traits that go together, a share of them ``unflattering``, from the lexicon or ``given``."""
    unkind = int(count * unflattering + random.random())
    kinds = _by_valence() if given is None else ([*given], [*given])
    chosen: list[str] = []
    for _ in range(_TRIES):
        pool = kinds[len(chosen) < unkind]
        trait = random.choices(pool, [*given.values()])[0] if given else random.choice(pool)
        if trait not in chosen and all(go_together(trait, other) for other in chosen):
            chosen.append(trait)
        if len(chosen) == count:
            break
    return sorted(chosen, key=lambda _: random.random())


@cache
def _by_valence() -> tuple[list[str], list[str]]:
    """The lexicon's traits that nobody minds, and those that are hard to bear."""
    hard = [trait for trait, valence in VALENCE.items() if valence == "unflattering"]
    return [trait for trait in VALENCE if trait not in hard], hard


def _fitting(drawn: Draw, kind: Kind, form: Form, place: str) -> Draw:
    """What of ``drawn`` descriptions in ``form`` have room for."""
    kept = {name: value for name, value in drawn.items() if name != PRONOUN or form.pronoun}
    if kind == "personality":
        if TRAITS in kept and form.items[1]:
            traits = str(kept[TRAITS]).split(", ")[: max(1, form.items[1] // 2)]
            kept |= {LEADING: len(traits), TRAITS: ", ".join(traits)}
        return kept
    facts = form.items[1] or (FEW_FACTS if form.scale > FEW_WORDS else 1)
    if facts >= FEW_FACTS:
        return kept
    told = [name for name in TOLD_ALONE if name in kept and not str(kept[name]).startswith(NOTHING_TO_TELL)]
    chosen = Random(f"{place}/short").sample(told, min(FEW_ATTRIBUTES, len(told)))
    return {name: value for name, value in kept.items() if name in chosen or name not in (*TOLD_ALONE, *TOLD_TOGETHER)}
