"""The checker of the cast: finds plain contradictions, another number or a denial of what a fact says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from random import Random
from typing import Any

import orjson

from personagen.offline.facts import is_stated, spoken, stems

_NUMBER = re.compile(r"\d+")
_DENIAL = re.compile(r"\b(?:no|not|never|none|without|nobody|cannot|can't|\w+n't|no longer|stopped|gave up)\b", re.I)
_MY_AGE = re.compile(r"\bI(?:'m| am) (?:an? )?(\d+)\b(?! *(?:minutes|hours|miles|km|kilometres|%))", re.I)
_AGE = stems("years old year-old now")
_CLAUSE = re.compile(r"[,;:]|\bbut\b")
_SELF = re.compile(r"\b(?:I|I'm|I've|my|me|i|i'm|i've)\b")


def consistent(inputs: Mapping[str, Any], rng: Random) -> str:  # noqa: ARG001
    """The finding as JSON."""
    numbers = contradicted(tuple(inputs["lines"]), inputs["conversation"][-1].content)
    reason = "The message says the opposite of the description." if numbers else "Nothing speaks against it."
    return orjson.dumps({"reason": reason, "contradicted": numbers}).decode()


def contradicted(lines: tuple[str, ...], message: str) -> list[int]:
    """The numbers, from 1, of the lines that a sentence of ``message`` about oneself contradicts."""
    own = [text for text in spoken(message) if _SELF.search(text)]
    return [number for number, line in enumerate(lines, 1) if any(_contradicts(line, text) for text in own)]


def _contradicts(line: str, text: str) -> bool:
    want = stems(_NUMBER.sub(" ", line))
    if want <= _AGE and (age := _NUMBER.findall(line)):
        return bool(set(_MY_AGE.findall(text)) - set(age))
    if not is_stated(_NUMBER.sub(" ", line), (text,)):
        return False
    said, known = (set(_NUMBER.findall(one)) for one in (text, line))
    if said and known and not said & known:
        return True
    clauses = [clause for clause in _CLAUSE.split(text) if want & stems(clause)]
    return any(map(_DENIAL.search, clauses)) != bool(_DENIAL.search(line))
