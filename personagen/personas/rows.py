"""Readers of users' files: JSON lines, JSON, CSV, TSV and plain text.

A file that can't be read raises ``UsageError``; an invalid row is a ``Fault``, a repair or guess a ``Note``.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import BinaryIO, TypeAlias

from personagen.errors import UsageError

JSON_LINES = frozenset({".jsonl", ".ndjson"})
SUFFIXES = JSON_LINES | {".json", ".csv", ".tsv", ".txt"}
_IGNORED = ("readme", "license", "licence", "notice")
MAX_LINE_BYTES = 1_000_000  # a description has a few hundred
_DECODER = json.JSONDecoder()
_BETWEEN_VALUES = re.compile(r"[ \t\r\n,]*")
_SENTENCE_ENDS = (".", "!", "?", "\u3002", '"', "\u201d")


Line: TypeAlias = tuple[int, str]


@dataclass(frozen=True)
class Row:
    """One value of a file: a JSON value, a CSV row as a dict by lower-case column, or a text."""

    line: int
    value: object


@dataclass(frozen=True)
class Fault:
    """An invalid line, and the reason."""

    line: int
    reason: str


@dataclass(frozen=True)
class Note:
    """A repair or guess; line 0 is the whole file."""

    line: int
    text: str


def files_of(path: Path, alone: str = "") -> tuple[list[Path], list[str]]:
    """The file, or the supported files of the folder by name, or only ``alone`` if the folder has it; and notes."""
    known = ", ".join(sorted(SUFFIXES))
    try:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        readable = {entry for entry in inside if entry.suffix.lower() in SUFFIXES and entry.is_file()}
        exists = path.exists()
    except OSError as error:
        raise _unreadable(path, error) from error
    if not exists:
        raise UsageError(f"{path} does not exist; check the path")
    if not path.is_dir():
        if path.suffix.lower() not in SUFFIXES:
            raise UsageError(f"{path} has an unsupported suffix; expected {known}")
        if not readable:
            raise UsageError(f"{path} is not a plain file; give one")
        return [path], []
    plain = [entry for entry in inside if entry.stem.lower() not in _IGNORED and not entry.name.startswith(".")]
    files = [entry for entry in plain if entry in readable]
    if not files:
        raise UsageError(f"{path} has no seed file; expected {known}")
    if path / alone in files:
        return [path / alone], []
    other = [entry.name for entry in plain if entry not in readable]
    more = f" and {len(other) - 5} more" if len(other) > 5 else ""
    return files, [f"{path.name or path}: not read: {', '.join(other[:5])}{more}"] if other else []


def rows_of(path: Path) -> Iterator[Row | Fault | Note]:
    """The rows of one file in order, those of JSON lines lazily; its suffix gives the format."""
    suffix = path.suffix.lower()
    try:
        with path.open("rb") as file:
            if suffix in JSON_LINES:
                for line in _lines(file):
                    yield from [line] if isinstance(line, Fault) else _json_line(*line)
                return
            found = list(_lines(file))
    except OSError as error:
        raise _unreadable(path, error) from error
    faults = [line for line in found if isinstance(line, Fault)]
    lines = [line for line in found if not isinstance(line, Fault)]
    rows: Iterator[Row | Fault | Note]
    if suffix == ".json":
        rows = _json_text(lines)
    elif suffix == ".txt":
        rows = _text(lines)
    else:
        rows = _csv(lines, is_tsv=suffix == ".tsv")
    yield from sorted([*faults, *rows], key=lambda row: row.line)


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{path} can't be read: {error.strerror or error}; check the path and its permissions")


def _lines(file: BinaryIO) -> Iterator[Line | Fault]:
    """The decoded lines of a file without line ends and byte order mark."""
    number = 0
    while raw := file.readline(MAX_LINE_BYTES + 2):
        number += 1
        if number == 1:
            if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
                yield Fault(1, "the file is UTF-16; save it as UTF-8")
                return
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(MAX_LINE_BYTES)
            yield Fault(number, f"the line is longer than {MAX_LINE_BYTES:,} bytes")
            continue
        try:
            text = raw.rstrip(b"\r\n").decode()
        except UnicodeDecodeError as error:
            yield Fault(number, f"byte {error.start + 1} of the line is not UTF-8")
            continue
        yield Fault(number, "the line holds a NUL byte") if "\0" in text else (number, text)


def _json_line(number: int, text: str) -> Sequence[Row | Fault | Note]:
    """The values of a line: none if it is blank, several if line feeds were lost."""
    values = list(_json_values(text, number))
    if faults := [value for value in values if isinstance(value, Fault)]:
        return faults
    if len(values) > 1:
        return [Note(number, f"{len(values)} JSON values on one line; read as {len(values)} entries"), *values]
    return values


def _json_values(text: str, line: int) -> Iterator[Row | Fault]:
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


def _json_text(lines: Sequence[Line]) -> Iterator[Row | Fault | Note]:
    """A JSON document: an array gives one row per element, any other value is one row."""
    by_number = dict(lines)
    last = max(by_number, default=0)
    text = "\n".join(by_number.get(number, "") for number in range(1, last + 1)).rstrip()
    if not text.lstrip().startswith("["):
        yield from _json_values(text, 1)
    elif text.endswith("]"):
        yield from _json_values(text[:-1].replace("[", " ", 1), 1)
    else:
        yield Fault(last, "the list has no closing bracket")


def _csv(lines: Sequence[Line], *, is_tsv: bool) -> Iterator[Row | Fault | Note]:
    """CSV or TSV with a header; a semicolon is the delimiter if the header has no comma."""
    head = lines[0][1] if lines else ""
    delimiter = "\t" if is_tsv or "\t" in head else ";" if ";" in head and "," not in head else ","
    table = csv.reader((f"{text}\n" for _, text in lines), delimiter=delimiter)
    columns: list[str] = []
    start = 0  # index of the first line of a record
    try:
        for cells in table:
            if start == 0:
                columns = [name.strip().lower() for name in cells]
            elif any(cell.strip() for cell in cells):
                yield Row(lines[start][0], dict(zip(columns, cells, strict=False)))
            start = table.line_num
    except csv.Error as error:
        yield Fault(lines[start][0], f"this is not CSV ({error})")


def _text(lines: Sequence[Line]) -> Iterator[Row | Fault | Note]:
    """Plain text: paragraphs if blank lines separate wrapped lines, else one entry per line."""
    paragraphs = [list(part) for filled, part in groupby(lines, lambda line: bool(line[1].strip())) if filled]
    broken = [text.rstrip() for paragraph in paragraphs for _, text in paragraph[:-1]]
    wrapped = sum(not text.endswith(_SENTENCE_ENDS) for text in broken)
    if len(paragraphs) > 1 and wrapped * 2 > len(broken):
        yield Note(0, "read as paragraphs separated by blank lines")
    else:
        paragraphs = [[line] for paragraph in paragraphs for line in paragraph]
    for paragraph in paragraphs:
        yield Row(paragraph[0][0], " ".join(text.strip() for _, text in paragraph))
