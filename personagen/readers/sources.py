"""The shapes of rows, one file each: public sets of personas, and tables of one's own."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from personagen.readers import (
    aloe,
    finepersonas,
    nemotron,
    own,
    personachat,
    personahub,
    synthetic_persona_chat,
    tinytroupe,
)
from personagen.readers.columns import Columns
from personagen.readers.names import IDS, ITEMS, TEXTS, column
from personagen.readers.person import Fields, Person

# The first that does not return None reads a row.
SOURCES: dict[str, Callable[[Fields], list[Person] | None]] = {
    "ALOE": aloe.persons,
    "TinyTroupe": tinytroupe.persons,
    "Synthetic-Persona-Chat": synthetic_persona_chat.persons,
    "PersonaChat": personachat.persons,
    "PersonaHub": personahub.persons,
    "FinePersonas": finepersonas.persons,
    "Nemotron-Personas": nemotron.persons,
    "own": own.persons,
}
_KEYS = frozenset((*TEXTS, "input persona", "user 1 personas", "user 1 persona"))
_NAMED = {bool: "true or false", int: "a number", float: "a number", list: "a list", type(None): "null"}


def fields_of(value: object) -> Fields:
    """A row by column, a bare text as the column ``text``; ValueError if ``value`` is no row."""
    if isinstance(value, str):
        return Fields({"text": value})
    if not isinstance(value, Mapping):
        raise ValueError(f"expected a text or an object, not {_NAMED.get(type(value), f'a {type(value).__name__}')}")
    return Fields(value)


def persons_of(fields: Fields, columns: Columns) -> list[Person]:
    """The people that a row describes; ValueError if there is none."""
    if columns.describe:
        return columns.persons(fields)
    for read in SOURCES.values():
        if (found := read(fields)) is not None:
            people = [who for who in found if who.profile or who.personality or who.text]
            if not people:
                raise ValueError("every text of the row is empty")
            return [columns.completed(who, fields) for who in people] if columns else people
    return []


def is_row(value: object) -> bool:
    """Whether an object is itself a row, and holds no table of rows."""
    if not isinstance(value, Mapping):
        return False
    names = {column(name): inner for name, inner in value.items()}
    if isinstance(names.get("persona"), Mapping) and ("type" in names or "name" in names["persona"]):
        return True
    if "personality" in names and "utterances" in names:
        return True
    texts = [inner for name, inner in names.items() if name in _KEYS or name.endswith(" persona")]
    return any(isinstance(text, str) or text is None for text in texts) or (
        bool(names.keys() & {*IDS, *ITEMS.values()})
        and bool(texts)
        and not all(isinstance(t, list | dict) for t in texts)
    )
