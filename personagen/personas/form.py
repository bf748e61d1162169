"""The form of a pool's descriptions: how long they are, how many facts or traits they state, how they are written.

``learned`` finds it in the seeds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, TypeAlias

from personagen.errors import UsageError
from personagen.records import Kind

Range: TypeAlias = tuple[int, int]
Unit = Literal["words", "characters"]

PACKAGED_LENGTH = 85  # words of a packaged profile
WORDS_A_CHARACTER = 0.6  # in a script without spaces, for the same number of tokens
TOKENS_A_WORD = 3  # of a description and its facts, which repeat it
_RANGE = re.compile(r"(?:(profile|personality)=)?(\d{1,6})-(\d{1,6})")


@dataclass(frozen=True)
class Form:
    """What the author is asked for, and the wider bounds that the filters accept; by default the packaged seeds' form.

    ``length`` is in ``unit``, ``items`` is the number of facts or traits, (0, 0) if the seeds list none.
    ``one_sentence``, and ``pronoun`` (third person with she, he or they), are asked for. The filters check the language
    or ``any``, and the ``scripts`` (any if empty); they let pass the ``tolerated`` faults, which the seeds have too.
    """

    length: Range = (40, 130)
    items: Range = (8, 10)
    accepted_length: Range = (30, 250)
    accepted_items: Range = (8, 10)
    unit: Unit = "words"
    language: str = "en"
    scripts: tuple[str, ...] = ()
    tolerated: tuple[str, ...] = ()
    one_sentence: bool = False
    pronoun: bool = True
    learned: bool = False

    @property
    def inputs(self) -> dict[str, Any]:
        """The form as an input of the author's prompts."""
        (shortest, longest), (fewest, most) = self.length, self.items
        return {
            **{"shortest": shortest, "longest": longest, "unit": self.unit, "fewest": fewest, "most": most},
            **{"one_sentence": self.one_sentence, "pronoun": self.pronoun},
            **{"mixed": "misplaced" in self.tolerated, "lists": "a list marker" in self.tolerated},
        }

    @property
    def scale(self) -> float:
        """The usual length of a description, as a multiple of a packaged one's."""
        return self._words(sum(self.length) / 2) / PACKAGED_LENGTH

    @property
    def longest_tokens(self) -> int:
        """The tokens of the longest description that is asked for, with its facts."""
        return round(TOKENS_A_WORD * self._words(self.length[1]))

    def _words(self, length: float) -> float:
        return length if self.unit == "words" else WORDS_A_CHARACTER * length

    def asked(self, items: str) -> str:
        """What the author is asked for, as ``12 to 30 words, 1 to 3 facts``; ``items`` is the word for the latter."""
        counted = "{} to {} ".format(*self.items) if self.items[1] else ""
        return f"{self.length[0]} to {self.length[1]} {self.unit}, {counted}{items}"

    def summary(self) -> dict[str, Any]:
        """The form for ``run.json``."""
        return asdict(self)

    def bounded(self, length: Range | None, items: Range | None) -> Form:
        """This form with the user's bounds in place of its own, which are asked for and accepted as they are."""
        form = replace(self, length=length, accepted_length=length) if length else self
        return replace(form, items=items, accepted_items=items) if items else form


PACKAGED = Form()


def ranges(option: str, values: Sequence[str]) -> Mapping[Kind, Range]:
    """The bounds for each kind in ``MIN-MAX`` and ``KIND=MIN-MAX``; a kind's own wins, then the last one.

    Raises:
        UsageError: a value has another form, or its minimum is above its maximum.
    """
    kinds: tuple[Kind, ...] = ("profile", "personality")
    shared: dict[Kind, Range] = {}
    own: dict[Kind, Range] = {}
    for value in values:
        found = _RANGE.fullmatch(value.strip())
        least, most = (int(found[2]), int(found[3])) if found else (1, 0)
        if not found or least > most or most < 1:
            raise UsageError(f"{option} {value}: write MIN-MAX, or KIND=MIN-MAX as in profile=10-30")
        into, names = (own, [kind for kind in kinds if kind == found[1]]) if found[1] else (shared, list(kinds))
        into.update(dict.fromkeys(names, (least, most)))
    return shared | own
