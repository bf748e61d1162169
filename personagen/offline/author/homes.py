"""Where an invented person lives and comes from: a place of the drawn country in which the drawn faith is found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from random import Random
from typing import Any

from personagen.offline.author.grammar import IN_WORDS
from personagen.offline.author.person import Life
from personagen.offline.texts import bank, fill
from personagen.personas.population import Draw
from personagen.personas.population_file import packaged

HEIRS = 0.03  # share of children of immigrants
IMMIGRANT, VILLAGE = "immigrant", "a village or the countryside"


@cache
def places() -> dict[str, list[dict[str, Any]]]:
    """The regions of the bank by country as the packaged table names it; those of a neighbour where there is none."""
    found: dict[str, list[dict[str, Any]]] = {}
    for key, place in bank("author_places").items():
        place["key"] = key
        found.setdefault(bank("author_life")["nations"].get(place["country"], place["country"]), []).append(place)
    for cases in packaged()["profile"]["country"].given["region"].values():
        near = [place for country in cases.own for place in found.get(country, [])]
        for country in cases.own:
            found.setdefault(country, near)
    return found


def homes(one: Life, person: Draw, faith: str, rng: Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """The region in which a person lives, and that of their own or their parents' origin."""
    here = origin = _with_faith(places()[str(person["country"])], faith, rng)
    migrant, heir = person["origin"] == IMMIGRANT, rng.random() < HEIRS
    if migrant or heir:
        origin = _with_faith(_sources(here), faith, rng)
    one.has.update(here["tags"])
    if here["country"] == origin["country"]:
        origin = here
        one.has.add("native")
    elif migrant:
        _migration(one, origin, rng)
    else:
        one.has.add("heir")
    city = rng.choice(here["cities"])
    one.slots.update(country=here["country"], city=city, origin=origin["country"])
    one.slots["origincity"] = rng.choice(origin["cities"])
    others = [c for c in (origin if "cameadult" in one.has else here)["cities"] if c != city]
    one.slots["college"] = rng.choice(others or here["cities"])
    town = person["place"] != VILLAGE
    one.has.update({"urban", "net"} if town else {"rural", "net"} if "rich" in one.has else {"rural"})
    where = rng.choice(bank("author_life")["towns"] if town else here["rural"])
    if not town and rng.random() < 0.6 and here["country"] not in where:
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


def _sources(here: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The regions from which people move to ``here``: those that say so, else those of the same continent."""
    all_places = bank("author_places")
    found = [one for one in all_places.values() if here["country"] in {all_places[key]["country"] for key in one["to"]}]
    near = [one for one in all_places.values() if here["tags"][0] in one["tags"] and one["country"] != here["country"]]
    return found or near


def _with_faith(some: Sequence[dict[str, Any]], faith: str, rng: Random) -> dict[str, Any]:
    """One of ``some`` places, more likely where more people have one of the faiths."""
    weights = [0.2 + sum(place["faith"].count(letter) for letter in faith) for place in some]
    return rng.choices(some, weights)[0]


def _migration(one: Life, origin: Mapping[str, Any], rng: Random) -> None:
    years = min(rng.randint(2, 45), one.age - 1)
    came = one.age - years
    rules = {
        "migrant": True, "recent": years < 4, "longsince": years > 11, "cameadult": came >= 18,
        "camechild": came < 16, "refugee": "rich" not in origin["tags"] and rng.random() < 0.2,
    }  # fmt: skip
    one.has.update(mark for mark, holds in rules.items() if holds)
    one.slots.update(since=IN_WORDS[years], came=IN_WORDS[came])
