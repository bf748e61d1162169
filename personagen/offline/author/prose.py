"""The prose of profiles and personalities: choice, order and sentences of facts and traits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from random import Random

from personagen.offline.author.grammar import Entry, entry, inflected
from personagen.offline.author.life import Life, life
from personagen.offline.texts import bank, capital, fill, with_article
from personagen.offline.voice import is_past
from personagen.personas.english.facts import Pronoun
from personagen.personas.traits import canonical, valence

# The maximum number of facts of each topic, if not one.
_OFTEN = {"hobby": 2, "habit": 2, "details": 2}
_DRAWS = 60
_TRIES = 30
_VERB = re.compile(r"\[([\w-]+)\]")


@dataclass(frozen=True)
class Statement:
    """One fact: its ``text`` without a full stop, ``front`` the part that may open the sentence; ``clause`` if it has
    a subject of its own, ``lasting`` if it describes the present rather than an event."""

    text: str
    front: str
    clause: bool
    lasting: bool

    @property
    def whole(self) -> str:
        """The fact in its usual word order."""
        return f"{self.text} {self.front}" if self.front else self.text

    @property
    def joins(self) -> bool:
        """Whether it can be one of three joined facts."""
        return not self.clause and " and " not in self.whole and "," not in self.whole

    def said(self, who: str) -> str:
        """The fact with its subject."""
        return self.whole if self.clause else f"{who} {self.whole}"


def invented(rng: Random) -> tuple[Life, list[Statement]]:
    """A life, and six or seven facts of it besides age, job and place, in the order drawn."""
    one = life(rng)
    tables = bank("author_life")
    first = [topic for mark, topic in tables["states"].items() if mark in one.has and rng.random() < 0.85]
    if one.details:
        first += ["details"] * rng.choice((0, 1, 1, 1, 2))
    topics = first + rng.choices([*tables["topics"]], [*tables["topics"].values()], k=_DRAWS)
    wanted = rng.choice((6, 6, 7))
    seen: dict[str, int] = {}
    found: dict[str, Statement] = {}
    for topic in topics:
        seen[topic] = seen.get(topic, 0) + 1
        if seen[topic] > _OFTEN.get(topic, 1):
            continue
        local = topic == "food" and rng.random() < 0.2
        lines = one.details if topic == "details" else one.food if local else bank("author_facts")[topic]
        chosen = one.drawn(lines, rng)
        if chosen and chosen.text not in found:
            one.take(chosen)
            text, _, front = one.told(chosen.text, rng).partition(" ^")
            found[chosen.text] = Statement(text, front, chosen.clause, _lasts(chosen.text))
            if len(found) == wanted:
                break
    return one, list(found.values())


@cache
def _lasts(template: str) -> bool:
    verb = _VERB.match(template)
    return verb is not None and not is_past(verb[1])


def profile(made: tuple[Life, Sequence[Statement]], rng: Random, short: bool = False) -> tuple[str, list[str]]:
    """A life as prose, and the facts it states: age, job, place and the statements, few of them if ``short``."""
    one, statements = made
    name = one.slots["name"] if rng.random() < 0.28 else ""
    rest = rng.sample(statements, min(len(statements), rng.randint(1, 4)) if short else len(statements))
    opening: list[str] = []
    facts: list[str] = []
    for kind in rng.choice(bank("author_life")["openings"]):
        sentence, said = _opening(kind, one, "" if opening else name, rest, rng)
        opening.append(sentence)
        facts += said
    del rest[max(0, rng.choice((9, 10, 10)) - len(facts)) :]
    body = _sentences(rest, one.who, rng)
    facts += [capital(statement.said(one.who)) for statement in rest]
    if body and not name and rng.random() < 0.2:
        opening.insert(0, body.pop(0))
    if body and len(opening) > 1 and rng.random() < 0.5:
        opening.insert(len(opening) - 1, body.pop(0))
    text = " ".join(opening + body)
    where = one.slots["inplace"][1:]
    return text.replace(f"{where} ", f"{where}, ") if "," in where else text, facts


def _opening(kind: str, one: Life, name: str, rest: list[Statement], rng: Random) -> tuple[str, list[str]]:
    """A sentence with age (A), job (J) or place (P), and the facts it states; it may consume one of ``rest``."""
    spare = [statement for statement in rest if statement.lasting and statement.joins]
    frame, facts, named = _frame(kind, one, name, bool(spare), rng)
    stated = [f"{capital(one.who)} {one.told(fact, rng)}" for fact in facts]
    more = {"subj": name or one.who, "subjlow": name or one.told("<them>", rng)}
    if "<p>" in frame.text:
        used = rng.choice(spare)
        rest.remove(used)
        more["p"] = used.whole
        stated.append(capital(used.said(one.who)))
    return f"{capital(one.told(frame.text, rng, named=named, **more))}.", stated


def _frame(kind: str, one: Life, name: str, spare: bool, rng: Random) -> tuple[Entry, Sequence[str], bool]:
    """A frame that fits, its facts, and whether its subject is the name; the first of each kind always fits."""
    has = one.has | {"named" if name else "noname"}
    lines = bank("author_frames")[kind]
    for line in chain((rng.choice(lines) for _ in range(_TRIES)), lines[:1]):
        text, _, facts = line.partition(" || ")
        frame = entry(text)
        named = bool(name) and "<subj>" in text
        # After a name or "who" the verb is singular, but the fact is plural for "they".
        clashes = one.who == "they" and (named or "who <p>" in text)
        if frame.fits(one.age, has, one.barred) and ("<p>" not in text or (spare and not clashes)):
            break
    return frame, facts.split(" | "), named


def _sentences(statements: Sequence[Statement], who: str, rng: Random) -> list[str]:
    """``statements`` in sentences of one to three facts."""
    out, at = [], 0
    while at < len(statements):
        group = statements[at : at + rng.choices((1, 2, 3), (45, 40, 15))[0]]
        if len(group) == 3 and not all(one.joins for one in group):
            group = group[:2]
        at += len(group)
        out.append(f"{capital(_joined(group, who, rng))}.")
    return out


def _joined(group: Sequence[Statement], who: str, rng: Random) -> str:
    one, *others = group
    dice = rng.random()
    if not others:
        return f"{one.front} {who} {one.text}" if one.front and not one.clause and dice < 0.5 else one.said(who)
    if len(others) == 2:
        return f"{one.said(who)}, {others[0].whole} and {others[1].whole}"
    first, second = one.said(who), others[0].said(who)
    if not one.clause and not others[0].clause and dice < 0.65:
        return f"{first}{' and' if one.joins and dice < 0.4 else ', and'} {others[0].whole}"
    plain = " and " not in first + second and "," not in first + second
    return f"{first}, and {second}" if plain and dice > 0.45 else f"{first}; {second}"


@cache
def _words() -> tuple[list[str], list[str]]:
    """The author's traits: the flattering ones, and the others."""
    words = bank("author_traits")["traits"]
    kind = [word for word in words if valence(word) == "flattering"]
    return kind, [word for word in words if word not in kind]


@cache
def _apart(word: str) -> frozenset[str]:
    """The traits that don't go with ``word``: its opposites and synonyms, and itself."""
    apart = {other for other in bank("author_traits")["traits"] if canonical(other) == canonical(word)}
    for first, *others in bank("author_traits")["opposites"]:
        apart |= set(others) if word == first else {first} if word in others else set()
    return frozenset(apart)


def traits(rng: Random) -> list[str]:
    """8 to 10 traits without opposites and synonyms, 40 to 70 % of them not flattering."""
    count = rng.choice((8, 8, 9, 9, 10))
    unkind = round(count * rng.uniform(0.4, 0.7))
    flattering, others = _words()
    chosen: list[str] = []
    barred: set[str] = set()
    while len(chosen) < count:
        word = rng.choice(others if len(chosen) < unkind else flattering)
        if word not in barred:
            chosen.append(word)
            barred |= _apart(word)
    return chosen


def personality(made: Sequence[str], rng: Random, short: bool = False) -> tuple[str, list[str]]:
    """Prose with each of the traits ``made``, most illustrated by behaviour, and the traits; few if ``short``."""
    words = rng.sample(made, rng.randint(3, 6) if short else len(made))
    for _ in range(4):
        text = described(words, rng)
        if 50 <= text.count(" ") < 120:
            break
    return text, words


def described(words: Sequence[str], rng: Random) -> str:
    """Prose with each of the traits ``words``, one to three in a sentence."""
    who: Pronoun = rng.choices(("she", "he", "they"), (3, 3, 1))[0]
    ways, frames = bank("author_traits")["traits"], bank("author_traits")["frames"]
    out: dict[str, str] = {}
    at = 0
    while at < len(words):
        size = min(rng.choices((1, 2, 3), (4, 3, 1))[0], len(words) - at)
        frame = rng.choice(frames[("one", "two", "three")[size - 1]])
        if frame in out:
            continue
        group = words[at : at + size]
        at += size
        slots = dict(zip("tuv", group, strict=False)) | {"at": with_article(group[0])}
        for letter, word in zip("pq", group, strict=False):
            slots[letter] = fill(inflected(rng.choice(ways[word]), who), rng, {})
        out[frame] = f"{capital(fill(inflected(frame, who), rng, slots))}."
    return " ".join(out.values())
