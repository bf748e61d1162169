"""The entry format of the author's banks, and its rendering for one person.

An entry is a template of ``texts`` in which ``[works]`` is a verb of the subject and ``<they>``, ``<them>``,
``<their>``, ``<theirs>``, ``<themselves>`` are its pronouns. It is a predicate ("[keeps] bees") or, after
``= ``, a whole sentence ("= bees live behind <their> shed"). The part after ``^`` may move to the front of its
sentence. Tags at its end: ``@30-85`` (or ``@30+``) limits the age, ``@?x`` requires mark x, ``@-x`` excludes
it, ``@+x`` adds it, ``@!x`` allows only one entry about x.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random
from typing import Literal, TypeVar

from personagen.offline.texts import bank
from personagen.personas.english.verbs import base_form, is_past

Who = Literal["she", "he", "they"]
T = TypeVar("T")

FORMS: dict[Who, dict[str, str]] = {
    "she": {"them": "her", "their": "her", "theirs": "hers", "themselves": "herself"},
    "he": {"them": "him", "their": "his", "theirs": "his", "themselves": "himself"},
    "they": {"them": "them", "their": "their", "theirs": "theirs", "themselves": "themselves"},
}
_MANY = {"is": "are", "was": "were", "has": "have"}
_MARK = re.compile(r"(<they>(?: \w+)? )?\[([\w'-]+)\]|<(they|them|their|theirs|themselves)>")
_AGES = re.compile(r"(\d+)(?:-(\d+)|\+)$")
_CONSONANT = re.compile(r"(?:one|uni|use|eur|ukr|ukulele)", re.I)
_VOWEL = re.compile(r"[aeiou]|hour|honest|heir|8|1[18]\b", re.I)
_TRIES = 12
_TEENS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")


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


@cache
def entry(line: str) -> Entry:
    """Parses the entry in ``line``."""
    text, *tags = line.split(" @")
    low, high = 0, 200
    marked: dict[str, set[str]] = {"+": set(), "-": set(), "?": set(), "!": set()}
    for tag in tags:
        if ages := _AGES.match(tag):
            low, high = int(ages[1]), int(ages[2] or 200)
        else:
            marked[tag[0]].add(tag[1:])
    own = marked["!"]
    clause = text.startswith("= ")
    return Entry(
        text=text.removeprefix("= "),
        clause=clause,
        low=low,
        high=high,
        adds=frozenset(marked["+"] | own),
        bars=frozenset(marked["-"] | own),
        needs=frozenset(marked["?"]),
    )


@cache
def section(name: str) -> tuple[Entry, ...]:
    """The entries of one section of the facts bank."""
    return tuple(entry(line) for line in bank("author_facts")[name])


def fits(one: Entry, age: int, has: set[str], barred: set[str]) -> bool:
    """Whether ``one`` fits a person of this age who ``has`` these marks, with others ``barred``."""
    return one.low <= age <= one.high and one.needs <= has and one.bars.isdisjoint(has) and one.adds.isdisjoint(barred)


def drawn(name: str, rng: Random, age: int, has: set[str], barred: set[str]) -> Entry | None:
    """A random entry of a section that fits, uniformly, or None."""
    pool = section(name)
    for _ in range(_TRIES):
        one = pick(pool, rng)
        if fits(one, age, has, barred):
            return one
    fitting = [one for one in pool if fits(one, age, has, barred)]
    return pick(fitting, rng) if fitting else None


def pick(items: Sequence[T], rng: Random) -> T:
    """One of ``items``."""
    return items[int(rng.random() * len(items))]


@cache
def inflected(template: str, who: Who, named: bool = False) -> str:
    """``template`` with pronouns and verbs for ``who``; ``named`` if its subject is a name, which is singular.

    >>> inflected("[keeps] <their> bees because <they> [likes] honey", "they")
    'keep their bees because they like honey'
    """
    many = who == "they"

    def formed(mark: re.Match[str]) -> str:
        before, verb, pronoun = mark.groups()
        if pronoun:
            return FORMS[who].get(pronoun, who)
        plural = many if before else many and not named
        word = _MANY.get(verb, verb if is_past(verb) else base_form(verb)) if plural else verb
        return (before or "").replace("<they>", who) + word

    return _MARK.sub(formed, template)


@cache
def with_article(noun: str) -> str:
    """``noun`` after a or an: a unicyclist, an hour, an 80-year-old."""
    vowel = _VOWEL.match(noun) and not _CONSONANT.match(noun)
    return f"{'an' if vowel else 'a'} {noun}"


def in_words(number: int) -> str:
    """``number`` (0 to 99) in words."""
    if number < 20:
        return _TEENS[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f"-{_TEENS[ones]}" if ones else "")
