"""The gate ``markup``: rejects control tokens of models and tags of the prompts."""

from __future__ import annotations

import re

from personagen.gates.turn import Turn, prose
from personagen.prompts.escape import SPECIAL

_STOP = re.compile(r"\A<s>|</s>\s*\Z")  # in between, <s> is HTML
# People ask about <think>, so it and <system> count only at the start or end of a line.
_OWN = re.compile(
    r"</?(?:conversation|who_you_are|the_user)>|^[ \t]*<(?:think|system)>|</(?:think|system)>[ \t]*$"
    r"|^[ \t]*</?(?:user|assistant)>[ \t]*$",
    re.M,
)
_HEADING = re.compile(
    r"^###[ \t]*(?:(?:human|assistant)[ \t]*:|(?:instruction|user|system)[ \t]*:[ \t]*$|response[ \t]*:\s*\Z)",
    re.M | re.I,
)


def markup(turn: Turn) -> str | None:
    """Rejects special tokens, headings of training templates and tags of our prompts, except in code marks."""
    if not any(mark in turn.text for mark in "<[#"):
        return None
    for pattern in (SPECIAL, _STOP, _OWN, _HEADING):
        if pattern.search(turn.text) and (found := pattern.search(prose(turn.text))):
            return f"it holds {found.group().strip()!r}, which marks up conversations"
    return None
