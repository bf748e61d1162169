"""The gate ``openings``: rejects a message that opens like two earlier ones of the same speaker."""

from __future__ import annotations

from personagen.gates.turn import Turn
from personagen.personas.words import chars_per_word, words

MIN_WORDS = 8
TIMES = 2  # earlier messages
_CHARS_PER_WORD = 16  # in which the first words are looked for


def openings(turn: Turn) -> str | None:
    """Rejects the same first eight words for the third time on this path."""
    length = MIN_WORDS * chars_per_word(turn.tokens)
    first = turn.tokens[:length]
    if len(first) < length:
        return None
    start = turn.text[:2].casefold()
    alike = sum(
        words(message.content[: MIN_WORDS * _CHARS_PER_WORD])[:length] == first
        for message in turn.before
        if message.role == turn.role and message.content[:2].casefold() == start
    )
    return f"it opens like {alike} earlier messages of the {turn.role}" if alike >= TIMES else None
