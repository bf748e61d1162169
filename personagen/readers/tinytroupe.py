"""TinyTroupe's ``.agent.json`` and ``.fragment.json``: a person as nested fields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from personagen.readers import values
from personagen.readers.person import Fields, Person

_TRAITS = ("personality", "style", "beliefs")  # what says how the person is, not what the person does
_ATTRIBUTES = ("age", "gender", "nationality", "residence")
_MAX_SHORT = 80


def persons(row: Fields) -> list[Person] | None:
    """The person in ``persona``; None for another row."""
    persona = row.values.get("persona")
    if not (isinstance(persona, dict) and ("type" in row or "name" in persona)):
        return None
    facts = [sentence for key, value in persona.items() if key not in _TRAITS for sentence in _said(key, value)]
    traits = [sentence for key in _TRAITS for sentence in _said("" if key == "personality" else key, persona.get(key))]
    occupation = persona.get("occupation")
    job = occupation.get("title") if isinstance(occupation, dict) else occupation
    known = {name: persona[name] for name in _ATTRIBUTES if name in persona} | ({"occupation": job} if job else {})
    attributes, dropped = Fields({"name": persona.get("name"), **known}).rest(())
    return [
        Person(
            profile=values.text(" ".join(facts), "persona") if facts else "",
            personality=values.text(" ".join(traits), "personality") if traits else "",
            facts=tuple(fact.rstrip(" .") for fact in facts),
            attributes=attributes,
            dropped=dropped,
        )
    ]


def _said(key: str, value: Any) -> Iterator[str]:
    """The sentences of a field, at any depth; short ones begin with the field's name."""
    if values.is_missing(value):
        return
    if isinstance(value, dict):
        name, description = value.get("name") or value.get("title"), value.get("description")
        if isinstance(name, str) and isinstance(description, str):
            rest = {k: v for k, v in value.items() if k not in ("name", "title", "description")}
            yield from (*_said(key, name), *(part for k, v in rest.items() for part in _said(k, v)))
            yield values.ended(description)
            return
        yield from (part for inner, deeper in value.items() for part in _said(inner, deeper))
    elif isinstance(value, list):
        short = [str(part).strip(" .") for part in value if isinstance(part, str | int) and len(str(part)) < _MAX_SHORT]
        if len(short) == len(value) and not any(" " in part and part[0].isupper() for part in short):
            yield values.ended(f"{_label(key)}{', '.join(short)}")
            return
        yield from (part for deeper in value for part in _said("", deeper))
    elif isinstance(value, str) and len(value) >= _MAX_SHORT:
        yield values.ended(value)
    else:
        yield values.ended(f"{_label(key)}{value}")


def _label(key: str) -> str:
    return f"{key.replace('_', ' ').strip().capitalize()}: " if key.strip() else ""
