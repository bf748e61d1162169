"""Records as Arrow: the declared type of every column, and the way there and back.

A field becomes a column of the type that the record declares, whatever the rows hold, so that all files of a dataset
have the same columns. A mapping is a list of ``{name, value}``; where its values are texts or whole numbers they are
written as text, and ``whole`` says which. Only what may be unknown is nullable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin

from personagen.records import Record

Turn: TypeAlias = Callable[[Any], Any]


@dataclass(frozen=True)
class Column:
    """An Arrow type (pyarrow.DataType), and a value of it from one of the record (``there``) and ``back``.

    ``there`` and ``back`` are None if both are equal.
    """

    type: Any
    there: Turn | None = None
    back: Turn | None = None
    nullable: bool = False


def columns_of(kind: type[Record], without: frozenset[str] = frozenset()) -> Column:
    """The struct of a record; ``without`` are fields that it leaves out, ``a.b`` is the field b of the record in a.

    On the way back, a text that the record needs and the struct leaves out is empty.
    """
    import pyarrow

    fields = {name: field.annotation for name, field in kind.model_fields.items() if name not in without}
    order = sorted(fields, key=lambda name: name == "run")  # an inherited field, but the least of all
    columns = {name: column(fields[name], _below(name, without)) for name in order}
    there = {name: (one.there, kind.model_fields[name].default) for name, one in columns.items()}
    back = {name: one.back for name, one in columns.items() if one.back}
    needed = {name: "" for name, field in kind.model_fields.items() if name in without and field.is_required()}

    def encoded(values: Mapping[str, Any]) -> dict[str, Any]:
        found = ((name, turn, values.get(name, default)) for name, (turn, default) in there.items())
        return {name: turn(value) if turn else value for name, turn, value in found}

    def decoded(values: Mapping[str, Any]) -> dict[str, Any]:
        return needed | {n: back[n](value) if n in back else value for n, value in values.items() if n in columns}

    types = [pyarrow.field(name, one.type, nullable=True) for name, one in columns.items()]
    return Column(pyarrow.struct(types), encoded, decoded)


def column(annotation: Any, without: frozenset[str] = frozenset()) -> Column:
    """The column of a type that records use.

    Raises:
        TypeError: no record has used it so far.
    """
    import pyarrow

    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return column(arguments[0], without)
    if origin in (Union, UnionType):
        return _optional(annotation, without)
    if origin is Literal:
        return Column(pyarrow.string())
    if origin is tuple and arguments[1:] == (...,):
        return _several(column(arguments[0], without))
    if origin is dict:
        return _mapping(arguments[1])
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return columns_of(annotation, without)
    simple = {str: pyarrow.string, int: pyarrow.int64, float: pyarrow.float64, bool: pyarrow.bool_}
    if annotation not in simple:
        raise TypeError(f"{annotation} has no column; give it one in personagen.hub.columns")
    return Column(simple[annotation]())


def _below(name: str, without: frozenset[str]) -> frozenset[str]:
    return frozenset(field.removeprefix(f"{name}.") for field in without if field.startswith(f"{name}."))


def _optional(annotation: Any, without: frozenset[str]) -> Column:
    known = [one for one in get_args(annotation) if one is not NoneType]
    if len(known) != 1:
        raise TypeError(f"{annotation} has no column; give it one in personagen.hub.columns")
    one = column(known[0], without)

    def unless_missing(turn: Turn | None) -> Turn | None:
        return turn and (lambda value: None if value is None else turn(value))

    return Column(one.type, unless_missing(one.there), unless_missing(one.back), nullable=True)


def _several(one: Column) -> Column:
    import pyarrow

    def each(turn: Turn | None) -> Turn | None:
        return turn and (lambda values: [turn(value) for value in values])

    return Column(pyarrow.list_(one.type), each(one.there), each(one.back))


def _mapping(value: Any) -> Column:
    import pyarrow

    name = pyarrow.field("name", pyarrow.string())
    if get_origin(value) in (Union, UnionType):  # a text or a whole number
        fields = [name, pyarrow.field("value", pyarrow.string()), pyarrow.field("whole", pyarrow.bool_())]
        return Column(pyarrow.list_(pyarrow.struct(fields)), _to_mixed, _from_mixed)
    fields = [name, pyarrow.field("value", column(value).type)]
    return Column(pyarrow.list_(pyarrow.struct(fields)), _to_entries, _from_entries)


def _to_entries(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _from_entries(entries: list[dict[str, Any]]) -> dict[str, Any]:
    return {entry["name"]: entry["value"] for entry in entries}


def _to_mixed(values: Mapping[str, str | int]) -> list[dict[str, Any]]:
    return [{"name": name, "value": str(value), "whole": isinstance(value, int)} for name, value in values.items()]


def _from_mixed(entries: list[dict[str, Any]]) -> dict[str, str | int]:
    return {entry["name"]: int(entry["value"]) if entry["whole"] else entry["value"] for entry in entries}


def features(type: Any) -> list[dict[str, Any]]:
    """The fields of an Arrow struct as the ``features`` of a dataset card."""
    return [{"name": field.name, **_feature(field.type)} for field in type]


def _feature(type: Any) -> dict[str, Any]:
    from pyarrow import types

    if types.is_list(type):
        inner = _feature(type.value_type)
        return {"list": next(iter(inner.values())) if len(inner) == 1 else inner}
    if types.is_struct(type):
        return {"struct": features(type)}
    return {"dtype": {"double": "float64"}.get(str(type), str(type))}
