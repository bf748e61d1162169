"""Reads whom to draw: the packaged table (``population.toml``), and a user's file that replaces or extends it."""

from __future__ import annotations

import json
import math
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from personagen.errors import UsageError
from personagen.options.row import FilePath
from personagen.personas.population import LEADING, UNFLATTERING, Population, Weights, holds
from personagen.records import Kind, content_id

KINDS: tuple[Kind, ...] = ("profile", "personality")
NUMBERS = ("age", LEADING, UNFLATTERING)  # what is drawn for them is a number
_PACKAGED = Path(__file__).with_name("population.toml")
_TOML_LINE = re.compile(r"line (\d+)")
_RANGE = re.compile(r"\d{1,4}(?:-\d{1,4})?")


@cache
def packaged() -> Population:
    """The attributes of world adults, with their sources in ``population.toml``."""
    return _read(_PACKAGED, _PACKAGED.read_text(encoding="utf-8"), {kind: {} for kind in KINDS})


def population(file: FilePath | None) -> Population:
    """The packaged attributes, each replaced by that of the same name in ``file`` (TOML, or JSON of the same form).

    New attributes are drawn last; ``NAME = false`` leaves one out.

    Raises:
        UsageError: the file can't be read, is no TOML or JSON, or has weights that can't be drawn from.
    """
    if file is None:
        return packaged()
    try:
        text = Path(file).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--population {file} can't be read: {getattr(error, 'strerror', None) or error}") from None
    return _read(Path(file), text, packaged())


def identity(population: Population) -> str:
    """A hash of the weights."""
    return content_id({kind: {name: asdict(one) for name, one in population[kind].items()} for kind in KINDS})


def _read(file: Path, text: str, before: Population) -> Population:
    """The population in ``text``, added to the one ``before``."""
    tables = _parsed(file, text)
    for kind in tables:
        if kind not in KINDS:
            raise _error(file, text, [kind], f"{kind} is neither profile nor personality: name an attribute as in"
                         " [profile.age]")  # fmt: skip
    found: dict[Kind, Mapping[str, Weights]] = {}
    for kind in KINDS:
        attributes = dict(before[kind])
        given = tables.get(kind, {})
        if not isinstance(given, dict):
            raise _error(file, text, [kind], f"{kind} holds no attributes: write them as [{kind}.NAME]")
        for name, table in given.items():
            if table is False:
                attributes.pop(name, None)
                continue
            path = [kind, name]
            if not isinstance(table, dict):
                raise _error(file, text, path, f"{name} is no table of values and weights: write [{kind}.{name}]")
            earlier = dict(
                list(attributes.items())[: list(attributes).index(name)] if name in attributes else attributes
            )
            attributes[name] = _Reader(file, text, earlier).weights(table, path)
        found[kind] = attributes
    return found


def _parsed(file: Path, text: str) -> dict[str, Any]:
    try:
        tables = json.loads(text) if file.suffix.lower() == ".json" else tomllib.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"{file}:{error.lineno}: {error.msg[:1].lower()}{error.msg[1:]}, so it is no JSON") from None
    except tomllib.TOMLDecodeError as error:
        line = _TOML_LINE.search(str(error))
        raise UsageError(f"{file}:{line[1] if line else 1}: it is no TOML: {error}") from None
    if not isinstance(tables, dict):
        raise UsageError(f"{file}:1: it holds no attributes: name them as in [profile.age]")
    return tables


class _Reader:
    """Checks the tables of one attribute in a file; ``earlier`` are the attributes that are drawn before it."""

    def __init__(self, file: Path, text: str, earlier: Mapping[str, Weights]) -> None:
        self.file, self.text, self.earlier = file, text, earlier

    def weights(self, table: Mapping[str, Any], path: Sequence[str]) -> Weights:
        """The weights in ``table``, whose names in the file are ``path``."""
        own: dict[str, float] = {}
        given: dict[str, dict[str, Weights]] = {}
        for name, value in table.items():
            here = [*path, name]
            if isinstance(value, dict):
                given[name] = self._cases(name, value, here)
                continue
            known = isinstance(value, int | float) and not isinstance(value, bool)
            if not known or not math.isfinite(value) or value < 0:
                raise self._error(here, f"the weight of {name!r} is no number from 0 up")
            if path[1] in NUMBERS and not _RANGE.fullmatch(name):
                raise self._error(here, f"{name!r} is no {path[1]}: write a whole number, or a range such as 18-24")
            own[name] = float(value)
        if own and not sum(own.values()):
            raise self._error(path, f"all weights of {'.'.join(path)} are 0: give one more than 0, or write = false")
        if not own and not given:
            raise self._error(path, f"{'.'.join(path)} has no values: give at least one with its weight")
        return Weights(own, given)

    def _cases(self, name: str, table: Mapping[str, Any], path: Sequence[str]) -> dict[str, Weights]:
        """The weights of people who have drawn a value of the attribute ``name``."""
        if name not in self.earlier:
            known = ", ".join(self.earlier) or "none"
            raise self._error(path, f"{name!r} is no attribute that is drawn before {path[1]}: there are {known}")
        cases = {}
        for values, weights in table.items():
            here = [*path, values]
            if not isinstance(weights, dict):
                raise self._error(here, f"{'.'.join(here)} is no table: write [{'.'.join(map(_quoted, here))}]")
            for value in values.split("|"):
                if not self._possible(name, value):
                    some = ", ".join(sorted(self.earlier[name].values())[:12])
                    raise self._error(here, f"{value!r} is no value of {name}: there are {some}")
            cases[values] = self.weights(weights, here)
        return cases

    def _possible(self, name: str, value: str) -> bool:
        known = self.earlier[name].values()
        if name not in NUMBERS:
            return value in known
        bounds = [[int(end) for end in one.split("-")] for one in known]
        return bool(_RANGE.fullmatch(value)) and any(
            holds(value, number) for low, *high in bounds for number in range(low, (high or [low])[0] + 1)
        )

    def _error(self, path: Sequence[str], what: str) -> UsageError:
        return _error(self.file, self.text, path, what)


def _quoted(name: str) -> str:
    return name if re.fullmatch(r"[\w-]+", name) else f'"{name}"'


def _error(file: Path, text: str, path: Sequence[str], what: str) -> UsageError:
    return UsageError(f"{file}:{_line(text, path)}: {what}")


def _line(text: str, path: Sequence[str]) -> int:
    """The line of ``text`` in which the last of the nested names ``path`` stands after the others."""
    lines = text.splitlines()
    at = 0
    for name in path:
        at = next((n for n in range(at, len(lines)) if name in lines[n]), at)
    return at + 1
