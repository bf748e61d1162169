"""What users open a conversation with: everyday topics, each an intent in a few words."""

from __future__ import annotations

from pathlib import Path

from personagen.errors import UsageError
from personagen.options import place
from personagen.options.row import FilePath
from personagen.personas.seeds import packaged
from personagen.readers import rows_of
from personagen.readers.row import Fault, Note
from personagen.readers.row import place as place_of

MAX_WORDS = 30  # of a topic; a longer text is a message, not an intent


def load_topics(file: FilePath | None = None) -> tuple[str, ...]:
    """The topics of ``file``, texts or objects with ``topic``, or the packaged ones.

    Raises:
        UsageError: the file can't be read, has no topic, or has something else.
    """
    path = Path(place("--topics", file)) if file is not None else packaged() / "topics.jsonl"
    found: dict[str, None] = {}
    for row in rows_of(path):
        if isinstance(row, Note):
            continue
        if isinstance(row, Fault):
            raise UsageError(f"{place_of(path, row)}: {row.reason}; correct it")
        value = row.value.get("topic", row.value.get("text")) if isinstance(row.value, dict) else row.value
        if not isinstance(value, str) or not 0 < len(value.split()) <= MAX_WORDS:
            raise UsageError(
                f"{place_of(path, row)} is no topic; give 1 to {MAX_WORDS} words, or an object with them as topic"
            )
        found[" ".join(value.split())] = None
    if not found:
        raise UsageError(f"{path} has no topic; give one a line")
    return tuple(found)
