"""Readers of users' files: JSON lines, JSON, CSV, TSV and plain text.

A file that can't be opened raises ``UsageError``; an invalid row is returned as a ``Fault``, a repair or guess as a
``Note``, each with its line.
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
_IGNORED = ("readme", "license", "licence", "notice")
MAX_LINE_BYTES = 1_000_000  # a description has a few hundred
_DECODER = json.JSONDecoder()


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
    """The file, or the supported files of the folder by name, or only ``alone`` if the folder has it; and notes.

    Raises:
        UsageError: ``path`` has no supported file.
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
            raise UsageError(f"{path} has an unsupported suffix; expected {known}")
        if not path.is_file():
            raise UsageError(f"{path} is not a plain file; give one")
        return [path], []
    plain = [entry for entry in inside if entry.stem.lower() not in _IGNORED and not entry.name.startswith(".")]
    files = [entry for entry in plain if entry in readable]
    if not files:
        raise UsageError(f"{path} has no seed file; expected {known}")
    if any(entry.name == alone for entry in files):
        return [path / alone], []
    other = [entry.name for entry in plain if entry not in readable]
    more = f" and {len(other) - 5} more" if len(other) > 5 else ""
    return files, [f"{path.name or path}: not read: {', '.join(other[:5])}{more}"] if other else []


def rows_of(path: Path) -> Iterator[Row | Fault | Note]:
    """The rows of one file, lazily and in order; its suffix gives the format.

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
    """The values of a line with several JSON values, whose line feed was lost."""
    values = list(_json_values(text, number))
    fault = next((value for value in values if isinstance(value, Fault)), None)
    if fault:
        yield fault
        return
    if len(values) > 1:
        yield Note(number, f"{len(values)} JSON values on one line; read as {len(values)} entries")
    yield from values


def _json_values(text: str, line: int) -> Iterator[Row | Fault]:
    """JSON values separated by white space or commas, from ``line`` on; stops at the first fault."""
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
    """A JSON document: an array gives one row per element, any other value is one row."""
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
    """CSV or TSV with a header; a semicolon is the delimiter if the header has no comma."""
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
    """Plain text: paragraphs if blank lines separate wrapped lines, else one entry per line."""
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
        yield Note(0, "read as paragraphs separated by blank lines")
        for paragraph in paragraphs:
            yield Row(paragraph[0][0], " ".join(text.strip() for _, text in paragraph))
        return
    for paragraph in paragraphs:
        for number, text in paragraph:
            yield Row(number, text.strip())
