"""Invented families: partners, children and grandchildren of plausible ages."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from personagen.offline.author.grammar import in_words, pick, with_article

#: An unused name in the family, for a woman, a man or either (f, m, n).
Namer: TypeAlias = Callable[[str], str]

STATUSES = ("single", "dating", "cohab", "married", "separated", "divorced", "widowed")
# Maximum age, frequency of each status, and share with children by status.
_BY_AGE: tuple[tuple[int, tuple[int, ...]], ...] = (
    (21, (80, 14, 4, 2, 0, 0, 0)),
    (26, (58, 15, 14, 12, 0, 1, 0)),
    (34, (34, 9, 21, 33, 1, 2, 0)),
    (49, (16, 5, 13, 52, 4, 9, 1)),
    (64, (11, 3, 7, 58, 4, 13, 4)),
    (200, (7, 2, 4, 50, 1, 12, 24)),
)
_PARENTS = {"single": 8, "dating": 10, "cohab": 45, "married": 84, "separated": 72, "divorced": 72, "widowed": 88}
_SIZES = (1, 1, 1, 2, 2, 2, 2, 3, 3, 4)
_SPOUSES = {"f": "wife", "m": "husband", "n": "spouse"}
_OTHER = {"f": "m", "m": "f", "n": "n"}
LEAVES_HOME = 20


def status(rng: Random, age: int) -> str:
    """A marital status, by its frequency at ``age``."""
    weights = next(weights for limit, weights in _BY_AGE if age <= limit)
    return rng.choices(STATUSES, weights)[0]


def partner(rng: Random, gender: str, name: Namer, same: float) -> dict[str, str]:
    """The slots of a partner for a person of ``gender`` (f, m or n); ``same`` is the share of same-sex partners."""
    theirs = _OTHER[gender] if gender != "n" else pick("fm", rng)
    if rng.random() < same:
        theirs = gender
    return {"partner": name(theirs), "spouse": _SPOUSES[theirs]}


def children_ages(rng: Random, age: int, kind: str) -> list[int]:
    """The ages of the children of a person of ``age``, eldest first."""
    if age < 20 or rng.random() * 100 >= _PARENTS[kind] * min(1.0, (age - 17) / 13):
        return []
    oldest = min(39, age)
    ages = [age - rng.randint(19, oldest)]
    for _ in range(pick(_SIZES, rng) - 1):
        younger = ages[-1] - rng.randint(1, 4)
        if younger < max(1, age - 45):
            break
        ages.append(younger)
    return ages


def children(rng: Random, ages: list[int], name: Namer) -> tuple[dict[str, str], set[str]]:
    """The slots and marks of children of these ``ages``."""
    if not ages:
        return {}, {"nokids", "nosmallkids", "noschoolkids"}
    sexes = [pick("fm", rng) for _ in ages]
    marks = {"haskids", "onekid" if len(ages) == 1 else "manykids"}
    bands = (("babies", 0, 1), ("smallkids", 1, 6), ("schoolkids", 6, 13), ("teens", 13, 18), ("minors", 0, 18))
    marks |= {band for band, low, high in bands if any(low <= a < high for a in ages)}
    if min(ages) >= LEAVES_HOME:
        marks.add("grownkids")
    marks |= {f"no{band}" for band in ("smallkids", "schoolkids") if "minors" not in marks}
    slots = {
        "kids": _counted(sexes.count("f"), sexes.count("m"), "daughter", "son"),
        "nkids": in_words(len(ages)),
        "kidages": _listed([_age(a, rng) for a in ages]),
        "kidage": _age(ages[0], rng),
        "agedkid": with_article(f"{in_words(ages[0])}-year-old" if ages[0] else "eight-month-old"),
        "kid": name(sexes[0]),
        "kidnoun": "daughter" if sexes[0] == "f" else "son",
    }
    return slots, marks


def grandchildren(rng: Random, ages: list[int]) -> tuple[dict[str, str], set[str]]:
    """The slots and marks of possible grandchildren from children of these ``ages``."""
    parents = [a for a in ages if a >= 22]
    if not parents or rng.random() > (parents[0] - 19) / 22:
        return {}, set()
    most = min(9, 1 + sum(1 + (a >= 28) + (a >= 34) for a in parents))
    count = rng.randint(1, most)
    girls = rng.randint(0, count)
    one = count == 1
    phrase = _counted(girls, count - girls, "granddaughter", "grandson")
    if count > 3 and rng.random() < 0.7:
        phrase = f"{in_words(count)} grandchildren"
    kind = "granddaughter" if girls else "grandson"
    return {"grand": phrase, "gkind": kind}, {"grand", "onegrand" if one else "manygrand"}


def _age(age: int, rng: Random) -> str:
    return in_words(age) if age else f"{pick(('five', 'seven', 'eight', 'ten'), rng)} months"


def _counted(girls: int, boys: int, girl: str, boy: str) -> str:
    counts = [(girls, girl), (boys, boy)]
    parts = [f"a {one}" if count == 1 else f"{in_words(count)} {one}s" for count, one in counts if count]
    return " and ".join(parts)


def _listed(words: list[str]) -> str:
    return ", ".join(words[:-1]) + f" and {words[-1]}" if len(words) > 1 else words[0]
