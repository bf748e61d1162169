"""PersonaChat: a list of sentences in the first person, with the dialogues of the one who plays them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from personagen.readers import values
from personagen.readers.decode import Line
from personagen.readers.person import Fields, Person
from personagen.readers.row import Note, Row

_DIALOGUES = ("utterances", "history", "candidates", "utterance idx", "conv id", "dialogue", "dialog", "conversation")
_TOKENISED = re.compile(r"\s+([.,!?;:])|\s+('(?:m|s|re|ve|ll|d|t)\b)|\s+(n't\b)", re.I)
_PERSONA_LINE = re.compile(r"\s*\d+\s+(your persona|partner's persona):\s*(.*)", re.I)


def persons(row: Fields) -> list[Person] | None:
    """The person of a list of sentences under ``personality``, ``persona`` or ``profile``; None for another row."""
    key = next((name for name in ("personality", "persona", "personas", "profile") if _is_list(row, name)), "")
    if not key or any(row.has(name) for name in ("profile", "persona") if name != key):
        return None
    found = of_sentences(row.items(key))
    personality = row.text("personality") if key != "personality" else ""
    attributes, dropped = row.rest({key, "personality", "traits", *_DIALOGUES})
    left = tuple(row.names[name] for name in _DIALOGUES if row.has(name))
    return [
        Person(
            profile=found.profile,
            personality=personality,
            facts=found.facts,
            traits=row.items("traits"),
            id=row.id,
            attributes=attributes,
            dropped=(*left, *dropped),
        )
    ]


def _is_list(row: Fields, name: str) -> bool:
    value = values.listed(row.values.get(name))
    return isinstance(value, list) and bool(value) and all(isinstance(part, str) for part in value)


def of_sentences(sentences: Sequence[str]) -> Person:
    """A person with these sentences as facts; the spaces of tokenised text are taken out."""
    plain = [_TOKENISED.sub(lambda m: m[1] or m[2] or m[3], " ".join(text.split())) for text in sentences]
    facts = tuple(dict.fromkeys(text.rstrip(" .") for text in plain if any(map(str.isalpha, text))))
    profile = " ".join(fact if fact.endswith(("!", "?")) else f"{fact}." for fact in facts)
    return Person(profile=profile, facts=facts)


def is_dialogue(lines: Sequence[Line]) -> bool:
    """Whether a text is in the format of ParlAI, with ``1 your persona: ...`` before each dialogue."""
    first = next((text for _, text in lines if text.strip()), "")
    return bool(_PERSONA_LINE.match(first))


def of_lines(lines: Sequence[Line]) -> Iterator[Row | Note]:
    """A row for each persona, and a note on the lines of dialogues."""
    said = 0
    open_: dict[str, tuple[int, list[str]]] = {}
    for number, text in lines:
        if match := _PERSONA_LINE.match(text):
            whose = match[1].lower()
            if whose in open_ and text.split()[0] == "1":
                yield _row(*open_.pop(whose))
            open_.setdefault(whose, (number, []))[1].append(match[2])
            continue
        said += bool(text.strip())
        yield from (_row(*found) for found in open_.values())
        open_.clear()
    yield from (_row(*found) for found in open_.values())
    if said:
        yield Note(0, f"{said:,} lines of dialogue are not used")


def _row(number: int, sentences: list[str]) -> Row:
    return Row(number, {"persona": sentences})
