"""Nemotron-Personas, of any country: several texts about one person, and columns from census data."""

from __future__ import annotations

from personagen.readers.person import Fields, Person
from personagen.readers.values import ended

_MORE_TEXTS = (
    *("cultural background", "skills and expertise", "hobbies and interests", "career goals and ambitions"),
    *("linguistic background", "religious background"),
)


def persons(row: Fields) -> list[Person] | None:
    """The person of all persona texts, the general one first; other columns are attributes. None for another row."""
    kinds = [name for name in row.values if name.endswith(" persona") and name != "input persona"]
    if not kinds or not ("persona" in row or len(kinds) > 1):
        return None
    used = [name for name in ("persona", *kinds, *_MORE_TEXTS) if name in row]
    texts = dict.fromkeys(filter(None, map(row.text, used)))
    attributes, dropped = row.rest(used)
    return [Person(profile=" ".join(map(ended, texts)), id=row.id, attributes=attributes, dropped=dropped)]
