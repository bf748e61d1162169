"""CSV and TSV: a header, and a row per record; delimiters and quotes as spreadsheets and hands write them."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from personagen.errors import UsageError
from personagen.readers.decode import Line, lines_of, suffix_of
from personagen.readers.names import KNOWN_COLUMNS, column
from personagen.readers.row import Fault, Note, Row

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
MAX_RECORD_LINES = 1000  # of one record; a quote that is still open then was never closed
_MAX_NAME = 100  # characters of a column's name; a longer one is a text


def read(path: Path) -> Iterator[Row | Fault | Note]:
    """The rows by column, as texts."""
    lines: list[Line] = []
    faults: list[Fault] = []
    for line in lines_of(path):
        if isinstance(line, Note):
            yield line
        elif isinstance(line, Fault):
            faults.append(line)
        else:
            lines.append(line)
    start = next((at for at, line in enumerate(lines) if line[1].strip()), len(lines))
    lines, delimiter = lines[start:], ""
    if lines and (declared := lines[0][1].strip().strip('"')).lower().startswith("sep=") and len(declared) <= 5:
        lines, delimiter = lines[1:], declared[4:] or "\t"
    if lines:
        delimiter = delimiter or _delimiter(lines, "\t" if suffix_of(path) == ".tsv" else ",")
        with _long_fields():
            rows = _rows(path, lines, delimiter)
            for row in rows:
                while faults and faults[0].line < row.line:
                    yield faults.pop(0)
                yield row
    yield from faults


@contextmanager
def _long_fields() -> Iterator[None]:
    before = csv.field_size_limit(1 << 30)  # a limit would end the file; the length of a text is checked later
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _delimiter(lines: Sequence[Line], usual: str) -> str:
    """The delimiter that gives the header the most known columns, else the most columns."""
    found = {}
    for mark in sorted(DELIMITERS, key=lambda mark: mark != usual):
        names = _record(lines, 0, mark)[0] or [lines[0][1]]
        found[mark] = (sum(column(name) in KNOWN_COLUMNS for name in names), len(names))
    return max(found, key=lambda mark: found[mark])


def _record(lines: Sequence[Line], at: int, delimiter: str) -> tuple[list[str] | None, int]:
    """The cells of the record that begins on line ``at``, None if it is no record, and the line after it."""
    read = 1
    for skip in (True, False) if re.search(rf'{re.escape(delimiter)} +"', lines[at][1]) else (False,):
        texts = (f"{text}\n" for _, text in lines[at : at + MAX_RECORD_LINES])
        table = csv.reader(texts, delimiter=delimiter, skipinitialspace=skip, strict=True)
        try:
            return next(table, None), at + table.line_num
        except csv.Error:
            read = max(1, table.line_num)
    return None, at + read


def _rows(path: Path, lines: Sequence[Line], delimiter: str) -> Iterator[Row | Fault | Note]:
    header, at = _record(lines, 0, delimiter)
    columns = _columns(f"{path}:{lines[0][0]}", header)
    while at < len(lines):
        number, text = lines[at]
        cells: list[str] | None
        if len(columns) == 1 and not text.lstrip().startswith('"'):
            cells, end = [text], at + 1  # its commas separate nothing
        elif '"' not in text:
            cells, end = text.split(delimiter), at + 1
        else:
            cells, end = _record(lines, at, delimiter)
        if cells is None and delimiter == "\t" and text.count("\t") == len(columns) - 1:
            cells, end = text.split("\t"), at + 1  # many write tab-separated texts without quoting
        if cells is None:
            yield Fault(number, _quote_problem(text, end - at, delimiter))
            at += 1
            continue
        at = end
        if cells == header:
            yield Note(number, "the line of column names again; not read as a row")
            continue
        if not any(cell.strip() for cell in cells):
            if text.strip():
                yield Row(number, dict.fromkeys(columns, ""))
            continue
        while len(cells) > len(columns) and not cells[-1].strip():
            cells.pop()
        yield _fitted(number, cells, columns, delimiter)


def _fitted(number: int, cells: list[str], columns: list[str], delimiter: str) -> Row | Fault:
    if len(cells) != len(columns):
        marks, cell_count = DELIMITERS.get(delimiter, repr(delimiter)), len(cells)
        what = f"{cell_count} cell{'s' if cell_count > 1 else ''}, but the header names {len(columns)} column"
        return Fault(number, f"{what}{'s' if len(columns) > 1 else ''}; put a text that holds {marks} in double quotes")
    return Row(number, {name: cell for name, cell in zip(columns, cells, strict=True) if name})


def _quote_problem(text: str, lines: int, delimiter: str) -> str:
    if lines > 1 or text.count('"') % 2:
        return "a double quote opens a cell on this line and is not closed properly"
    marks = DELIMITERS.get(delimiter, repr(delimiter))
    return f"a double quote inside a quoted cell is not doubled, or text stands between it and the {marks}"


def _columns(place: str, header: list[str] | None) -> list[str]:
    """The names of the columns, as written; a first column without a name has row numbers, and keeps none."""
    if header is None:
        raise UsageError(f"{place}: the first line names the columns, and its quotes do not match; correct it")
    names = [" ".join(name.split()) for name in header]
    while len(names) > 1 and not names[-1]:
        names.pop()
    if any(len(name) > _MAX_NAME or name.endswith((".", "!", "?")) for name in names):
        raise UsageError(
            f"{place}: the first line is a row, but must name the columns; put a line such as profile,personality above"
        )
    folded = [column(name) for name in names if name]
    if twice := next((name for name in folded if folded.count(name) > 1), ""):
        raise UsageError(f"{place}: two columns are called {twice}; rename one of them")
    names = ["" if name.lower().startswith("unnamed: ") else name for name in names]
    return [name or (f"column {at}" if at > 1 else "") for at, name in enumerate(names, 1)]
