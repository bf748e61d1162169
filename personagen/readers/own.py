"""A table of one's own, with a profile, a personality or both in columns of these names."""

from __future__ import annotations

from collections.abc import Mapping

from personagen.readers.names import ITEMS, TEXTS, alike, column
from personagen.readers.person import Fields, Person


def persons(row: Fields) -> list[Person] | None:
    """The person of a row; ValueError if no column holds a description."""
    if "chosen" in row and "rejected" in row:
        raise ValueError("expected a persona, not a preference pair")
    if "nodes" in row and "persona" in row:
        raise ValueError("expected a persona, not a conversation; give the personas of its run")
    row = _unwrapped(row)
    columns, guessed = _columns(row)
    if not columns:
        raise ValueError(row.refusal("profile, personality"))
    found = {key: row.text(name) for key, name in columns.items() if row.has(name)}
    if not found:
        raise ValueError(f"the {' and the '.join(columns)} {'are' if len(columns) > 1 else 'is'} empty")
    attributes, dropped = row.rest((*columns.values(), *ITEMS.values(), "items"))
    return [
        Person(
            profile=found.get("profile", ""),
            personality=found.get("personality", ""),
            text=found.get("persona", "") or found.get("text", ""),
            facts=row.items("facts"),
            traits=row.items("traits"),
            items=row.items("items"),
            kind=str(row.values.get("kind", "")),
            id=row.id,
            attributes=attributes,
            dropped=dropped,
            guessed=guessed,
        )
    ]


def _unwrapped(row: Fields) -> Fields:
    """The row with the fields of ``{"persona": {"profile": ...}}`` beside its others."""
    inner = row.values.get("persona")
    if not isinstance(inner, Mapping) or not {column(name) for name in inner} & ITEMS.keys():
        return row
    others = [(row.names[name], value) for name, value in row.values.items() if name != "persona"]
    if {column(name) for name, _ in others} & {column(name) for name in inner}:
        return row
    return Fields(dict(others) | dict(inner))


def _columns(row: Fields) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    """The columns of descriptions by kind, and those that were recognised by a part of their name."""
    columns: dict[str, str] = {}
    guessed = []
    for key in TEXTS:
        if key in row:
            columns[key] = key
        elif key in ITEMS and (name := alike(key, row.values)):
            columns[key] = name
            guessed.append((row.names[name], key))
    if not columns and (name := alike("persona", row.values)):
        return {"persona": name}, ((row.names[name], "persona"),)
    return columns, tuple(guessed)
