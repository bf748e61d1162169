"""The gate ``contradiction``: rejects pairs after a message in which the user contradicts the persona."""

from __future__ import annotations

from personagen.gates.pair import Comparison


def contradiction(case: Comparison) -> str | None:
    """No pair at and after a user message that the checker found to contradict the persona."""
    found = next((check for check in case.checks if check.contradicted), None)
    return f"message {found.node} contradicts the persona: {found.contradicted[0]!r}" if found else None
