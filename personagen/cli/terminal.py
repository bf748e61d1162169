"""Removes terminal commands and control characters from text of models and files."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import textwrap
import unicodedata
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    import logging

    from rich.console import Console, RenderableType

MAX_WIDTH = 140
# Whole terminal commands are removed, so that no "[2J" is left; then all other characters that are invisible.
_COMMANDS = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor, erase
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\\\|\x9c)"  # OSC: titles, links
    "|\x1b[ -/]*[0-~]?"
)
_BREAKS = re.compile("\r\n?|[\x85\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b\u200e\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_ROW = re.compile(r" +\S(?:\S| (?=\S))*  +")  # the first column of a table
_TYPED = re.compile(r"(?:next:|to resume:| {6}) *\S*personagen ")
_MARKS = 6  # combining marks per character: no script uses more, and a stack would cover the lines above


def clean(text: str) -> str:
    """``text`` without terminal commands, control characters, direction marks and stacked combining marks."""
    plain = _UNSEEN.sub("", _BREAKS.sub("\n", _COMMANDS.sub("", text)))
    return (plain if plain.isascii() else _without_floods(plain)).expandtabs(4)


def fitted(text: str, stream: TextIO | None) -> str:
    """``text`` with its long lines broken at blanks, if ``stream`` is a terminal; not commands, which are copied.

    The rest of a row of a table stays in its column.
    """
    if stream is None or not stream.isatty():
        return text
    return "\n".join(_broken(line, shutil.get_terminal_size().columns - 1) for line in text.split("\n"))


def _broken(line: str, width: int) -> str:
    row = _ROW.match(line)
    if len(line) <= width or _TYPED.match(line):
        return line
    indent = " " * (row.end() if row and row.end() <= width // 2 else 2)
    return "\n".join(
        textwrap.wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
    )


def one_line(text: str) -> str:
    """``text``, cleaned, with every run of white space as one space."""
    return " ".join(clean(text).split())


def as_json(value: object) -> str:
    """``value`` as one line of JSON, with invisible characters escaped."""
    return _UNSEEN.sub(lambda unseen: json.dumps(unseen[0])[1:-1], json.dumps(value, ensure_ascii=False))


def cleans(record: logging.LogRecord) -> bool:
    """A filter for a log handler that cleans the message and fits it to the terminal."""
    record.msg, record.args = fitted(clean(record.getMessage()), sys.stderr), ()
    return True


def _without_floods(text: str) -> str:
    kept, marks = [], 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MARKS:
            kept.append(character)
    return "".join(kept)


def page(*parts: RenderableType) -> None:
    """Prints ``parts``; in a terminal through ``$PAGER``, by default less, which ends if they fit on the screen."""
    import click

    terminal = console()
    if not (terminal.is_terminal and sys.stdout.isatty() and sys.stdin.isatty()) or os.environ.get("PAGER") == "cat":
        for part in parts:
            terminal.print(part)
        return
    with terminal.capture() as captured:
        for part in parts:
            terminal.print(part)
    os.environ.setdefault("LESS", "FRX")  # as git does
    click.echo_via_pager(captured.get(), color=True if os.environ.get("FORCE_COLOR") else None)


def console() -> Console:
    """A console on standard output, without markup."""
    from rich.console import Console

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a character the terminal cannot encode becomes a question mark
    made = Console(markup=False, highlight=False, emoji=False)
    made.width = max(20, min(made.width, MAX_WIDTH))
    return made
