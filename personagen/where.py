"""Conditions on preference pairs, such as ``personal`` or ``margin >= 1 and not (leaking or turn = 1)``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from math import isnan
from operator import eq, ge, gt, le, lt, ne
from typing import Any, TypeAlias, get_args

from personagen.errors import UsageError
from personagen.personas.traits import canonical
from personagen.records import Persona, Pooled, PreferencePair

Test: TypeAlias = Callable[[PreferencePair, Persona | None], bool | None]  # None: it can't be known
FLAGS = ("personal", "knowable", "generic", "leaking")
FLAGGED = "flagged"  # by a person; a score of the pair, see ``flows/flags.py``
TWIN = "twin"
# What is known of every pair.
MARKS: dict[str, Callable[[PreferencePair], bool]] = {
    FLAGGED: lambda pair: FLAGGED in pair.scores,
    TWIN: lambda pair: bool(pair.twin),
}
NUMBERS = ("margin", "confidence", "flip_share", "turn")
POOLED = "pooled"
TEXTS = (POOLED, "chosen_agent", "rejected_agent", "persona", "tree")
ATTRIBUTE, SCORE, TRAIT = "attribute.", "score.", "trait"
_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {">=": ge, "<=": le, "!=": ne, "=": eq, ">": gt, "<": lt}
_TOKEN = re.compile(r"""\s*(?:(?P<quoted>"[^"]*"|'[^']*')|(?P<word>[^\s()<>=!"']+)|(?P<sign>[<>!=]=|[()<>=])|$)""")
_MAX_DEPTH = 100  # of parentheses and not
_JOINING = ("and", "or", "not")


@dataclass(frozen=True)
class Condition:
    """A condition as it was written. What is not known of a pair meets neither a condition nor its opposite.

    ``persona`` is whether it asks about the persona's own traits, which a pair does not have; ``pair`` whether it asks
    about anything but the persona; ``flagged`` whether about what a person flagged, ``twin`` about twins. ``names`` are
    the attributes and scores that it compares, which a pair may lack.
    """

    text: str
    test: Test
    persona: bool = False
    pair: bool = False
    flagged: bool = False
    twin: bool = False
    names: frozenset[str] = frozenset()

    def holds_for(self, persona: Persona) -> bool:
        """Whether ``persona`` meets a condition that asks about nothing of a ``pair``."""
        known: Any = {"persona": persona.id, "attributes": persona.attributes}
        pair = PreferencePair.model_construct(**known)
        return self(pair, persona)

    def __call__(self, pair: PreferencePair, persona: Persona | None = None) -> bool:
        return self.test(pair, persona) is True


def where(conditions: Iterable[str], option: str = "--where") -> Condition:
    """The condition that all ``conditions`` hold, each made of these, ``and``, ``or``, ``not`` and parentheses.

    A flag, ``not-`` and a flag, or a comparison: of a number (also ``score.GATE``), of a text, of ``attribute.NAME``
    with either, or ``trait = WORD``, which holds for any of the persona's traits. A name or a value with spaces has
    quotes.

    Raises:
        UsageError: one is no condition; the error, which names ``option``, says at which character.
    """
    parts = [parsed(text, option) for text in conditions]
    return Condition(
        " and ".join(part.text for part in parts),
        _all([part.test for part in parts]),
        any(part.persona for part in parts),
        any(part.pair for part in parts),
        any(part.flagged for part in parts),
        any(part.twin for part in parts),
        frozenset[str]().union(*(part.names for part in parts)),
    )


def parsed(text: str, option: str = "--where") -> Condition:
    """One condition; raises like ``where``."""
    reader = _Reader(text, option)
    test = reader.either()
    reader.end()
    about = {"trait", "attribute", "persona"} & reader.asked
    more = frozenset(reader.named)
    marks = (FLAGGED in reader.asked, TWIN in reader.asked)
    return Condition(text.strip(), test, "trait" in about, bool(reader.asked - about), *marks, more)


def has(pair: PreferencePair, name: str) -> bool:
    """Whether ``pair`` has the attribute or the score ``name``, which is one of ``Condition.names``."""
    group, _, key = name.partition(".")
    return key in (pair.attributes if f"{group}." == ATTRIBUTE else pair.scores)


def _all(tests: list[Test]) -> Test:
    def met(pair: PreferencePair, persona: Persona | None) -> bool | None:
        found = [test(pair, persona) for test in tests]
        return False if False in found else None if None in found else True

    return tests[0] if len(tests) == 1 else met


def _not(test: Test) -> Test:
    def met(pair: PreferencePair, persona: Persona | None) -> bool | None:
        found = test(pair, persona)
        return None if found is None else not found

    return met


@dataclass(frozen=True)
class _Token:
    """A piece of a condition: its ``kind`` in ``_TOKEN``, its text without quotes, the character where it begins."""

    kind: str
    text: str
    at: int


class _Reader:
    """Reads a condition from left to right; ``asked`` are the kinds of fields that it names, ``named`` attributes and
    scores.
    """

    def __init__(self, text: str, option: str) -> None:
        self.text, self.option, self.asked = text, option, set[str]()
        self.named = set[str]()
        self._tokens = list(self._split())
        self._next = self._depth = 0

    def _split(self) -> Iterator[_Token]:
        at = 0
        while at < len(self.text.rstrip()):
            found = _TOKEN.match(self.text, at)
            if found is None or found.lastgroup is None:
                at += len(self.text[at:]) - len(self.text[at:].lstrip())
                raise self.error(_Token("", self.text[at:], at), "no word, number or sign begins here")
            kind, at = found.lastgroup, found.end()
            text = found[kind]
            text = text[1:-1] if kind == "quoted" else "=" if text == "==" else text
            yield _Token(kind, text, found.start(kind))

    def error(self, token: _Token, what: str) -> UsageError:
        place = f"at character {token.at + 1}, {token.text!r}" if token.text else "at its end"
        return UsageError(f"{self.option} {self.text}: {place}: {what}")

    @property
    def token(self) -> _Token:
        past = self._next >= len(self._tokens)
        return _Token("end", "", len(self.text)) if past else self._tokens[self._next]

    def taken(self, *texts: str) -> bool:
        """Whether the next piece is one of ``texts``, which is then read."""
        here = self.token
        fits = here.kind in ("word", "sign") and here.text.lower() in texts
        self._next += fits
        return fits

    def end(self) -> None:
        if self.token.kind != "end":
            raise self.error(self.token, "write and, or, or nothing more")

    def either(self) -> Test:
        tests = [self.both()]
        while self.taken("or"):
            tests.append(self.both())
        return tests[0] if len(tests) == 1 else _not(_all([_not(test) for test in tests]))

    def both(self) -> Test:
        tests = [self.one()]
        while self.taken("and"):
            tests.append(self.one())
        return _all(tests)

    def one(self) -> Test:
        self._depth += 1
        if self._depth > _MAX_DEPTH:
            raise self.error(self.token, f"parentheses and not are nested more than {_MAX_DEPTH} deep")
        test = self._one()
        self._depth -= 1
        return test

    def _one(self) -> Test:
        if self.taken("not"):
            return _not(self.one())
        if self.taken("("):
            opened = self._tokens[self._next - 1]
            test = self.either()
            if not self.taken(")"):
                raise self.error(opened, "this parenthesis is not closed")
            return test
        return self.condition()

    def condition(self) -> Test:
        token = self.token
        name = token.text
        self._next += 1
        dotted = name.startswith((ATTRIBUTE, SCORE)) and name not in (ATTRIBUTE, SCORE)
        if (token.kind != "word" and not dotted) or name.lower() in _JOINING:
            raise self.error(token, _choices())
        flag = name.removeprefix("not-")
        if flag in FLAGS:
            self.asked.add(flag)
            return lambda pair, _: None if getattr(pair, flag) is None else getattr(pair, flag) is (flag == name)
        if flag in MARKS:
            self.asked.add(flag)
            return lambda pair, _: MARKS[flag](pair) is (flag == name)
        numeric, known = name in NUMBERS or (dotted and name.startswith(SCORE)), name in (*TEXTS, TRAIT)
        if not (dotted or numeric or known):
            raise self.error(token, _choices())
        self.asked.add(name.partition(".")[0])
        self.named |= {name} if dotted else set()
        sign = self.sign(name, ordered=not known)
        return _comparison(name, sign, self.value(name, numeric=numeric or sign not in ("=", "!=")))

    def sign(self, name: str, *, ordered: bool) -> str:
        token = self.token
        signs = tuple(_OPERATORS) if ordered else ("=", "!=")
        if not self.taken(*signs):
            raise self.error(token, f"compare {name} with {', '.join(signs)} and a value")
        return token.text

    def value(self, name: str, *, numeric: bool) -> str | float:
        token = self.token
        if token.kind not in ("word", "quoted"):
            raise self.error(token, f"give a value that {name} is compared with")
        self._next += 1
        number = None if token.kind == "quoted" and not numeric else _number(token.text)
        if numeric and number is None:
            what = " by its size" if name.startswith(ATTRIBUTE) else ""
            raise self.error(token, f"{name} is compared{what} with a number")
        if name == POOLED and token.text not in get_args(Pooled):
            raise self.error(token, f"{name} is {', '.join(get_args(Pooled)[:-1])} or {get_args(Pooled)[-1]}")
        return number if number is not None and (numeric or name.startswith(ATTRIBUTE)) else token.text


def _comparison(name: str, sign: str, value: str | float) -> Test:
    compare = _OPERATORS[sign]
    if name == TRAIT:
        wanted = canonical(str(value))

        def has(_: PreferencePair, persona: Persona | None) -> bool | None:
            return None if persona is None else compare(wanted in map(canonical, persona.traits), True)

        return has
    group, dot, key = name.partition(".")
    field = {"attribute": "attributes", "score": "scores"}.get(group, group)

    def met(pair: PreferencePair, _: Persona | None) -> bool | None:
        known = getattr(pair, field).get(key) if dot else getattr(pair, field)
        if known is None:
            return None
        if isinstance(value, float) is isinstance(known, int | float):
            return compare(known, value) if isinstance(value, float) or sign in ("=", "!=") else None
        return compare(str(known), f"{value:g}" if isinstance(value, float) else value) if sign in ("=", "!=") else None

    return met


def _choices() -> str:
    numbers, texts = ", ".join((*NUMBERS, f"{SCORE}GATE")), ", ".join((*TEXTS, TRAIT))
    return (
        f"choose {', '.join((*FLAGS, *MARKS))}, the same after not-, {numbers} with >=, <=, =, !=, > or < and a"
        f" number, {texts} with = or != and a word, or {ATTRIBUTE}NAME with either"
    )


def _number(text: str) -> float | None:
    try:
        return None if isnan(number := float(text)) else number
    except ValueError:
        return None
