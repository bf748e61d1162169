"""The partner, children and grandchildren of an invented person, as the drawn household says."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

from personagen.offline.author.grammar import IN_WORDS
from personagen.offline.author.jobs import trade
from personagen.offline.author.person import Life, name_of
from personagen.offline.texts import bank, with_article

_CHILD_BANDS = (("babies", 0, 1), ("smallkids", 1, 6), ("schoolkids", 6, 13), ("teens", 13, 18), ("minors", 0, 18))
_TRIES = 60


def family(one: Life, household: str, region: Mapping[str, Any], rng: Random) -> None:
    """Adds the slots and marks of a partner, children and grandchildren."""
    table = bank("author_life")["households"][household]
    # Where same-sex couples can't marry, they live together.
    free = not one.has.isdisjoint(("europe", "latin", "north", "oceania"))
    status = rng.choices([*table["status"]], [*table["status"].values()])[0]
    status = "cohab" if status == "married" and "samesex" in table and not free else status
    theirs = {"f": "m", "m": "f"}.get(one.sex) or rng.choice("fm")
    if "samesex" in table:
        theirs = {"f": "m", "m": "f"}[theirs]
        one.has.add("samesex")
    one.slots.update(partner=name_of(one, region, theirs, rng), spouse="wife" if theirs == "f" else "husband")
    ages = _ages(one.age, table, rng)
    _children(one, ages, region, rng)
    girls, boys = grandchildren(ages, rng)
    if girls or boys:
        count = girls + boys
        one.has.update(("grand", "onegrand" if count == 1 else "manygrand"))
        several = count > 3 and rng.random() < 0.7
        grand = f"{IN_WORDS[count]} grandchildren" if several else _counted(girls, boys, "granddaughter", "grandson")
        one.slots.update(grand=grand, gkind="granddaughter" if girls else "grandson")
    one.slots["girl"] = name_of(one, region, "f", rng)
    partnered = status in ("cohab", "married")
    one.has.update((status, "partnered" if partnered else "nopartner", *table.get("marks", ())))
    alone = not partnered and "minors" not in one.has and "relatives" not in one.has and rng.random() < 0.7
    one.has.add("solo" if alone else "notsolo")
    together = max(2, min(ages[0] + rng.randint(0, 3) if ages else rng.randint(2, 40), one.age - 19))
    if together >= 25:
        one.has.add("longmarried")
    one.slots["wedded"] = IN_WORDS[together]
    if status != "single":
        one.slots["apjob"] = trade(0 if status == "widowed" else one.age, one.has, rng)
    if len(ages) == 1 and "grownkids" in one.has:
        one.slots["akjob"] = trade(ages[0], one.has, rng)


def _ages(age: int, table: Mapping[str, Any], rng: Random) -> list[int]:
    """The ages of the children, none older or younger than the household allows."""
    if age < 20 or rng.random() >= table["parents"] * min(1.0, (age - 17) / 10):
        return []
    low, high = table.get("youngest", (0, 100))
    for _ in range(_TRIES):
        ages = children_ages(age, rng)
        if low <= ages[-1] <= high:
            return ages
    return [max(0, min(age - 20, low))] if low <= age - 19 else []


def children_ages(age: int, rng: Random) -> list[int]:
    """The ages of the children of a parent of ``age`` (20 or more), eldest first."""
    ages = [age - rng.randint(19, min(39, age))]
    for _ in range(rng.choice((0, 0, 0, 1, 1, 1, 1, 2, 2, 3))):
        younger = ages[-1] - rng.randint(1, 4)
        if younger < max(1, age - 45):
            break
        ages.append(younger)
    return ages


def _children(one: Life, ages: list[int], region: Mapping[str, Any], rng: Random) -> None:
    """Adds the slots and marks of children of these ``ages``."""
    if not any(age < 18 for age in ages):
        one.has.update(("nosmallkids", "noschoolkids"))
    if not ages:
        one.has.add("nokids")
        return
    one.has.update(("haskids", "onekid" if len(ages) == 1 else "manykids"))
    one.has.update(band for band, low, high in _CHILD_BANDS if any(low <= age < high for age in ages))
    if min(ages) >= 20:
        one.has.add("grownkids")
    sexes = rng.choices("fm", k=len(ages))
    said = [IN_WORDS[age] if age else "eight months" for age in ages]
    one.slots.update(
        kids=_counted(sexes.count("f"), sexes.count("m"), "daughter", "son"),
        nkids=IN_WORDS[len(ages)],
        kidages=", ".join(said[:-1]) + f" and {said[-1]}",
        kidage=said[0],
        agedkid=with_article(f"{said[0]}-year-old" if ages[0] else "eight-month-old"),
        kid=name_of(one, region, sexes[0], rng),
        kidnoun="daughter" if sexes[0] == "f" else "son",
    )


def grandchildren(ages: list[int], rng: Random) -> tuple[int, int]:
    """The numbers of granddaughters and grandsons from children of these ``ages``, often none."""
    parents = [age for age in ages if age >= 22]
    if not parents or rng.random() > (parents[0] - 19) / 22:
        return 0, 0
    count = rng.randint(1, min(9, 1 + sum(1 + (age >= 28) + (age >= 34) for age in parents)))
    girls = rng.randint(0, count)
    return girls, count - girls


def _counted(girls: int, boys: int, girl: str, boy: str) -> str:
    counts = ((girls, girl), (boys, boy))
    return " and ".join(f"a {one}" if count == 1 else f"{IN_WORDS[count]} {one}s" for count, one in counts if count)
