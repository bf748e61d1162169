"""JSON lines, and the JSON values in a text with their lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from personagen.readers.decode import lines_of
from personagen.readers.row import Fault, Note, Row


class _TwiceError(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        raise _TwiceError(f"an object has the key {next(key for key in keys if keys.count(key) > 1)!r} twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object)
_BETWEEN_VALUES = re.compile(r"[ \t\r\n,]*")


def read(path: Path) -> Iterator[Row | Fault | Note]:
    """The rows of a file with a JSON value in each line; blank lines are none."""
    for line in lines_of(path):
        yield from [line] if isinstance(line, Fault | Note) else _of_line(*line)


def _of_line(number: int, text: str) -> Sequence[Row | Fault | Note]:
    """The values of a line: none if it is blank, several if line feeds were lost."""
    values = list(values_of(text, number))
    if faults := [value for value in values if isinstance(value, Fault)]:
        whole = "; a document of several lines is named .json" if text.strip() in ("[", "{") else ""
        return [Fault(fault.line, fault.reason + whole) for fault in faults]
    if len(values) > 1:
        said = Note(number, f"{len(values)} JSON values on one line; read as {len(values)} entries")
        return [said, *(Row(number, row.value, at) for at, row in enumerate(values, 1) if isinstance(row, Row))]
    return values


def values_of(text: str, line: int, rest: str = "") -> Iterator[Row | Fault]:
    """JSON values separated by white space or commas, from ``line`` on.

    After a fault it goes on with the next line that begins like the faulty value. If that did not begin a line, it
    stops, and ``rest`` ends the reason.
    """
    end = 0
    while True:
        gap = _BETWEEN_VALUES.match(text, end)
        assert gap is not None
        line, start = line + text.count("\n", end, gap.end()), gap.end()
        if start == len(text):
            return
        try:
            value, end = _DECODER.raw_decode(text, start)
            yield Row(line, value)
        except (ValueError, RecursionError) as error:
            before = text[text.rfind("\n", 0, start) + 1 : start]
            regular = not before.strip(" \t") and (start > len(before))
            at = line + text.count("\n", start, error.pos) if isinstance(error, json.JSONDecodeError) else line
            yield Fault(at, _reason(error) + ("" if regular else rest))
            end = text.find(f"\n{before}{text[start]}", start) if regular else -1
            if end < 0:
                return
        line += text.count("\n", start, end)


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"this is not JSON ({error.msg})"
    return str(error) if isinstance(error, _TwiceError) else "this is not JSON (too deep or too large)"
