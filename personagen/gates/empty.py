"""Both replies of the pair say something."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from personagen.records import Judgment


def _blank(text: str) -> bool:
    # Zero-width and control characters are not whitespace to str.strip, and show nothing either.
    return all(char.isspace() or unicodedata.category(char) in ("Cc", "Cf") for char in text)


def empty(judgments: Sequence[Judgment], replies: Mapping[str, str]) -> str | None:
    """No pair where the best or the worst reply holds nothing visible."""
    ranking = judgments[0].ranking
    for node in (ranking[0], ranking[-1]):
        if _blank(replies[node]):
            return f"reply {node} is empty"
    return None
