"""Brings the JSON of a reply into the form that was asked for, where the difference is plain.

Plain are: keys in another case or with other signs between their words, objects around the answer, and a list, or one
entry of it, in place of an object that holds only that list.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel

MAX_AROUND = 3  # objects around the answer
MIN_KNOWN = 2  # keys by which an entry of a list is known
_SIGNS = re.compile(r"[\W_]+")


def shaped(model: type[BaseModel], value: Any, depth: int = 0) -> Any:
    """``value`` with the keys of ``model``; as it is if it has no part that is plainly meant."""
    entries, names = _list_of(model), _names(model)
    if isinstance(value, list):
        if entries and any(_known(entries[1], one) >= MIN_KNOWN for one in value):
            return shaped(model, {entries[0]: value}, depth)
        return shaped(model, value[0], depth + 1) if len(value) == 1 and depth < MAX_AROUND else value
    if not isinstance(value, dict):
        return value
    if _known(model, value):
        renamed = _renamed(names, value)
        if entries and (inner := renamed.get(entries[0])):
            inner = [inner] if _known(entries[1], inner) >= MIN_KNOWN else inner
            own = _names(entries[1])
            renamed[entries[0]] = [_renamed(own, one) for one in inner] if isinstance(inner, list) else inner
        return renamed
    if entries and _known(entries[1], value) >= MIN_KNOWN:
        return shaped(model, {entries[0]: [value]}, depth)
    if depth < MAX_AROUND:
        inside = [found for one in value.values() if _known(model, found := shaped(model, one, depth + 1))]
        if len(inside) == 1:
            return inside[0]
    return value


def _known(model: type[BaseModel], value: Any) -> int:
    """How many keys of ``model`` are in ``value``."""
    return len(_names(model).keys() & map(_plain, value)) if isinstance(value, dict) else 0


def _renamed(names: dict[str, str], value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    renamed = {names.get(_plain(key), key): one for key, one in value.items()}
    return renamed | {key: value[key] for key in names.values() if key in value}


def _plain(key: str) -> str:
    return _SIGNS.sub("", key).lower()


@cache
def _names(model: type[BaseModel]) -> dict[str, str]:
    """The keys of ``model``, by their letters and digits."""
    keys = [field.alias or name for name, field in model.model_fields.items()]
    return {_plain(key): key for key in keys}


@cache
def _list_of(model: type[BaseModel]) -> tuple[str, type[BaseModel]] | None:
    """The key of the list of objects that ``model`` holds, and the model of its entries."""
    for name, field in model.model_fields.items():
        if entry := _model_in(field.annotation):
            return field.alias or name, entry
    return None


def _model_in(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model_in, get_args(annotation))), None)
