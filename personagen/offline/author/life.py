"""Invented lives: consistent age, place, work and family."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from random import Random

from personagen.offline.author import family
from personagen.offline.author.grammar import Entry, Who, entry, fits, in_words, inflected, pick, with_article
from personagen.offline.author.world import Job, Region, jobs_for, peopled, regions, trades
from personagen.offline.texts import bank, fill

# Share of immigrants, and of children of immigrants.
MIGRANTS, HEIRS = 0.17, 0.06
TOWN = 0.62
# The maximum age for physically demanding jobs.
OLD = 73
_TRIES = 60
_WHO: tuple[tuple[Who, str, str], ...] = (("she", "f", "female"), ("he", "m", "male"), ("they", "n", "nonbinary"))
_WHO_WEIGHTS = (44, 44, 12)
# Frequency and minimum age of each level of schooling (none, some, secondary, trade, bachelor, master, doctor).
_LEVELS_RICH, _LEVELS = (1, 8, 17, 26, 26, 15, 7), (15, 19, 22, 18, 17, 6, 3)
_LEVEL_AGES = (18, 18, 18, 18, 22, 24, 28)
# Share of the retired by age; people with little schooling in poorer countries work longer.
_RETIRED = ((58, 0.0), (62, 0.15), (66, 0.5), (71, 0.8), (200, 0.93))
_FAITHS = {
    "c": "catholic christian religious", "p": "protestant christian religious", "o": "orthodox christian religious",
    "e": "evangelical christian religious", "a": "adventist christian religious", "l": "lds christian religious",
    "q": "quaker religious", "m": "muslim religious", "j": "jewish religious", "h": "hindu religious",
    "b": "buddhist religious", "s": "sikh religious", "x": "shinto religious", "d": "taoist religious",
    "t": "ancestral religious", "r": "rasta religious", "i": "bahai religious", "g": "jain religious", "z": "none",
}  # fmt: skip
_FORBIDS = {"m": {"pork", "alcohol"}, "j": {"pork"}, "g": {"meat"}, "l": {"alcohol"}, "i": {"alcohol"}, "r": {"pork"}}
_TOWNS = (
    "in <city>", "in <city>", "in <city>", "in <city>, <country>", "in <city>, <country>", "on the outskirts of <city>",
    "in the old quarter of <city>", "near the {station|market|river} in <city>", "in a suburb of <city>",
    "in the {north|south|east|west} of <city>", "in {central|downtown} <city>", "in a side street in <city>",
)  # fmt: skip


@dataclass(frozen=True)
class Life:
    """A person: the slots of their templates, their marks, and the marks they can't have.

    ``has`` and ``barred`` grow with each chosen fact.
    """

    who: Who
    age: int
    has: set[str]
    barred: set[str]
    slots: dict[str, str]
    details: tuple[Entry, ...]
    food: tuple[Entry, ...]

    def take(self, chosen: Entry) -> None:
        """Applies the marks that ``chosen`` adds and bars."""
        self.has.update(chosen.adds)
        self.barred.update(chosen.bars)


def life(rng: Random) -> Life:
    """A plausible person, drawn from ``rng``."""
    who, gender, sex = rng.choices(_WHO, _WHO_WEIGHTS)[0]
    age = rng.randint(18, 85) if rng.random() < 0.72 else min(85, max(18, round(rng.gauss(40, 13))))
    has, barred, slots = {sex}, set[str](), dict[str, str]()
    here, origin = _place(rng, age, has, slots)
    _tongues(rng, here, origin, has, slots)
    level = rng.choices(range(7), _LEVELS_RICH if "rich" in has else _LEVELS)[0]
    while _LEVEL_AGES[level] > age:
        level -= 1
    has |= {f"e{level}", "degree" if level > 3 else "lowed"}
    code = pick(origin.faiths, rng)
    has |= set(_FAITHS[code].split())
    barred |= _FORBIDS.get(code, set())
    taken: set[str] = set()
    slots["name"] = _named(rng, origin, taken, gender)
    slots |= {"sister": _named(rng, origin, taken, "f"), "brother": _named(rng, origin, taken, "m")}
    _family(rng, age, gender, partial(_named, rng, here if rng.random() < 0.5 else origin, taken), has, slots)
    details = _work(rng, who, age, level, has, barred, slots)
    there = regions()[pick(here.to, rng)] if here.to else here
    slots["faraway"] = pick(there.cities, rng) if rng.random() < 0.6 else there.country
    said = str if rng.random() < 0.6 else in_words
    slots |= {"age": said(age), "anage": with_article(f"{said(age)}-year-old")}
    return Life(who, age, has, barred, slots, details, origin.food)


def _place(rng: Random, age: int, has: set[str], slots: dict[str, str]) -> tuple[Region, Region]:
    """The home of a person, and the origin of them or their parents."""
    origin = here = pick(peopled(), rng)
    dice = rng.random()
    if dice < MIGRANTS + HEIRS and origin.to:
        here = regions()[pick(origin.to, rng)]
    has |= here.marks
    if here.country == origin.country:
        origin = here
        has.add("native")
    elif dice < MIGRANTS:
        since = min(rng.randint(2, 45), age - 1)
        has |= {"migrant", *(["recent"] if since < 4 else []), *(["longsince"] if since > 11 else [])}
        has |= {"cameadult"} if age - since >= 18 else {"camechild"} if age - since < 16 else set()
        has |= {"refugee"} if "rich" not in origin.marks and rng.random() < 0.35 else set()
        slots |= {"since": in_words(since), "came": in_words(age - since)}
    else:
        has.add("heir")
    city = pick(here.cities, rng)
    slots |= {"country": here.country, "city": city, "origin": origin.country}
    slots["origincity"] = pick(origin.cities, rng)
    others = [c for c in (origin if "cameadult" in has else here).cities if c != city]
    slots["college"] = pick(others or here.cities, rng)
    town = rng.random() < TOWN
    has.add("urban" if town else "rural")
    if town or "rich" in has:
        has.add("net")
    where = pick(_TOWNS, rng) if town else pick(here.rural, rng)
    if not town and rng.random() < 0.45 and here.country not in where:
        where += ", <country>"
    slots["inplace"] = fill(where, rng, slots)
    return here, origin


def _tongues(rng: Random, here: Region, origin: Region, has: set[str], slots: dict[str, str]) -> None:
    known = [origin.tongues[0], *(t for t in here.tongues[:1] if t not in origin.tongues), *origin.tongues[1:]]
    slots["lang"] = known[0]
    if len(known) > 1:
        has.add("bilingual")
        slots["otherlang"] = known[1] if here is not origin else pick(known[1:], rng)
    slots["third"] = pick([t for t in bank("author_work")["tongues"] if t not in known and t not in here.tongues], rng)


def _named(rng: Random, region: Region, taken: set[str], sex: str) -> str:
    """A name of the region that is not ``taken``."""
    free = [name for name in region.names[sex] if name not in taken]
    name = pick(free or [name for name in region.names["f"] if name not in taken], rng)
    taken.add(name)
    return name


def _family(rng: Random, age: int, gender: str, name: family.Namer, has: set[str], slots: dict[str, str]) -> None:
    kind = family.status(rng, age)
    # Where same-sex couples can't marry, they live together.
    same = 0.09 if kind in ("dating", "cohab") or not has.isdisjoint(("rich", "latin")) else 0.0
    ages = family.children_ages(rng, age, kind)
    words, marks = family.children(rng, ages, name)
    more, further = family.grandchildren(rng, ages)
    slots |= words | more | family.partner(rng, gender, name, same) | {"girl": name("f")}
    has |= marks | further | {kind, "partnered" if kind in ("cohab", "married") else "nopartner"}
    alone = "nopartner" in has and "minors" not in has and rng.random() < 0.7
    has.add("solo" if alone else "notsolo")
    together = max(ages[0] + rng.randint(0, 3) if ages else rng.randint(2, 40), 2)
    together = min(together, max(2, age - 19))
    if together >= 25:
        has.add("longmarried")
    slots["wedded"] = in_words(together)
    if kind != "single":
        slots["apjob"] = _trade(rng, 0 if kind == "widowed" else age)
    if len(ages) == 1 and "grownkids" in has:
        slots["akjob"] = _trade(rng, ages[0])


def _trade(rng: Random, age: int) -> str:
    """The job of a relative of about this age."""
    title = pick(trades(), rng)
    return with_article(title if age < 66 else f"retired {title}")


def _state(rng: Random, age: int, level: int, has: set[str]) -> str:
    """The occupation status: working, student, jobless, carer or retired."""
    dice = rng.random()
    leisure = next(share for limit, share in _RETIRED if age <= limit)
    if level < 2 and "rich" not in has:
        leisure /= 2
    if dice < leisure:
        return "retired"
    if dice < (0.46 if age < 24 else 0.2 if age < 28 else 0.03) and level > 1 and age < 45:
        return "student"
    if dice > 0.96 and age < 63:
        return "jobless"
    if dice > 0.92 and 21 < age < 76:
        return "carer"
    return "working"


def _work(
    rng: Random, who: Who, age: int, level: int, has: set[str], barred: set[str], slots: dict[str, str]
) -> tuple[Entry, ...]:
    """Adds the slots and marks of a person's work; returns the entries about it."""
    state = _state(rng, age, level, has)
    job = _drawn(rng, age if state == "working" else min(age, 50), level, has, barred)
    title = fill(job.entry.text, rng, slots)
    slots |= {"field": job.field, "apastjob": with_article(title)}
    if state == "working":
        chosen, named = job.entry, with_article(title)
    else:
        lines = bank("author_work")
        if state == "student":
            subject = _fitting(rng, lines["student_fields"], age, has, barred)
            slots["field"] = subject.text if subject else "history"
        form = _fitting(rng, lines[f"{state}_forms"], age, has, barred)
        chosen = form or entry("person between jobs")
        bare = chosen.text.removeprefix("a ").removeprefix("an ")
        named = with_article(inflected(bare.replace("<job>", title).replace("<field>", slots["field"]), who))
        named = fill(named, rng, slots)
    has |= {state} | chosen.adds
    barred |= chosen.bars - chosen.adds
    if state != "working":
        has.add("flexible")
    has.add("field" if job.field and state in ("working", "retired") else "nofield")
    if "," not in named:
        has.add("plainjob")
    slots |= {"ajob": named, "job": named.partition(" ")[2]}
    return job.details if state == "working" else ()


def _fitting(rng: Random, lines: Sequence[str], age: int, has: set[str], barred: set[str]) -> Entry | None:
    for _ in range(_TRIES):
        one = entry(pick(lines, rng))
        if fits(one, age, has, barred):
            return one
    return None


def _drawn(rng: Random, age: int, level: int, has: set[str], barred: set[str]) -> Job:
    """A job for this age and schooling."""
    suited = jobs_for(level)
    for _ in range(_TRIES):
        job = pick(suited, rng)
        if fits(job.entry, age, has, barred) and (age < OLD or "legs" not in job.entry.adds):
            return job
    return next(job for job in suited if fits(job.entry, age, has, barred))
