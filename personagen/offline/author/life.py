"""Invented lives: a consistent age, place, work and family, of a person who was drawn."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from personagen.offline.author.family import family
from personagen.offline.author.grammar import IN_WORDS
from personagen.offline.author.homes import homes
from personagen.offline.author.jobs import work
from personagen.offline.author.person import Life, name_of
from personagen.offline.texts import bank, with_article
from personagen.personas.english.facts import Pronoun
from personagen.personas.population import Draw, value_of
from personagen.personas.population_file import packaged

_WHO: dict[str, tuple[Pronoun, str, str]] = {
    "she": ("she", "f", "female"),
    "he": ("he", "m", "male"),
    "they": ("they", "n", "nonbinary"),
}
LEVEL_AGES = (18, 18, 18, 18, 22, 24, 28)  # of each level of schooling: none, some, secondary, trade, three degrees


def life(rng: Random, drawn: Mapping[str, str | int] | None = None) -> Life:
    """A plausible person of whom ``drawn`` holds; what it leaves open is drawn from ``rng`` for a world adult.

    Values that are not in the packaged table are not understood, and drawn anew.
    """
    person = completed(drawn or {}, rng)
    who, sex, mark = _WHO[str(person["pronoun"])]
    age = min(max(18, int(person["age"])), 99)
    one = Life(who, sex, age, {mark})
    table = bank("author_life")
    faith: str = table["religions"][person["religion"]]
    here, origin = homes(one, person, faith, rng)
    faith = rng.choice([letter for letter in origin["faith"] if letter in faith] or faith)
    level = rng.choices(range(7), table["levels"][person["schooling"]])[0]
    level = min(level, sum(least <= age for least in LEVEL_AGES) - 1)
    one.has.update(
        (f"e{level}", "degree" if level > 3 else "lowed", *table["school_marks"].get(person["schooling"], ()))
    )
    if "rich" in one.has or ("urban" in one.has and level > 1):
        one.has.add("means")
    one.has.update(table["faiths"][faith])
    one.barred.update(table["forbids"].get(faith, ()))
    health = table["health"][person["health"]]
    one.barred.update(() if health else ("illness", "hearing", "dyslexia"))
    one.has.update(health[:1])
    named = bank("author_places")[origin.get("names", {}).get(faith, origin["key"])]
    for slot, theirs in (("name", sex), ("sister", "f"), ("brother", "m")):
        one.slots[slot] = name_of(one, named, theirs, rng)
    family(one, str(person["household"]), named, rng)
    work(one, level, str(person["work"]), str(person.get("sector", "")), rng)
    there = bank("author_places")[rng.choice(here["to"])]
    one.slots["faraway"] = rng.choice([*there["cities"], there["country"]])
    said = str(age) if rng.random() < 0.6 else IN_WORDS[age]
    one.slots.update(age=said, anage=with_article(f"{said}-year-old"))
    one.food.extend(origin["food"])
    return one


def completed(drawn: Mapping[str, str | int], rng: Random) -> Draw:
    """``drawn`` with every attribute of the packaged table: those it lacks, or has other values for, drawn by it."""
    attributes = packaged()["profile"]
    person: Draw = {}
    if country := drawn.get("country"):
        regions = attributes["country"].given["region"].items()
        drawn = {**drawn, "region": next((name for name, cases in regions if country in cases.own), "")}
    for name, weights in attributes.items():
        now = weights.after(person)
        known = drawn.get(name)
        fits = isinstance(known, int) if name == "age" else known in weights.values()
        if known is not None and fits:
            person[name] = known
        elif now:
            person[name] = value_of(now, rng.random())
    return person
