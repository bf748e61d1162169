"""Plain text: an entry a line or a paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from personagen.errors import UsageError
from personagen.readers import personachat
from personagen.readers.decode import Line, lines_of
from personagen.readers.names import ITEMS, TEXTS, column
from personagen.readers.row import Fault, Note, Row

_MAX_WORDS = 4  # of a column's name
_SENTENCE_ENDS = (".", "!", "?", "\u3002", '"', "\u201d")
# Line ends of some editors. Within lines they only wrap a text; a file without other line ends has its lines by them.
_SOFT_ENDS = re.compile("[\v\f\x85\u2028\u2029]")


def read(path: Path) -> Iterator[Row | Fault | Note]:
    """The entries: paragraphs if blank lines separate wrapped lines, else one per line."""
    found = list(lines_of(path))
    faults = [line for line in found if isinstance(line, Fault)]
    lines = [line for line in found if isinstance(line, tuple)]
    rows = [note for note in found if isinstance(note, Note)]
    yield from rows
    if suffix := _other_format(next((text for _, text in lines if text.strip()), "")):
        raise UsageError(f"{path}: this is no plain text; name the file {path.stem}{suffix}")
    if sum(bool(text.strip()) for _, text in lines) == 1:
        lines, notes = _split(lines)
        yield from notes
    entries = personachat.of_lines(lines) if personachat.is_dialogue(lines) else _entries(lines)
    yield from sorted([*faults, *entries], key=lambda row: row.line)


def _other_format(first: str) -> str:
    """The suffix of what a file with this first line is; empty for a text."""
    if re.match(r'\s*(?:\[\s*)?\{\s*"', first):
        return ".json" if first.lstrip().startswith("[") else ".jsonl"
    for mark, suffix in ((",", ".csv"), (";", ".csv"), ("|", ".csv"), ("\t", ".tsv")):
        names = [column(name.strip('" ')) for name in first.split(mark)]
        if len(names) > 1 and all(names) and any(name in (*TEXTS, *ITEMS.values()) for name in names):
            sentence = first.rstrip().endswith(_SENTENCE_ENDS[:4]) or any(
                len(name.split()) > _MAX_WORDS for name in names
            )
            return "" if sentence else suffix
    return ""


def _split(lines: Sequence[Line]) -> tuple[list[Line], list[Note]]:
    [(number, text)] = [line for line in lines if line[1].strip()]
    parts = [part for part in _SOFT_ENDS.split(text) if part.strip()]
    if len(parts) == 1:
        return list(lines), []
    ends = ", ".join(f"U+{ord(end):04X}" for end in sorted(set(_SOFT_ENDS.findall(text))))
    return [(number, part) for part in parts], [Note(0, f"its lines end with {ends}; read as {len(parts)} lines")]


def _entries(lines: Sequence[Line]) -> Iterator[Row | Note]:
    paragraphs = [list(part) for filled, part in groupby(lines, lambda line: bool(line[1].strip())) if filled]
    broken = [text.rstrip() for paragraph in paragraphs for _, text in paragraph[:-1]]
    wrapped = sum(not text.endswith(_SENTENCE_ENDS) for text in broken)
    if len(paragraphs) > 1 and wrapped * 2 > len(broken):
        yield Note(0, "read as paragraphs separated by blank lines")
    else:
        paragraphs = [[line] for paragraph in paragraphs for line in paragraph]
    for paragraph in paragraphs:
        yield Row(paragraph[0][0], " ".join(text.strip() for _, text in paragraph))
