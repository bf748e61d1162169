"""The input and output of a turn gate: ``Turn`` and ``Objection``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from personagen.gates.requests import DIALOGUE, ON_TEXT
from personagen.options.language import ANY
from personagen.personas.words import words
from personagen.records import Message

_DIALOGUE = re.compile(
    r"\b(?:dialog|scripts?\b|transcript|role-?play|chatbot|chat log|skit\b|scene\b|faq\b"
    r"|(?:sample|example|mock|made-up|fictional|imaginary|short) (?:conversation|chat|exchange|interview|call)\b"
    r"|(?:conversation|chat|exchange|interview|call) between\b)"
)
_CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)


@dataclass(frozen=True)
class Turn:
    """A message of ``role`` (``user`` or ``assistant``) after ``before``, in a conversation in ``language``.

    ``prompt`` is what the speaker was sent, ``known`` the texts put into it: the persona, or the inferences.
    """

    role: str
    text: str
    before: Sequence[Message] = ()
    language: str = "en"
    prompt: Sequence[Message] = ()
    known: Sequence[str] = ()

    @cached_property
    def folded(self) -> str:
        """The text in lower case, with straight apostrophes."""
        return fold(self.text)

    @cached_property
    def tokens(self) -> list[str]:
        """The words of the text without code."""
        return words(prose(self.text))

    @cached_property
    def asked(self) -> str:
        """The other side's last message, folded; empty at the start."""
        return fold(self.before[-1].content) if self.before else ""

    @cached_property
    def on_text(self) -> bool:
        """Whether the other side asked, in another language than English, for work on a text or for a text again."""
        return self.language not in ("en", ANY) and bool(ON_TEXT.search(self.asked))

    @cached_property
    def acted(self) -> bool:
        """Whether an assistant was asked for a dialogue, which may hold lines of both speakers."""
        if self.role != "assistant":
            return False
        foreign = self.language not in ("en", ANY) and DIALOGUE.search(self.asked)
        return bool(foreign or _DIALOGUE.search(self.asked))


def texts_in(inputs: Mapping[str, Any], names: Sequence[str]) -> tuple[str, ...]:
    """The texts among the inputs ``names`` of a prompt, alone or in lists and mappings, without a conversation."""
    return tuple(filter(None, _texts(list(map(inputs.get, names)))))


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple | Mapping):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts(inner)


@dataclass(frozen=True)
class Objection:
    """A message that ``gate`` rejected, and the reason."""

    gate: str
    reason: str
    text: str


def fold(text: str) -> str:
    """``text`` in lower case, with straight apostrophes."""
    return text.lower().replace("\u2019", "'")


def prose(text: str) -> str:
    """``text`` without code, which may quote anything."""
    return _CODE.sub(" ", text) if "`" in text else text
