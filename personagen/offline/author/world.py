"""The world of the author: regions with their names, languages and faiths, and occupations."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from personagen.offline.author.grammar import Entry, entry
from personagen.offline.texts import bank


@dataclass(frozen=True)
class Region:
    """A country, or a part with distinct names, languages and food. ``names`` are by sex: f, m and n."""

    country: str
    marks: frozenset[str]
    cities: tuple[str, ...]
    rural: tuple[str, ...]
    names: dict[str, list[str]]
    tongues: tuple[str, ...]
    faiths: tuple[str, ...]
    to: tuple[str, ...]
    food: tuple[Entry, ...]


@dataclass(frozen=True)
class Job:
    """An occupation: its field of study, if any, and its schooling, from ``least`` to ``most``."""

    entry: Entry
    field: str
    least: int
    most: int
    details: tuple[Entry, ...]


@cache
def regions() -> dict[str, Region]:
    """The regions of the world by key."""
    return {
        key: Region(
            country=raw["country"],
            marks=frozenset(raw["tags"]),
            cities=tuple(raw["cities"]),
            rural=tuple(raw["rural"]),
            names={sex: raw[sex] for sex in ("f", "m", "n")},
            tongues=tuple(raw["lang"]),
            faiths=tuple(code[0] for code in raw["faith"] for _ in range(int(code[1:] or 1))),
            to=tuple(raw["to"]),
            food=tuple(entry(line) for line in raw["food"]),
        )
        for key, raw in bank("author_places").items()
    }


@cache
def peopled() -> tuple[Region, ...]:
    """Every region once for each of its places, for drawing."""
    return tuple(region for region in regions().values() for _ in (*region.cities, *region.rural))


@cache
def jobs() -> tuple[Job, ...]:
    """All occupations."""
    return tuple(_job(raw) for raw in bank("author_work")["jobs"])


def _job(raw: dict[str, Any]) -> Job:
    title, *tags = raw["title"].split(" @")
    levels = next(tag for tag in tags if tag[0] == "e" and tag[1:2].isdigit())
    least, most = (int(level) for level in levels[1:].split("-"))
    one = entry(" @".join([title, *(tag for tag in tags if tag != levels)]))
    return Job(one, raw["field"], least, most, tuple(entry(line) for line in raw["details"]))


@cache
def jobs_for(level: int) -> tuple[Job, ...]:
    """The occupations open to a level of schooling, 0 to 6."""
    return tuple(job for job in jobs() if job.least <= level <= job.most)


@cache
def trades() -> tuple[str, ...]:
    """The occupations of relatives, which fit any region."""
    return tuple(job.entry.text for job in jobs() if not job.entry.needs and "{" not in job.entry.text)
