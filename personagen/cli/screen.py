"""Text from models and files on a terminal: it is data, so nothing in it steers the screen."""

from __future__ import annotations

import re
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

WIDEST = 140
# Terminal commands are dropped whole, so that no "[2J" is left of one; then whatever else would not show as itself.
_COMMANDS = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*[ -/]*[@-~]?"  # CSI: colours, cursor, erase
    "|(?:\x1b[\\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x90\x98\x9c-\x9f]*(?:\x07|\x1b\\\\|\x9c)"  # OSC: titles, links
    "|\x1b[ -/]*[0-~]?"
)
_BREAKS = re.compile("\r\n?|[\x85\u2028\u2029]")
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)


def clean(text: str) -> str:
    """``text`` without terminal commands, control characters and marks that turn the direction of writing."""
    plain = _BREAKS.sub("\n", _COMMANDS.sub("", text))
    return _UNSEEN.sub("", plain).expandtabs(4)


def one_line(text: str) -> str:
    """``text``, cleaned, with every run of white space as one space."""
    return " ".join(clean(text).split())


def console() -> Console:
    """A console on standard output that reads no markup; without colours where they are not wanted or not possible."""
    from rich.console import Console

    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that can't show a character shows a question mark
    made = Console(markup=False, highlight=False, emoji=False)
    made.width = max(20, min(made.width, WIDEST))
    return made
