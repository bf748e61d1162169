"""Export profiles: TOML files that say which pairs to drop, to prefer, to cap and to hold out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from personagen.errors import UsageError
from personagen.options.export import WHOLE
from personagen.where import ATTRIBUTE, NUMBERS, TEXTS, Condition, parsed

STRATA = (*NUMBERS, *TEXTS, "trait")
TABLES = ("hard", "soft", "strata", "holdout")
_NAME = re.compile(r"\w+")
_TOML_LINE = re.compile(r"line (\d+)")


@dataclass(frozen=True)
class Profile:
    """Which pairs an export takes.

    One that does not meet all ``hard`` conditions is dropped. Those that meet more of the ``soft`` ones go first where
    there is room for some only. ``strata`` are the most pairs with the same value of a field. ``holdout`` are, by the
    name of a split, the personas whose pairs it takes.
    """

    hard: tuple[Condition, ...] = ()
    soft: tuple[Condition, ...] = ()
    strata: tuple[tuple[str, int], ...] = ()
    holdout: tuple[tuple[str, Condition], ...] = ()


def read_profile(file: Path) -> Profile:
    """The profile in ``file``; ``UsageError`` with its line if it can't be read or says something else."""
    import tomllib

    try:
        text = file.read_text(encoding="utf-8-sig")
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line = _TOML_LINE.search(str(error))
        raise UsageError(f"{file}:{line[1] if line else len(text.splitlines())}: it is no TOML: {error}") from None
    except (OSError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"--profile {file} can't be read: {getattr(error, 'strerror', None) or error}") from None
    reader = _Reader(file, text)
    if wrong := next((name for name in tables if name not in TABLES), None):
        raise reader.error(wrong, f"{wrong} is nothing that a profile says; choose {', '.join(TABLES)}")
    return Profile(
        reader.conditions(tables, "hard"),
        reader.conditions(tables, "soft"),
        tuple(reader.stratum(name, most) for name, most in _dotted(reader.table(tables, "strata"))),
        tuple(reader.held(name, text) for name, text in reader.table(tables, "holdout").items()),
    )


def _dotted(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The entries, with ``attribute.age = 9`` as one name whether it was quoted or not."""
    for name, value in table.items():
        inner = value if isinstance(value, dict) and f"{name}." == ATTRIBUTE else None
        yield from [(f"{name}.{key}", one) for key, one in inner.items()] if inner else [(name, value)]


@dataclass(frozen=True)
class _Reader:
    """Checks the values of one file."""

    file: Path
    text: str

    def error(self, name: str, what: str) -> UsageError:
        return UsageError(f"{self._at(name)}: {what}")

    def _at(self, name: str) -> str:
        """The file and the first line that begins with the key ``name``, or has it as a value."""
        lines = list(enumerate(self.text.splitlines(), 1))
        begins = (at for at, line in lines if line.lstrip(' "[').startswith(name))
        return f"{self.file}:{next(chain(begins, (at for at, line in lines if name in line)), 1)}"

    def conditions(self, tables: Mapping[str, Any], name: str) -> tuple[Condition, ...]:
        given = tables.get(name, [])
        if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
            raise self.error(name, f'{name} is no list of conditions: write {name} = ["personal", "margin >= 1"]')
        return tuple(parsed(one, f"{self._at(one)}: {name}") for one in given)

    def table(self, tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        given = tables.get(name, {})
        if not isinstance(given, dict):
            raise self.error(name, f"{name} is no table: write [{name}] and a line for each")
        return given

    def stratum(self, name: str, most: Any) -> tuple[str, int]:
        if name not in STRATA and not (name.startswith(ATTRIBUTE) and name != ATTRIBUTE):
            raise self.error(name, f'pairs are not counted by {name}; choose {", ".join(STRATA)}, or "{ATTRIBUTE}NAME"')
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:
            raise self.error(name, f"the most pairs of one {name} is {most!r}: give a whole number from 1 up")
        return name, most

    def held(self, name: str, text: Any) -> tuple[str, Condition]:
        if not _NAME.fullmatch(name) or name.lower() == WHOLE:
            raise self.error(name, f"{name!r} can't name a split: use letters, digits and _, but not {WHOLE}")
        if not isinstance(text, str):
            raise self.error(name, f'{name} is no condition: write {name} = "attribute.age >= 60"')
        condition = parsed(text, f"{self._at(text)}: {name}")
        if condition.pair:
            raise self.error(name, f"{name} holds out personas: ask for persona, trait or {ATTRIBUTE}NAME only")
        return name, condition
