"""What a run's pairs can be told by without knowing the user: reads a run folder for ``metrics.shortcuts``."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from random import Random
from typing import Any

import orjson

from personagen.flows.twins import is_twin
from personagen.metrics.shortcuts import MAX_PAIRS, Compared, groups_of, outcomes, shortcuts
from personagen.store.files import BUFFER_BYTES


def measured_shortcuts(folder: Path, seed: int = 0) -> dict[str, Any]:
    """The ``metrics.shortcuts`` of the pairs in ``folder`` by name; of more than ``MAX_PAIRS`` pairs, of a sample.

    Twins are left out: their replies are those of other pairs. Empty if there are too few pairs. Files are read line by
    line.
    """
    found = shortcuts([one for _, one in _sampled(folder, seed)])
    return {name: asdict(one) for name, one in found.items()}


def pair_outcomes(folder: Path, seed: int = 0) -> dict[tuple[str, str, str], dict[str, float]]:
    """What each rule of ``measured_shortcuts`` says of the pairs it is measured on, if anything: 1 if it is right.

    A pair is named by its conversation and the ids of its chosen and its rejected reply.
    """
    sampled = _sampled(folder, seed)
    found: dict[tuple[str, str, str], dict[str, float]] = {place: {} for place, _ in sampled}
    for name, right in outcomes([one for _, one in sampled]).items():
        for (place, _), one in zip(sampled, right, strict=True):
            if one is not None:
                found[place][name] = one
    return found


def _sampled(folder: Path, seed: int) -> list[tuple[tuple[str, str, str], Compared]]:
    pairs = folder / "pairs.jsonl"
    count = sum(1 for _ in _pairs(pairs))
    drawn = frozenset(Random(f"{seed}/shortcuts").sample(range(count), MAX_PAIRS)) if count > MAX_PAIRS else None
    users = {str(person["id"]): person for person in _personas(folder / "trees.jsonl")} if count else {}
    groups = groups_of({name: _keys(person) for name, person in users.items()})
    rows = (orjson.loads(line) for at, line in enumerate(_pairs(pairs)) if drawn is None or at in drawn)
    return [
        ((str(row["tree"]), str(row["chosen_node"]), str(row["rejected_node"])), _compared(row, users, groups))
        for row in rows
    ]


def _lines(file: Path) -> Iterator[bytes]:
    with file.open("rb", buffering=BUFFER_BYTES) as lines:
        yield from lines


def _pairs(file: Path) -> Iterator[bytes]:
    """The lines of ``pairs.jsonl`` that are of planned conversations."""
    for line in _lines(file):
        if b'"twin":""' in line or not is_twin(str(orjson.loads(line)["tree"])):
            yield line


def _personas(trees: Path) -> Iterator[Mapping[str, Any]]:
    for line in _lines(trees):
        yield orjson.loads(line)["persona"]


def _keys(person: Mapping[str, Any]) -> Iterator[Hashable]:
    """What users of one group share: the list of traits, or the profile."""
    if traits := frozenset(person["traits"]) or person["personality"]:
        yield "traits", traits
    if person["profile"]:
        yield "profile", person["profile"]


def _compared(row: Mapping[str, Any], users: Mapping[str, Any], groups: Mapping[str, str]) -> Compared:
    name = str(row["persona"])
    about = users.get(name, {})
    return Compared(
        chosen="\n".join(message["content"] for message in row["chosen"]),
        rejected="\n".join(message["content"] for message in row["rejected"]),
        agents=(row["chosen_agent"], row["rejected_agent"]),
        about="\n".join((about.get("profile", ""), *about.get("facts", ()))),
        user=name,
        group=groups.get(name, name),
    )
