"""What is said is the speaker's own, and does not begin as the other's."""

from __future__ import annotations

import re

from personagen.gates.turn import Turn

_OTHERS = {
    "user": re.compile(r"\s*\**(?:assistant|ai assistant)\**\s*:", re.I),
    "assistant": re.compile(r"\s*\**(?:user|human)\**\s*:", re.I),
}


def speaker(turn: Turn) -> str | None:
    """It does not open with the other's label, unless a dialogue was asked for.

    Later lines of the other's are cut off when a reply is read.
    """
    found = _OTHERS[turn.role].match(turn.text)
    return f"the {turn.role} begins as {found.group().strip()!r}" if found and not turn.acted else None
