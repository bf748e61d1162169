"""Invented lives: a consistent age, place, work and family, as the slots and marks that the templates use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from random import Random
from typing import Any

from personagen.offline.author.grammar import IN_WORDS, Entry, entry, inflected
from personagen.offline.texts import bank, fill, with_article
from personagen.personas.english.facts import Pronoun

# Shares of immigrants, and of children of immigrants.
MIGRANTS, HEIRS = 0.17, 0.06
STATUSES = ("single", "dating", "cohab", "married", "separated", "divorced", "widowed")
# The maximum age for physically demanding jobs.
MAX_LEGS_AGE = 73
_TRIES = 20
_WHO: tuple[tuple[Pronoun, str, str], ...] = (("she", "f", "female"), ("he", "m", "male"), ("they", "n", "nonbinary"))
# Frequency and minimum age of each level of schooling (none, some, secondary, trade, bachelor, master, doctor).
_LEVELS_RICH, _LEVELS = (1, 8, 17, 26, 26, 15, 7), (15, 19, 22, 18, 17, 6, 3)
LEVEL_AGES = (18, 18, 18, 18, 22, 24, 28)
_CHILD_BANDS = (("babies", 0, 1), ("smallkids", 1, 6), ("schoolkids", 6, 13), ("teens", 13, 18), ("minors", 0, 18))


@dataclass(frozen=True)
class Life:
    """A person: the slots of their templates, their marks, and the marks they can't have.

    ``sex`` is f, m or n; ``details`` and ``food`` are the entries about their job and the food of their origin.
    """

    who: Pronoun
    sex: str
    age: int
    has: set[str]
    barred: set[str] = field(default_factory=set)
    slots: dict[str, str] = field(default_factory=dict)
    details: list[str] = field(default_factory=list)
    food: list[str] = field(default_factory=list)

    def fits(self, one: Entry) -> bool:
        """Whether the person can have ``one``."""
        return one.fits(self.age, self.has, self.barred)

    def take(self, one: Entry) -> None:
        """Applies the marks that ``one`` adds and bars."""
        self.has.update(one.adds)
        self.barred.update(one.bars)

    def drawn(self, lines: Sequence[str], rng: Random) -> Entry | None:
        """A random entry of ``lines`` that fits, or None."""
        tried = (entry(rng.choice(lines)) for _ in range(_TRIES))
        return next(filter(self.fits, tried), None)

    def told(self, template: str, rng: Random, *, named: bool = False, **more: str) -> str:
        """``template`` inflected and filled for this person."""
        return fill(inflected(template, self.who, named), rng, self.slots | more if more else self.slots)


def life(rng: Random) -> Life:
    """A plausible person, drawn from ``rng``."""
    who, sex, mark = rng.choices(_WHO, (44, 44, 12))[0]
    age = rng.randint(18, 85) if rng.random() < 0.72 else min(85, max(18, round(rng.gauss(40, 13))))
    one = Life(who, sex, age, {mark})
    here, origin = _homes(one, rng)
    level = rng.choices(range(7), _LEVELS_RICH if "rich" in one.has else _LEVELS)[0]
    level = min(level, sum(least <= age for least in LEVEL_AGES) - 1)
    one.has.update((f"e{level}", "degree" if level > 3 else "lowed"))
    faith = rng.choice(origin["faith"])
    one.has.update(bank("author_life")["faiths"][faith])
    one.barred.update(bank("author_life")["forbids"].get(faith, ()))
    for slot, theirs in (("name", sex), ("sister", "f"), ("brother", "m")):
        one.slots[slot] = _name(one, origin, theirs, rng)
    _family(one, here if rng.random() < 0.5 else origin, rng)
    _work(one, level, rng)
    there = bank("author_places")[rng.choice(here["to"])]
    one.slots["faraway"] = rng.choice([*there["cities"], there["country"]])
    said = str(age) if rng.random() < 0.6 else IN_WORDS[age]
    one.slots.update(age=said, anage=with_article(f"{said}-year-old"))
    one.food.extend(origin["food"])
    return one


def _homes(one: Life, rng: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """The region in which a person lives, and that of their own or their parents' origin."""
    places = bank("author_places")
    origin = here = rng.choice([*places.values()])
    dice = rng.random()
    if dice < MIGRANTS + HEIRS:
        here = places[rng.choice(origin["to"])]
    one.has.update(here["tags"])
    if here["country"] == origin["country"]:
        origin = here
        one.has.add("native")
    elif dice < MIGRANTS:
        years = min(rng.randint(2, 45), one.age - 1)
        came = one.age - years
        rules = {
            "migrant": True, "recent": years < 4, "longsince": years > 11, "cameadult": came >= 18,
            "camechild": came < 16, "refugee": "rich" not in origin["tags"] and rng.random() < 0.35,
        }  # fmt: skip
        one.has.update(mark for mark, holds in rules.items() if holds)
        one.slots.update(since=IN_WORDS[years], came=IN_WORDS[came])
    else:
        one.has.add("heir")
    city = rng.choice(here["cities"])
    one.slots.update(country=here["country"], city=city, origin=origin["country"])
    one.slots["origincity"] = rng.choice(origin["cities"])
    others = [c for c in (origin if "cameadult" in one.has else here)["cities"] if c != city]
    one.slots["college"] = rng.choice(others or here["cities"])
    town = rng.random() < 0.62
    one.has.update({"urban", "net"} if town else {"rural", "net"} if "rich" in one.has else {"rural"})
    where = rng.choice(bank("author_life")["towns"] if town else here["rural"])
    if not town and rng.random() < 0.45 and here["country"] not in where:
        where += ", <country>"
    one.slots["inplace"] = fill(where, rng, one.slots)
    tongues = [origin["lang"][0], *here["lang"][:1], *origin["lang"][1:]]
    known = list(dict.fromkeys(tongues))
    one.slots["lang"] = known[0]
    if len(known) > 1:
        one.has.add("bilingual")
        one.slots["otherlang"] = known[1]
    foreign = [tongue for tongue in bank("author_work")["tongues"] if tongue not in (*known, *here["lang"])]
    one.slots["third"] = rng.choice(foreign)
    return here, origin


def _name(one: Life, region: dict[str, Any], sex: str, rng: Random) -> str:
    """A name of the region that nobody of the family has."""
    return str(rng.choice([name for name in region[sex] if name not in one.slots.values()]))


def _family(one: Life, region: dict[str, Any], rng: Random) -> None:
    """Adds the slots and marks of a partner, children and grandchildren."""
    tables = bank("author_life")
    kind = rng.choices(STATUSES, next(weights for limit, weights in tables["status"] if one.age <= limit))[0]
    theirs = {"f": "m", "m": "f"}.get(one.sex) or rng.choice("fm")
    # Where same-sex couples can't marry, they live together.
    if (kind in ("dating", "cohab") or not one.has.isdisjoint(("rich", "latin"))) and rng.random() < 0.09:
        theirs = {"f": "m", "m": "f"}[theirs]
    one.slots.update(partner=_name(one, region, theirs, rng), spouse="wife" if theirs == "f" else "husband")
    parent = rng.random() * 100 < tables["parents"][kind] * min(1.0, (one.age - 17) / 13)
    ages = children_ages(one.age, rng) if parent and one.age > 19 else []
    _children(one, ages, region, rng)
    girls, boys = grandchildren(ages, rng)
    if girls or boys:
        count = girls + boys
        one.has.update(("grand", "onegrand" if count == 1 else "manygrand"))
        several = count > 3 and rng.random() < 0.7
        grand = f"{IN_WORDS[count]} grandchildren" if several else _counted(girls, boys, "granddaughter", "grandson")
        one.slots.update(grand=grand, gkind="granddaughter" if girls else "grandson")
    one.slots["girl"] = _name(one, region, "f", rng)
    partnered = kind in ("cohab", "married")
    one.has.update((kind, "partnered" if partnered else "nopartner"))
    alone = not partnered and "minors" not in one.has and rng.random() < 0.7
    one.has.add("solo" if alone else "notsolo")
    together = max(2, min(ages[0] + rng.randint(0, 3) if ages else rng.randint(2, 40), one.age - 19))
    if together >= 25:
        one.has.add("longmarried")
    one.slots["wedded"] = IN_WORDS[together]
    if kind != "single":
        one.slots["apjob"] = _trade(0 if kind == "widowed" else one.age, rng)
    if len(ages) == 1 and "grownkids" in one.has:
        one.slots["akjob"] = _trade(ages[0], rng)


def children_ages(age: int, rng: Random) -> list[int]:
    """The ages of the children of a parent of ``age`` (20 or more), eldest first."""
    ages = [age - rng.randint(19, min(39, age))]
    for _ in range(rng.choice((0, 0, 0, 1, 1, 1, 1, 2, 2, 3))):
        younger = ages[-1] - rng.randint(1, 4)
        if younger < max(1, age - 45):
            break
        ages.append(younger)
    return ages


def _children(one: Life, ages: list[int], region: dict[str, Any], rng: Random) -> None:
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
        kid=_name(one, region, sexes[0], rng),
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


@cache
def _jobs(level: int) -> list[dict[str, Any]]:
    """The occupations open to a level of schooling, 0 to 6."""
    return [job for job in bank("author_work")["jobs"] if job["school"][0] <= level <= job["school"][1]]


@cache
def _trades() -> list[str]:
    """The occupations of relatives, which fit any region."""
    titles = (entry(job["title"]) for job in bank("author_work")["jobs"])
    return [title.text for title in titles if not title.needs and "{" not in title.text]


def _trade(age: int, rng: Random) -> str:
    """The job of a relative of about this age."""
    return with_article(rng.choice(_trades()) if age < 66 else f"retired {rng.choice(_trades())}")


def _state(age: int, level: int, rich: bool, rng: Random) -> str:
    """The occupation status: working, student, jobless, carer or retired."""
    dice = rng.random()
    leisure = next(share for limit, share in bank("author_life")["retired"] if age <= limit)
    # People with little schooling in poorer countries work longer.
    if dice < (leisure if level > 1 or rich else leisure / 2):
        return "retired"
    if dice < (0.46 if age < 24 else 0.2 if age < 28 else 0.03) and level > 1 and age < 45:
        return "student"
    if dice > 0.96 and age < 63:
        return "jobless"
    return "carer" if dice > 0.92 and 21 < age < 76 else "working"


def _work(one: Life, level: int, rng: Random) -> None:
    """Adds the slots and marks of a person's work, and the entries about it."""
    state = _state(one.age, level, "rich" in one.has, rng)
    working = state == "working"
    age = one.age if working else min(one.age, 50)
    while True:
        job = rng.choice(_jobs(level))
        chosen = entry(job["title"])
        if chosen.fits(age, one.has, one.barred) and (age < MAX_LEGS_AGE or "legs" not in chosen.adds):
            break
    title = fill(chosen.text, rng, one.slots)
    one.slots.update(field=job["field"], apastjob=with_article(title), job=title)
    if working:
        one.details.extend(job["details"])
    else:
        one.has.add("flexible")
        lines = bank("author_work")
        if state == "student" and (subject := one.drawn(lines["student_fields"], rng)):
            one.slots["field"] = subject.text
        chosen = one.drawn(lines[f"{state}_forms"], rng) or entry("person between jobs")
        title = one.told(chosen.text, rng)
    one.has.update((state, "field" if job["field"] and state in ("working", "retired") else "nofield"))
    if "," not in title:
        one.has.add("plainjob")
    one.take(chosen)
    one.slots.update(ajob=with_article(title), job=title)
