"""PersonaHub: one sentence a person, under ``persona`` or ``input persona``, with what was written for it."""

from __future__ import annotations

from personagen.readers.person import Fields, Person


def persons(row: Fields) -> list[Person] | None:
    """The person of ``input persona``; a row with ``persona`` alone is read as any other. None for another row."""
    if "input persona" not in row:
        return None
    attributes, dropped = row.rest(("input persona", "synthesized text"))
    made = ("synthesized text",) if row.has("synthesized text") else ()
    return [Person(profile=row.text("input persona"), attributes=attributes, dropped=(*made, *dropped))]
