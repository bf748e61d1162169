"""The personas of a page: their texts, what their conversations gave, a map by similarity, and the nearest of each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, stdev
from typing import Any

import numpy as np
import numpy.typing as npt

from personagen.encoders.hashed import fit, hashed
from personagen.metrics.agreement import Z
from personagen.personas.lines import lines
from personagen.personas.traits import canonical
from personagen.records import Persona
from personagen.reports.source import Asked, Row

MAX_MAPPED = 20_000  # personas; the nearest of each of more would take minutes
NEAREST = 3
MIN_GROUP = 5  # personas of one value, of fewer the mean says little
MAX_VALUES = 14  # of an attribute that are shown
AGES = (18, 30, 45, 60, 75)
_TEXTS = ("id", "profile", "personality", "facts", "traits", "attributes", "origin")
_DRAWN = ("region", "schooling", "work", "household", "religion", "place")  # of whom the author was asked to describe
_CHUNK = 1024

Floats = npt.NDArray[np.float32]


@dataclass
class People:
    """The personas in the order in which they came, each once, with the counts of their conversations."""

    rows: list[Row] = field(default_factory=list)
    drawn: list[Row] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def add(self, persona: Row) -> int:
        """The number of ``persona``, a new one if its id is new."""
        name = str(persona.get("id"))
        if name not in self._numbers:
            self._numbers[name] = len(self.rows)
            row = {key: persona[key] for key in _TEXTS if persona.get(key)} | {"id": name}
            if not (row.get("facts") and row.get("traits")):
                row["lines"] = lines(Persona.model_validate(persona))
            row["kinds"] = sorted({canonical(trait) for trait in row.get("traits", ())})
            self.rows.append(row)
            self.drawn.append(persona.get("drawn") or {})
        return self._numbers[name]

    def count(self, number: int, tree: Row, pairs: Sequence[Row]) -> None:
        """Adds a conversation of the persona."""
        row, turns = self.rows[number], sum(one["role"] == "user" for one in tree["nodes"])
        best = [max(one["scores"]) for one in tree.get("judgments", ()) if one.get("scores") and not one.get("persona")]
        if tree.get("condition") == "plain" and not tree["of_run"]:
            best += [score for score in tree["rated"] if score]
        row["best"] = row.get("best", 0) + sum(best)
        row["judged"] = row.get("judged", 0) + len(best)
        row["paired"] = row.get("paired", 0) + len({pair["node"] for pair in pairs})
        row["trees"] = row.get("trees", 0) + 1
        row["turns"] = row.get("turns", 0) + turns
        row["pairs"] = row.get("pairs", 0) + len(pairs)
        row["aware"] = row.get("aware", 0) + sum(pair.get("chosen_agent") == "aware" for pair in pairs)
        row["margins"] = row.get("margins", 0) + sum(pair.get("margin") or 0 for pair in pairs)

    def values(self) -> list[str]:
        """Each value of an attribute that somebody has, as ``gender=female``."""
        return sorted({f"{name}={value}" for row in self.rows for name, value in row.get("attributes", {}).items()})

    def place(self) -> bool:
        """Gives each persona its place on the map and its nearest; False if there are too few or too many for it."""
        if not 3 <= len(self.rows) <= MAX_MAPPED:
            return False
        texts = [f"{row.get('profile', '')} {row.get('personality', '')}" for row in self.rows]
        vectors = hashed(texts, fit(texts)).astype(np.float32)
        places = _plane(vectors)
        for row, (x, y), near in zip(self.rows, places.tolist(), _nearest(vectors), strict=True):
            row["x"], row["y"], row["near"] = round(x, 4), round(y, 4), near
        return True


def _plane(vectors: Floats) -> Floats:
    """The two directions in which ``vectors`` differ most, scaled to -1 to 1."""
    centred = vectors - vectors.mean(axis=0)
    _, directions = np.linalg.eigh(centred.T @ centred)
    flat = centred @ directions[:, :-3:-1]
    flat *= np.where(flat.sum(axis=0) < 0, -1, 1)
    return np.asarray(flat / (np.abs(flat).max(axis=0) + 1e-9), np.float32)


def _nearest(vectors: Floats) -> list[list[list[float]]]:
    """For each vector the numbers and the cosines of the nearest others."""
    found = []
    for start in range(0, len(vectors), _CHUNK):
        near = vectors[start : start + _CHUNK] @ vectors.T
        near[np.arange(len(near)), np.arange(start, start + len(near))] = -1
        count = min(NEAREST, len(vectors) - 1)
        best = np.argpartition(-near, count - 1, axis=1)[:, :count]
        best = np.take_along_axis(best, np.argsort(-np.take_along_axis(near, best, 1), axis=1, kind="stable"), 1)
        cosines = np.take_along_axis(near, best, axis=1)
        for numbers, values in zip(best.tolist(), cosines.tolist(), strict=True):
            found.append([[number, round(value, 3)] for number, value in zip(numbers, values, strict=True)])
    return found


def coverage(people: People, asked: Asked, *, of_pool: bool = True) -> list[dict[str, Any]]:
    """How many personas have each value of an attribute, and where it was drawn how many were ``asked`` for.

    Of personas drawn from a pool, it is the share that the pool asked for times the number of personas.
    """
    found: list[dict[str, Any]] = []
    for name in dict.fromkeys([*_attributes(people.rows), *asked.values, *_DRAWN]):
        drawn = Counter({value: count for value, (count, _) in asked.values.get(name, {}).items()})
        got = Counter(_grouped(name, value) for value in _values(people, name))
        if of_pool and drawn and not any(value in drawn for value in got):
            got = Counter({value: kept for value, (_, kept) in asked.values[name].items()})
        scale = 1 if of_pool else got.total() / (drawn.total() or 1)
        if name != "traits" and len(got) <= 3 * MAX_VALUES:
            found.append(_covered(name, got, {value: count * scale for value, count in drawn.items()}))
    wanted: defaultdict[str, float] = defaultdict(float)
    for trait, share in asked.traits.items():
        wanted[canonical(trait)] += share * len(people.rows)
    found.append(_covered("traits", Counter(trait for row in people.rows for trait in row["kinds"]), wanted))
    facts = Counter(len(row.get("facts", ())) for row in people.rows)
    rows = [{"label": str(number), "count": count} for number, count in sorted(facts.items())]
    found.append({"name": "facts of a persona", "rows": rows, "all": len(facts)})
    return [one for one in found if one["rows"]]


def _covered(name: str, got: Counter[str], drawn: Mapping[str, float]) -> dict[str, Any]:
    """The most frequent values of an attribute."""
    ranked = sorted({**drawn, **got}, key=lambda value: -got[value] - drawn.get(value, 0))[:MAX_VALUES]
    rows = [
        {"label": value, "count": got[value], "asked": round(drawn[value], 1) if value in drawn else None}
        for value in ranked
    ]
    return {"name": name, "rows": rows, "all": len(got)}


def served(people: People) -> list[dict[str, Any]]:
    """For each attribute, the mean score of the better reply by value, with its 95 % interval over personas.

    The score is the judge's for the user, 1 to 5: who has lower ones gets replies that fit less.
    """
    found = []
    for name in _attributes(people.rows):
        groups = defaultdict[str, list[float]](list)
        for row in people.rows:
            if name in row.get("attributes", {}) and row.get("judged"):
                groups[_grouped(name, row["attributes"][name])].append(row["best"] / row["judged"])
        rows = [_mean(value, scores) for value, scores in sorted(groups.items()) if len(scores) >= MIN_GROUP]
        if len(rows) > 1:
            found.append({"name": name, "rows": rows[:MAX_VALUES]})
    return found


def _mean(label: str, values: Sequence[float]) -> dict[str, Any]:
    middle, spread = fmean(values), Z * stdev(values) / len(values) ** 0.5
    return {"label": label, "value": middle, "low": middle - spread, "high": middle + spread, "n": len(values)}


def _attributes(rows: Iterable[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row.get("attributes", ())))


def _values(people: People, name: str) -> Iterable[Any]:
    for row, drawn in zip(people.rows, people.drawn, strict=True):
        if (value := row.get("attributes", {}).get(name, drawn.get(name))) is not None:
            yield value


def _grouped(name: str, value: Any) -> str:
    """An age as one of a few groups; any other value as it is."""
    if name != "age" or not isinstance(value, int):
        return str(value)
    low = max((bound for bound in AGES if bound <= value), default=0)
    high = next((bound for bound in AGES if bound > value), None)
    return f"{low} and over" if high is None else f"{low}-{high - 1}" if low else f"under {high}"
