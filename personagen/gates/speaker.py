"""The gate ``speaker``: rejects a message that opens with the other speaker's label."""

from __future__ import annotations

import re

from personagen.gates.turn import Turn

_OTHERS = {
    "user": re.compile(r"\s*\**(?:assistant|ai assistant)\**\s*:", re.I),
    "assistant": re.compile(r"\s*\**(?:user|human)\**\s*:", re.I),
}


def speaker(turn: Turn) -> str | None:
    """Rejects a message that opens with the other's label, unless the user asked for a dialogue."""
    found = _OTHERS[turn.role].match(turn.text)
    return f"the {turn.role} begins as {found.group().strip()!r}" if found and not turn.acted else None
