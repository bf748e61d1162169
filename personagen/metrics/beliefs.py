"""What an observer has truly learned of a person, by the words of both: no model is needed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from personagen.metrics.disclosure import is_told
from personagen.personas.english.text import sentences
from personagen.records import Persona


def lines_of(persona: Persona) -> tuple[str, ...]:
    """The lines that can be learned of ``persona``: its facts and traits, or the sentences of a text without any."""
    facts = persona.facts or tuple(sentences(persona.profile))
    return tuple(dict.fromkeys((*facts, *(persona.traits or sentences(persona.personality)))))


def says(inference: str, line: str) -> bool:
    """Whether ``inference`` and ``line`` say the same: one has most of the other's words (``disclosure.is_told``)."""
    return is_told(line, [inference]) or is_told(inference, [line])


@dataclass
class Beliefs:
    """What was inferred of one person so far: the ``learned`` ones of its ``lines``, and what is ``false``.

    Both only grow, so that saying the same again in other words brings nothing.
    """

    lines: Sequence[str]
    learned: set[str] = field(default_factory=set)
    false: set[str] = field(default_factory=set)

    def gain(self, inferences: Iterable[str]) -> float:
        """Adds ``inferences``; returns (lines newly learned - newly false inferences) / lines of the person.

        An inference is false if it says none of the lines. Over a conversation the gains add up to what all its
        inferences together gain: 1 where every line was learned and nothing false.
        """
        learned, false = set[str](), set[str]()
        for inference in inferences:
            said = {line for line in self.lines if says(inference, line)}
            learned |= said
            if not said:
                false.add(inference.casefold())
        change = len(learned - self.learned) - len(false - self.false)
        self.learned |= learned
        self.false |= false
        return change / len(self.lines) if self.lines else 0.0
