"""The prose of profiles: choice, order and sentences of facts."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from random import Random

from personagen.offline.author.grammar import Entry, entry
from personagen.offline.author.life import life
from personagen.offline.author.person import Life
from personagen.offline.texts import bank, capital
from personagen.offline.voice import is_past

# The maximum number of facts of each topic, if not one.
_OFTEN = {"hobby": 2, "habit": 2}
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


def invented(rng: Random, drawn: Mapping[str, str | int] | None = None) -> tuple[Life, list[Statement]]:
    """The life of the person ``drawn``, and six or seven facts of it besides age, job and place, in the order drawn."""
    one = life(rng, drawn)
    tables = bank("author_life")
    first = [topic for mark, (topic, share) in tables["told"].items() if mark in one.has and rng.random() < share]
    if one.details:
        first += ["details"] * rng.choice((0, 1, 1, 1))
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
