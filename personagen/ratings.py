"""The record of a rated reply, a row of ``ratings.jsonl``."""

from __future__ import annotations

from typing import Literal, get_args

from personagen.records import Sourced

Condition = Literal["plain", "persona", "reminder", "other"]
CONDITIONS: tuple[Condition, ...] = get_args(Condition)
PLAIN, PERSONA, REMINDER, OTHER = CONDITIONS
Repeat = Literal["", "again", "reordered"]
Asked = Literal["recall", "claim", "same"]


class Rating(Sourced):
    """The judge's score of a reply, the ``node`` of a ``tree``, from 1 to 5: as a whole, and by criterion (0: none).

    ``style`` is how it fits the personality, ``content`` the profile, ``quality`` how human, engaging and concise it
    is. ``persona`` is the id of the person in the conversation; ``rater`` is empty for what fits that person, or
    ``nobody`` for what is good in general. ``condition`` is what the model under test was given besides the chat:
    nothing, the persona, a reminder, or another's persona. ``judge`` is the role that was asked, one of a panel.
    ``repeat`` is empty, ``again`` for the same question once more, or ``reordered``: with the persona shown first.
    """

    tree: str
    node: str
    turn: int
    persona: str
    condition: Condition
    score: int
    style: int = 0
    content: int = 0
    quality: int = 0
    reason: str = ""
    judge: str = "judge"
    model: str = ""
    rater: str = ""
    repeat: Repeat = ""
    call: str = ""

    @property
    def counts(self) -> bool:
        """Whether it counts for AL(k): it is for this person, and no repetition."""
        return not self.rater and not self.repeat


class Probe(Sourced):
    """The answer to a question after ``turn`` of a ``tree`` that is no part of its conversation, of ``probes.jsonl``.

    ``probe`` is ``recall`` (what the model knows of the user), ``claim`` (whether it agrees with something false: the
    ``question``) or ``same`` (its reply to a message that everybody sends: the ``question``), of which each ``sample``
    is a row. ``agrees`` is the judge's verdict on a claim, with its ``reason``; None if there is no such verdict.
    """

    tree: str
    turn: int
    persona: str
    probe: Asked
    question: str
    reply: str
    sample: int = 1
    agrees: bool | None = None
    reason: str = ""
    call: str = ""
