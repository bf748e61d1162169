"""The gate ``speaker``: rejects a message that opens with the other speaker's label."""

from __future__ import annotations

from personagen.gates.labels import OTHERS
from personagen.gates.turn import Turn


def speaker(turn: Turn) -> str | None:
    """Rejects a message that opens with the other's label, unless the user asked for a dialogue."""
    found = OTHERS[turn.role].match(turn.text)
    return f"the {turn.role} begins as {found.group().strip()!r}" if found and not turn.acted else None
