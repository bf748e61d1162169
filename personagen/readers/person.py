"""A row by column, and the person that a row describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from personagen.readers import values
from personagen.readers.names import CANONICAL, IDS, ORIGINS, column, suggestion

Attributes = dict[str, str | int]


@dataclass(frozen=True)
class Person:
    """What a row says of one person. An empty text is missing.

    ``text`` may be a profile or a personality: ``kind`` if the row says which, and ``items`` are its facts or traits.

    ``dropped`` are columns that could not be kept as ``attributes``, and ``guessed`` those whose name was recognised by
    a part of it, with what they were read as.
    """

    profile: str = ""
    personality: str = ""
    text: str = ""
    facts: tuple[str, ...] = ()
    traits: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    kind: str = ""
    id: str = ""
    attributes: Attributes = field(default_factory=dict)
    dropped: tuple[str, ...] = ()
    guessed: tuple[tuple[str, str], ...] = ()


class Fields:
    """A row by column; the names are compared as ``names.column`` writes them.

    ValueError: two columns have the same name, or a name is no plain text.
    """

    def __init__(self, row: Mapping[Any, Any]) -> None:
        self.names = {column(name): " ".join(str(name).split()) for name in row}
        if len(self.names) < len(row):
            folded = [column(name) for name in row]
            twice = next(name for name in folded if folded.count(name) > 1)
            raise ValueError(f"two columns are called {twice}; rename one of them")
        if bad := next((name for name in self.names.values() if not values.is_plain(name)), ""):
            raise ValueError(f"the column {bad!r} has a name that holds a control character or a lone surrogate")
        self.values: dict[str, Any] = {column(name): value for name, value in row.items()}

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def has(self, name: str) -> bool:
        """Whether the column is there and not missing."""
        return name in self.values and not values.is_missing(self.values[name])

    def text(self, name: str) -> str:
        """The column as a description; empty if it is missing."""
        if not self.has(name):
            return ""
        value = values.listed(self.values[name])
        if isinstance(value, list) and all(isinstance(part, str) for part in value):
            value = " ".join(values.ended(part) for part in value if not values.is_missing(part))
        return values.text(value, self.names[name])

    def items(self, name: str) -> tuple[str, ...]:
        """The column as a list of texts."""
        return values.items(self.values.get(name), name)

    def short(self, name: str) -> str:
        """The column as one line; empty if it is missing or no short text."""
        try:
            return values.attribute(self.values[name]) if self.has(name) else ""
        except ValueError:
            return ""

    @property
    def id(self) -> str:
        """The row's own id, or empty."""
        found = next(filter(None, (values.own_id(self.values.get(name)) for name in IDS)), "")
        if not values.is_plain(found):
            raise ValueError(f"the id {found!r} holds a control character or a lone surrogate")
        return found

    def rest(self, used: Iterable[str], names: Mapping[str, str] | None = None) -> tuple[Attributes, tuple[str, ...]]:
        """The attributes in the columns that are not ``used``, and the columns that can't be kept as such.

        ``names`` gives columns another name, beside the usual ones.
        """
        skipped = {*used, *ORIGINS, *IDS, "attributes", ""}
        found: Attributes = {}
        dropped = []
        given = self.values.get("attributes")
        inner = {str(k): v for k, v in given.items()} if isinstance(given, Mapping) else {}
        own = {self.names[name]: value for name, value in self.values.items() if name not in skipped}
        for name, value in {**inner, **own}.items():
            if values.is_missing(value):
                continue
            try:
                found |= _attribute((names or {}).get(column(name)) or CANONICAL.get(column(name), name), name, value)
            except ValueError:
                dropped.append(name)
        return found, tuple(dropped)

    def refusal(self, wanted: str) -> str:
        """Why the row describes nobody: the columns it has, and the option to type."""
        texts = [self.names[name] for name, value in self.values.items() if isinstance(value, str) and " " in value]
        shown = ", ".join(list(self.names.values())[:20]) + (", ..." if len(self.names) > 20 else "")
        if not shown:
            return f"no {wanted}, persona or text: the row is empty"
        texts.sort(key=lambda name: -len(self.values[column(name)]))
        nested = [path for name, value in self.values.items() for path in _paths(self.names[name], value)]
        choice = suggestion(self.names.values(), texts)
        if "COLUMN" in choice and nested:
            likely = [path for path in nested if suggestion([path.rpartition(".")[2]]) != choice]
            choice = f"--columns 'profile={{{{ {(likely or nested)[0]} }}}}'"
        return f"no {wanted}, persona or text in the columns {shown}; name them, as in {choice}"


def _paths(path: str, value: Any) -> list[str]:
    """The places of texts inside a nested value, as templates write them."""
    if isinstance(value, Mapping):
        inner = [(name, part) for name, part in value.items() if str(name).isidentifier()]
        return [found for name, part in inner for found in _paths(f"{path}.{name}", part)]
    return [path] if "." in path and isinstance(value, str) and " " in value and path.isascii() else []


def _attribute(name: str, column_name: str, value: Any) -> Attributes:
    if name == "age":
        years = values.age(value)
        return {"age": years} if years is not None else {"age_range": values.attribute(value)}
    found = values.attribute(value)
    if name != "sex":
        return {name: found}
    known = values.sex(found)
    as_given = {} if column(column_name) == "gender" and known else {"sex": found}
    return {**as_given, **({"gender": known} if known else {})}
