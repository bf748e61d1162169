"""The work of an invented person: an occupation of the drawn sector that their schooling, age and place allow."""

from __future__ import annotations

from collections.abc import Set
from functools import cache
from random import Random
from typing import Any

from personagen.offline.author.grammar import entry
from personagen.offline.author.person import Life
from personagen.offline.texts import bank, fill, with_article

MAX_LEGS_AGE = 73  # for physically demanding jobs outside farming
_TRIES = 150


@cache
def _jobs(level: int, sector: str) -> list[dict[str, Any]]:
    """The occupations of ``sector`` (any if empty) open to a level of schooling, 0 to 6."""
    return [
        job
        for job in bank("author_work")["jobs"]
        if job["school"][0] <= level <= job["school"][1] and sector in ("", job["sector"])
    ]


@cache
def _trades() -> dict[bool, list[str]]:
    """The occupations of relatives, by whether the person has little schooling; they fit any region."""
    titles = [(entry(job["title"]), job["school"][0]) for job in bank("author_work")["jobs"]]
    plain = [(title, least) for title, least in titles if not title.needs and "{" not in title.text]
    few = [title.text for title, least in plain if least < 3]
    return {True: few, False: [title.text for title, _ in plain]}


def trade(age: int, has: Set[str], rng: Random) -> str:
    """The job of a relative of about this age."""
    job = rng.choice(_trades()[not has.isdisjoint(("e0", "e1"))])
    return with_article(job if age < 66 or "rich" not in has else f"retired {job}")


def _job(one: Life, level: int, sector: str, age: int, rng: Random) -> tuple[dict[str, Any], Any]:
    """An occupation and its title: of the sector if one fits, else of any."""
    for wanted in (sector, ""):
        found = _jobs(level, wanted)
        for _ in range(_TRIES if found else 0):
            job = rng.choice(found)
            title = entry(job["title"])
            able = age < MAX_LEGS_AGE or "legs" not in title.adds or job["sector"] == "farm"
            if able and title.fits(age, one.has, one.barred):
                return job, title
    job = rng.choice(_jobs(level, "") or _jobs(2, ""))
    return job, entry(job["title"].partition(" @")[0])


def work(one: Life, level: int, state: str, sector: str, rng: Random) -> None:
    """Adds the slots and marks of a person's work, and the entries about it."""
    table = bank("author_life")
    state = table["works"][state]
    age = one.age if state == "working" else min(one.age, 50)
    job, chosen = _job(one, level, table["sectors"].get(sector, ""), age, rng)
    title = fill(chosen.text, rng, one.slots)
    one.slots.update(field=job["field"], apastjob=with_article(title), job=title)
    if state == "working":
        one.details.extend(job["details"])
    else:
        one.has.add("flexible")
        lines = bank("author_work")
        if state == "student":
            subject = one.drawn(lines["student_fields"], rng) or entry("history")
            one.slots["field"] = subject.text
        chosen = one.drawn(lines[f"{state}_forms"], rng) or entry(table["no_work"][state])
        title = one.told(chosen.text, rng)
    one.has.update((state, "field" if job["field"] and state in ("working", "retired") else "nofield"))
    if "," not in title and " who " not in title:
        one.has.add("plainjob")
    one.take(chosen)
    one.slots.update(ajob=with_article(title), job=title)
