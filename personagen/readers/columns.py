"""``--columns``: which columns hold what, as names or templates."""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace
from typing import Any

from personagen.errors import UsageError
from personagen.readers import values
from personagen.readers.names import ATTRIBUTES, ITEMS, column
from personagen.readers.person import Fields, Person

TARGETS = ("profile", "personality", *ITEMS.values(), "id", *ATTRIBUTES)
_NEXT = re.compile(rf"\s*,\s*(?=(?:{'|'.join(TARGETS)})\s*=)")
_PLAIN = re.compile(r"\W+")

Template = Callable[[Mapping[str, Any]], str]


class Columns:
    """What the columns of a table mean: the name of a column or a template for each of ``TARGETS``.

    ``seen`` are the targets whose column some row had.
    """

    def __init__(self, specs: str | Iterable[str] | Mapping[str, str] = ()) -> None:
        """``specs``: ``profile=bio,personality=temperament``, in one text or several, or a mapping; ``UsageError``."""
        self.names: dict[str, str] = {}
        self.templates: dict[str, tuple[Template, frozenset[str]]] = {}
        self.seen: set[str] = set()
        pairs = specs.items() if isinstance(specs, Mapping) else _pairs([specs] if isinstance(specs, str) else specs)
        for target, value in pairs:
            if target not in TARGETS:
                raise UsageError(f"--columns {target}={value}: choose one of {', '.join(TARGETS)} before the =")
            if "{{" in value or "{%" in value:
                self.templates[target] = _template(target, value)
            else:
                self.names[target] = value

    def __bool__(self) -> bool:
        return bool(self.names or self.templates)

    @property
    def describe(self) -> bool:
        """Whether a profile or a personality is among them."""
        return any(self.names.get(target) or target in self.templates for target in ITEMS)

    def completed(self, who: Person, row: Fields) -> Person:
        """``who``, read from ``row`` by its usual columns, with what these columns hold besides."""
        self._see(row)
        found: dict[str, Any] = {name: self._items(name, row) for name in ITEMS.values() if self._has(name)}
        if self._has("id"):
            found["id"] = self._id(row)
        own = {row.names.get(column(name), "") for name in self.names.values()}
        attributes = {name: value for name, value in who.attributes.items() if name not in own}
        for name in filter(self._has, ATTRIBUTES):
            value = self._rendered(name, row) if name in self.templates else row.values.get(column(self.names[name]))
            attributes |= Fields({name: value}).rest(())[0]
        return replace(who, **found, attributes=attributes)

    def _has(self, target: str) -> bool:
        return target in self.names or target in self.templates

    def _see(self, row: Fields) -> None:
        self.seen |= {target for target, name in self.names.items() if column(name) in row}

    def persons(self, row: Fields) -> list[Person]:
        """The person that a row describes by these columns; ValueError if it has none."""
        self._see(row)
        used = {column(name) for name in self.names.values()}
        usual = {target: self._usual(target, row, used) for target in ITEMS}
        used |= {*usual.values()}
        profile, personality = (self._text(target, row) or row.text(usual[target]) for target in ITEMS)
        for _, inputs in self.templates.values():
            used |= {column(name) for name in row.names.values() if _identifier(name) in inputs}
        if not profile and not personality:
            absent = [name for name in self.names.values() if name and column(name) not in row]
            raise ValueError(self._refusal(row, absent))
        as_attributes = {column(self.names[name]): name for name in ATTRIBUTES if name in self.names}
        attributes, dropped = row.rest(used - as_attributes.keys(), as_attributes)
        for name in ATTRIBUTES:
            if name in self.templates and (found := self._rendered(name, row)):
                attributes |= Fields({name: found}).rest(())[0]
        facts, traits = (self._items(target, row) for target in ITEMS.values())
        return [
            Person(
                profile=profile,
                personality=personality,
                facts=facts,
                traits=traits,
                id=self._id(row),
                attributes=attributes,
                dropped=dropped,
            )
        ]

    def _usual(self, target: str, row: Fields, used: Container[str]) -> str:
        """The column of ``target`` by its usual name, if these columns do not say which; or empty."""
        names = (target, "persona", "text") if target == "profile" else (target,)
        return "" if self._has(target) else next((name for name in names if row.has(name) and name not in used), "")

    def _text(self, target: str, row: Fields) -> str:
        if target in self.names:
            return row.text(column(self.names[target]))
        if target not in self.templates:
            return ""
        found = self._rendered(target, row)
        return "" if values.is_missing(found) else values.text(found, target)

    def _rendered(self, target: str, row: Fields) -> str:
        render, _ = self.templates[target]
        return render({_identifier(row.names[name]): value for name, value in row.values.items()})

    def _items(self, target: str, row: Fields) -> tuple[str, ...]:
        if target in self.templates:
            return values.items(self._rendered(target, row), target)
        return row.items(column(self.names.get(target, target)))

    def _id(self, row: Fields) -> str:
        if "id" in self.names:
            return values.own_id(row.values.get(column(self.names["id"])))
        return values.own_id(self._rendered("id", row)) if "id" in self.templates else row.id

    def _refusal(self, row: Fields, absent: list[str]) -> str:
        if not absent:
            empty = [self.names[target] for target in ITEMS if self.names.get(target)]
            empty += [f"the template for {target}" for target in ITEMS if target in self.templates]
            are = "is" if len(empty) == 1 else "are"
            return f"{' and '.join(empty)} {are} empty"
        shown = ", ".join(row.names.values())
        return f"no column {' or '.join(absent)}; the columns are {shown}; correct --columns"


def _pairs(specs: Iterable[str]) -> Iterable[tuple[str, str]]:
    for spec in specs:
        for part in _NEXT.split(spec):
            target, equals, value = part.partition("=")
            if not equals:
                raise UsageError(f"--columns {part}: write it as profile=COLUMN,personality=COLUMN")
            yield target.strip().lower(), re.sub(r"""^(["'])(.*)\1$""", r"\2", value.strip())


def _template(target: str, source: str) -> tuple[Template, frozenset[str]]:
    """A function of a row by column, and the columns that it uses."""
    from jinja2 import TemplateError, meta

    from personagen.prompts.template import Sandbox

    sandbox = Sandbox()
    try:
        inputs = frozenset(meta.find_undeclared_variables(sandbox.parse(source)))
        template = sandbox.from_string(source)
    except TemplateError as error:
        raise UsageError(f"--columns {target}: this is no template: {error}") from None

    def render(row: Mapping[str, Any]) -> str:
        if absent := sorted(inputs - row.keys()):
            raise ValueError(f"no column {' or '.join(absent)}; the columns are {', '.join(row)}; correct --columns")
        shown = {name: "" if values.is_missing(row[name]) else _shown(row[name]) for name in inputs}
        try:
            return " ".join(template.render(shown).split())
        except TemplateError as error:
            raise ValueError(f"the template for {target} fails: {error}") from None

    return render, inputs


def _shown(value: Any) -> Any:
    value = values.listed(value)
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _identifier(name: str) -> str:
    """A column's name as templates write it: ``job_title`` for "Job title"."""
    return name if name.isidentifier() else _PLAIN.sub("_", name).strip("_")
