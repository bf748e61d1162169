"""ALOE's pools: a bare text a line. Its file names, or else the text itself, say which of the two pools it is."""

from __future__ import annotations

from personagen.readers.person import Fields, Person


def persons(row: Fields) -> list[Person] | None:
    """The person of a text, of which nothing else is known; None for another row."""
    if row.values.keys() != {"text"}:
        return None
    if not row.has("text"):
        raise ValueError("the text is empty")
    return [Person(text=row.text("text"))]
