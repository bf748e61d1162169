"""Rows of the files people already have: JSON lines, JSON, CSV, TSV and plain text.

Nothing raises here but ``UsageError`` for a file that can't be opened: a row that can't be read comes as a ``Fault``,
and what was repaired or decided on the way as a ``Note``, each with its line; the caller says what becomes of them.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import orjson

from personagen.errors import UsageError

JSON_LINES = frozenset({".jsonl", ".ndjson"})
SUFFIXES = JSON_LINES | {".json", ".csv", ".tsv", ".txt"}
_ASIDE = ("readme", "license", "licence", "notice")
MAX_LINE = 1_000_000  # bytes; a description has a few hundred
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Row:
    """One value of a file: a JSON value, a CSV row as a dict by lower-case column, or a text."""

    line: int
    value: object


@dataclass(frozen=True)
class Fault:
    """A line that can't be read, and why."""

    line: int
    reason: str


@dataclass(frozen=True)
class Note:
    """Something repaired or decided while reading; line 0 is the whole file."""

    line: int
    text: str


def files_of(path: Path, alone: str = "") -> tuple[list[Path], list[str]]:
    """The file, or the readable files of the folder in order of their names, only ``alone`` where it is there; notes.

    Raises:
        UsageError: there is nothing at ``path`` that can be read.
    """
    known = ", ".join(sorted(SUFFIXES))
    try:
        inside = sorted(path.iterdir()) if path.is_dir() else []
        readable = {entry for entry in inside if entry.suffix.lower() in SUFFIXES and entry.is_file()}
        there = bool(inside) or path.exists()
    except OSError as error:
        raise UsageError(
            f"{path} can't be read: {error.strerror or error}; check the path and its permissions"
        ) from error
    if not there:
        raise UsageError(f"{path} does not exist; check the path")
    if not path.is_dir():
        if path.suffix.lower() not in SUFFIXES:
            raise UsageError(f"{path} has no suffix that is known here; expected {known}")
        if not path.is_file():
            raise UsageError(f"{path} is no plain file; give one")
        return [path], []
    plain = [entry for entry in inside if entry.stem.lower() not in _ASIDE and not entry.name.startswith(".")]
    files = [entry for entry in plain if entry in readable]
    if not files:
        raise UsageError(f"{path} holds no seed file; expected {known}")
    if any(entry.name == alone for entry in files):
        return [path / alone], []
    other = [entry.name for entry in plain if entry not in readable]
    more = f" and {len(other) - 5} more" if len(other) > 5 else ""
    return files, [f"{path.name or path}: not read: {', '.join(other[:5])}{more}"] if other else []


def rows_of(path: Path) -> Iterator[Row | Fault | Note]:
    """The rows of one file, lazily and in order; which format it has, its suffix says.

    Raises:
        UsageError: the file can't be opened or read.
    """
    try:
        with path.open("rb") as file:
            yield from _rows(file, path.suffix.lower())
    except OSError as error:
        raise UsageError(
            f"{path} can't be read: {error.strerror or error}; check the path and its permissions"
        ) from error


def _rows(file: BinaryIO, suffix: str) -> Iterator[Row | Fault | Note]:
    lines = _lines(file)
    if suffix in JSON_LINES:
        return _json_lines(lines)
    if suffix == ".json":
        return _json_text(lines)
    if suffix in (".csv", ".tsv"):
        return _csv(lines, tab=suffix == ".tsv")
    return _text(lines)


def _lines(file: BinaryIO) -> Iterator[tuple[int, str] | Fault]:
    """The lines of a file without their ends, decoded; a byte order mark is dropped."""
    number = 0
    while raw := file.readline(MAX_LINE + 2):
        number += 1
        if number == 1:
            if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
                yield Fault(1, "the file is UTF-16, and UTF-8 is expected")
                return
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if len(raw) > MAX_LINE and not raw.endswith(b"\n"):
            while raw and not raw.endswith(b"\n"):
                raw = file.readline(MAX_LINE)
            yield Fault(number, f"the line is longer than {MAX_LINE:,} bytes")
            continue
        try:
            text = raw.rstrip(b"\r\n").decode()
        except UnicodeDecodeError as error:
            yield Fault(number, f"byte {error.start + 1} of the line is not UTF-8")
            continue
        if "\0" in text:
            yield Fault(number, "the line holds a NUL byte")
            continue
        yield number, text


def _json_lines(lines: Iterable[tuple[int, str] | Fault]) -> Iterator[Row | Fault | Note]:
    for line in lines:
        if isinstance(line, Fault):
            yield line
            continue
        number, text = line
        if not text or text.isspace():
            continue
        try:
            yield Row(number, orjson.loads(text))
        except orjson.JSONDecodeError:
            yield from _glued(number, text)


def _glued(number: int, text: str) -> Iterator[Row | Fault | Note]:
    """A line with several JSON values, as a lost line feed leaves it."""
    values = list(_json_values(text, number))
    fault = next((value for value in values if isinstance(value, Fault)), None)
    if fault:
        yield fault
        return
    if len(values) > 1:
        yield Note(number, f"{len(values)} JSON values stand on one line; read as {len(values)} entries")
    yield from values


def _json_values(text: str, line: int) -> Iterator[Row | Fault]:
    """JSON values one after the other, apart by white space or a comma, from ``line`` on; stops at the first fault."""
    at = 0
    while True:
        begin = at
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        line += text.count("\n", begin, at)
        if at >= len(text):
            return
        try:
            value, end = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            inside = error.lineno - 1 - text.count("\n", 0, at) if isinstance(error, json.JSONDecodeError) else 0
            why = error.msg if isinstance(error, json.JSONDecodeError) else "too deep or too large"
            yield Fault(line + max(inside, 0), f"this is not JSON ({why})")
            return
        yield Row(line, value)
        line += text.count("\n", at, end)
        at = end


def _json_text(lines: Iterable[tuple[int, str] | Fault]) -> Iterator[Row | Fault]:
    """A JSON document: an array gives one row an element, anything else is a row."""
    texts: list[str] = []
    for line in lines:
        if isinstance(line, Fault):
            yield line
            texts.append("")
        else:
            texts += [""] * (line[0] - 1 - len(texts)) + [line[1]]
    text = "\n".join(texts)
    first = len(text) - len(text.lstrip())
    if text[first : first + 1] != "[":
        yield from _json_values(text, 1)
        return
    body = text.rstrip()
    if not body.endswith("]"):
        yield Fault(len(texts), "the list has no closing bracket")
        return
    yield from _json_values(body[first + 1 : -1], 1 + text.count("\n", 0, first + 1))


def _csv(lines: Iterable[tuple[int, str] | Fault], *, tab: bool) -> Iterator[Row | Fault]:
    """CSV or TSV with a header; a semicolon is taken as the delimiter where the header has no comma."""
    faults: list[Fault] = []
    taken: list[int] = []  # the lines of the record being read

    def decoded() -> Iterator[str]:
        for line in lines:
            if isinstance(line, Fault):
                faults.append(line)
            else:
                taken.append(line[0])
                yield line[1] + "\n"

    source = decoded()
    head = next(source, "")
    delimiter = "\t" if tab or "\t" in head else ";" if ";" in head and "," not in head else ","
    try:
        columns = [name.strip().lower() for name in next(csv.reader([head], delimiter=delimiter), [])]
        table = csv.reader(source, delimiter=delimiter)
        while True:
            taken.clear()
            cells = next(table, None)
            yield from faults
            faults.clear()
            if cells is None:
                return
            if any(cell.strip() for cell in cells):
                yield Row(taken[0], dict(zip(columns, cells, strict=False)))
    except csv.Error as error:
        yield Fault(taken[0] if taken else 1, f"this is not CSV ({error})")


def _text(lines: Iterable[tuple[int, str] | Fault]) -> Iterator[Row | Fault | Note]:
    """Plain text: paragraphs where blank lines part wrapped lines, else one entry a line."""
    paragraphs: list[list[tuple[int, str]]] = [[]]
    for line in lines:
        if isinstance(line, Fault):
            yield line
        elif line[1].strip():
            paragraphs[-1].append(line)
        else:
            paragraphs.append([])
    paragraphs = [paragraph for paragraph in paragraphs if paragraph]
    broken = [text for paragraph in paragraphs for _, text in paragraph[:-1]]
    wrapped = sum(not text.rstrip().endswith((".", "!", "?", "\u3002", '"', "\u201d")) for text in broken)
    if len(paragraphs) > 1 and wrapped * 2 > len(broken):
        yield Note(0, "read as paragraphs parted by blank lines")
        for paragraph in paragraphs:
            yield Row(paragraph[0][0], " ".join(text.strip() for _, text in paragraph))
        return
    for paragraph in paragraphs:
        for number, text in paragraph:
            yield Row(number, text.strip())
