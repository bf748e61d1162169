"""The entry format of the author's banks, and its rendering for one person.

An entry is a template of ``texts`` in which ``[works]`` is a verb of the subject and ``<they>``, ``<them>``,
``<their>``, ``<theirs>``, ``<themselves>`` are its pronouns. It is a predicate ("[keeps] bees") or, after
``= ``, a whole sentence ("= bees live behind <their> shed"). The part after ``^`` may move to the front of its
sentence. Tags at its end: ``@30-85`` (or ``@30+``) limits the age, ``@?x`` requires mark x, ``@-x`` excludes
it, ``@+x`` adds it, ``@!x`` allows only one entry about x.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from personagen.offline.voice import is_past
from personagen.personas.english.facts import NUMBERS, Pronoun
from personagen.personas.english.verbs import base_form

FORMS: dict[Pronoun, dict[str, str]] = {
    "she": {"them": "her", "their": "her", "theirs": "hers", "themselves": "herself"},
    "he": {"them": "him", "their": "his", "theirs": "his", "themselves": "himself"},
    "they": {},
}
_MANY = {"is": "are", "was": "were", "has": "have"}
_MARK = re.compile(r"(<they>(?: \w+)? )?\[([\w'-]+)\]|<(they|them|their|theirs|themselves)>")
_AGES = re.compile(r"(\d+)(?:-(\d+)|\+)$")
IN_WORDS = {number: word for word, number in NUMBERS.items()}


@dataclass(frozen=True)
class Entry:
    """One line of a bank: its template, whether it is a whole sentence, and its tags."""

    text: str
    clause: bool
    low: int
    high: int
    adds: frozenset[str]
    bars: frozenset[str]
    needs: frozenset[str]

    def fits(self, age: int, has: set[str], barred: set[str]) -> bool:
        """Whether it fits a person of this age who ``has`` these marks, with others ``barred``."""
        known = self.needs <= has and self.bars.isdisjoint(has)
        return known and self.low <= age <= self.high and self.adds.isdisjoint(barred)


@cache
def entry(line: str) -> Entry:
    """Parses the entry in ``line``."""
    text, *tags = line.split(" @")
    ages = next((found for tag in tags if (found := _AGES.match(tag))), None)
    low, high = (int(ages[1]), int(ages[2] or 200)) if ages else (0, 200)
    adds, bars, needs = (frozenset(tag[1:] for tag in tags if tag[0] in signs) for signs in ("+!", "-!", "?"))
    return Entry(text.removeprefix("= "), text.startswith("= "), low, high, adds, bars, needs)


@cache
def inflected(template: str, who: Pronoun, named: bool = False) -> str:
    """``template`` with pronouns and verbs for ``who``; ``named`` if its subject is a name, which is singular."""
    many = who == "they"

    def formed(mark: re.Match[str]) -> str:
        before, verb, pronoun = mark.groups()
        if pronoun:
            return who if pronoun == "they" else FORMS[who].get(pronoun, pronoun)
        plural = many if before else many and not named
        word = _MANY.get(verb, verb if is_past(verb) else base_form(verb)) if plural else verb
        return (before or "").replace("<they>", who) + word

    return _MARK.sub(formed, template)
