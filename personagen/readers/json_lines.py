"""JSON lines, and the JSON values in a text with their lines."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from personagen.readers.decode import lines_of
from personagen.readers.row import Fault, Note, Row

_DECODER = json.JSONDecoder()
_BETWEEN_VALUES = re.compile(r"[ \t\r\n,]*")


def read(path: Path) -> Iterator[Row | Fault | Note]:
    """The rows of a file with a JSON value in each line; blank lines are none."""
    for line in lines_of(path):
        yield from [line] if isinstance(line, Fault | Note) else _of_line(*line)


def _of_line(number: int, text: str) -> Sequence[Row | Fault | Note]:
    """The values of a line: none if it is blank, several if line feeds were lost."""
    values = list(values_of(text, number))
    if faults := [value for value in values if isinstance(value, Fault)]:
        return faults
    if len(values) > 1:
        said = Note(number, f"{len(values)} JSON values on one line; read as {len(values)} entries")
        return [said, *(Row(number, row.value, at) for at, row in enumerate(values, 1) if isinstance(row, Row))]
    return values


def values_of(text: str, line: int) -> Iterator[Row | Fault]:
    """JSON values separated by white space or commas, from ``line`` on; stops at the first fault."""
    end = 0
    while True:
        gap = _BETWEEN_VALUES.match(text, end)
        assert gap is not None
        line, start = line + text.count("\n", end, gap.end()), gap.end()
        if start == len(text):
            return
        try:
            value, end = _DECODER.raw_decode(text, start)
        except json.JSONDecodeError as error:
            yield Fault(line + text.count("\n", start, error.pos), f"this is not JSON ({error.msg})")
            return
        except (ValueError, RecursionError):
            yield Fault(line, "this is not JSON (too deep or too large)")
            return
        yield Row(line, value)
        line += text.count("\n", start, end)
