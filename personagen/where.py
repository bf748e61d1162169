"""Conditions on preference pairs, such as ``personal`` or ``margin>=1``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from operator import eq, ge, gt, le, lt
from typing import Any, TypeAlias

from personagen.errors import UsageError
from personagen.records import PreferencePair

Condition: TypeAlias = Callable[[PreferencePair], bool]
FLAGS = ("personal", "knowable", "generic", "leaking")
NUMBERS = ("margin", "confidence", "flip_share", "turn")
TEXTS = ("pooled", "chosen_agent", "rejected_agent")
_COMPARED = re.compile(r"\s*([a-z_]+)\s*(>=|<=|=|>|<)\s*([\w.+-]+)\s*")
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {">=": ge, "<=": le, "=": eq, ">": gt, "<": lt}


def where(conditions: Iterable[str]) -> Condition:
    """Whether a pair meets all ``conditions``: a flag, ``not-`` and a flag, or a field compared with a value.

    A pair of which a field is not known meets no condition on it.

    Raises:
        UsageError: a condition is none.
    """
    tests = [_condition(text) for text in conditions]
    return lambda pair: all(test(pair) for test in tests)


def _condition(text: str) -> Condition:
    name = text.strip().removeprefix("not-")
    if name in FLAGS:
        return lambda pair: getattr(pair, name) is (name == text.strip())
    if found := _COMPARED.fullmatch(text):
        field, sign, value = found.groups()
        compare = _OPERATORS[sign]
        if field in TEXTS and sign == "=":
            return lambda pair: getattr(pair, field) == value
        if field in NUMBERS and (wanted := _number(value)) is not None:
            return lambda pair: (known := getattr(pair, field)) is not None and compare(known, wanted)
    raise UsageError(
        f"--where {text}: choose {', '.join(FLAGS)}, the same after not-, {', '.join(NUMBERS)} with >=, <=, =, > or <"
        f" and a number, or {', '.join(TEXTS)} with = and a word"
    )


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
