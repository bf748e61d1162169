"""FinePersonas: a sentence or two a person, with labels of its field."""

from __future__ import annotations

from personagen.readers.person import Fields, Person


def persons(row: Fields) -> list[Person] | None:
    """The person in ``persona``, with ``id`` (of a web page) and ``labels`` as attributes; None for another row."""
    if not ("persona" in row and "labels" in row):
        return None
    attributes, dropped = row.rest(("persona",))
    page: dict[str, str | int] = {"id": row.id} if row.id else {}
    return [Person(profile=row.text("persona"), attributes=page | attributes, dropped=dropped)]
