"""Synthetic-Persona-Chat: two people a row, each a list of sentences, and their conversation."""

from __future__ import annotations

from personagen.readers.person import Fields, Person
from personagen.readers.personachat import of_sentences

_USERS = (("user 1 personas", "user 1 persona"), ("user 2 personas", "user 2 persona"))
_CONVERSATIONS = ("best generated conversation", "conversation")


def persons(row: Fields) -> list[Person] | None:
    """The two people of a row; None for another row."""
    keys = [next((name for name in names if name in row), "") for names in _USERS]
    if not all(keys):
        return None
    attributes, dropped = row.rest((*keys, *_CONVERSATIONS))
    left = tuple(row.names[name] for name in _CONVERSATIONS if row.has(name))
    people = [of_sentences(row.items(key)) for key in keys if row.has(key)]
    return [
        Person(profile=who.profile, facts=who.facts, attributes=attributes, dropped=(*left, *dropped)) for who in people
    ]
