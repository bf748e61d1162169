"""The prose of a profile: choice, order and sentences of its facts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from personagen.offline.author.grammar import FORMS, Entry, drawn, entry, fits, inflected, pick
from personagen.offline.author.life import Life
from personagen.offline.texts import bank, capital, fill
from personagen.personas.english.verbs import is_past

# The number of facts besides age, job and place, and in total.
OTHER_FACTS = (6, 6, 7)
MAX_FACTS = (9, 10, 10)
NAMED = 0.28
_TRIES = 30
# The weights of the sections; tags exclude those of other states.
_WEIGHTS = {
    "hobby": 12, "habit": 7, "food": 7, "partner": 8, "children": 8, "home": 5, "education": 5, "health": 4,
    "money": 4, "pet": 4, "faith": 4, "kin": 4, "media": 3, "past": 4, "plan": 4, "belongings": 3, "transport": 3,
    "language": 3, "volunteering": 3, "tech": 2, "grandchildren": 5,
}  # fmt: skip
_TOPICS = tuple(topic for topic, weight in _WEIGHTS.items() for _ in range(weight))
_OFTEN = {"hobby": 2, "habit": 2, "details": 2}
_DRAWS = 200
# Nearly always stated if it applies.
_STATES = {
    "migrant": "migration", "heir": "migration", "retired": "retired", "student": "student", "jobless": "jobless",
    "carer": "carer",
}  # fmt: skip
_SPLITS = (
    ("AJP",), ("AJP",), ("AJ", "P"), ("AP", "J"), ("A", "JP"), ("JP", "A"), ("P", "AJ"), ("J", "AP"), ("A", "J", "P"),
)  # fmt: skip
_VERB = re.compile(r"\[([\w-]+)\]")


@dataclass(frozen=True)
class Statement:
    """One fact: its ``text`` without a full stop, ``front`` the part that may open the sentence, ``topic`` its section;
    ``lasting`` if it describes the present rather than an event."""

    text: str
    clause: bool
    topic: str
    front: str = ""
    lasting: bool = True

    @property
    def whole(self) -> str:
        """The fact in its usual word order."""
        return f"{self.text} {self.front}" if self.front else self.text

    @property
    def joins(self) -> bool:
        """Whether it can be one of three joined facts."""
        return not self.clause and " and " not in self.whole and "," not in self.whole


@dataclass(frozen=True)
class Frame:
    """A template for age (A), job (J) and place (P), its facts, and its requirements."""

    entry: Entry
    facts: tuple[str, ...]
    asks: bool
    named: bool


@cache
def _lasts(template: str) -> bool:
    verb = _VERB.match(template)
    return verb is not None and not is_past(verb[1])


@cache
def _frames(kind: str) -> tuple[Frame, ...]:
    return tuple(map(_frame, bank("author_frames")[kind]))


def _frame(line: str) -> Frame:
    text, _, facts = line.partition(" || ")
    return Frame(entry(text), tuple(facts.split(" | ")), "<p>" in text, "<subj>" in text)


def facts_of_life(life: Life, rng: Random) -> list[Statement]:
    """The facts of ``life`` besides age, job and place, in the order drawn."""
    wanted = pick(OTHER_FACTS, rng)
    statements: list[Statement] = []
    first = [section for mark, section in _STATES.items() if mark in life.has and rng.random() < 0.85]
    if life.details:
        first += ["details"] * pick((0, 1, 1, 1, 2), rng)
    seen: dict[str, int] = {}
    said: set[str] = set()
    for _ in range(_DRAWS):
        topic = first.pop() if first else pick(_TOPICS, rng)
        times = seen[topic] = seen.get(topic, 0) + 1
        if times > 1 and times > _OFTEN.get(topic, 1):
            continue
        one = _drawn(topic, life, rng)
        if one is not None and one.text not in said:
            said.add(one.text)
            life.take(one)
            statements.append(_worded(one, topic, life, rng))
            if len(statements) == wanted:
                break
    return statements


def _drawn(topic: str, life: Life, rng: Random) -> Entry | None:
    own = life.details if topic == "details" else life.food if topic == "food" and rng.random() < 0.2 else None
    if own is None:
        return drawn(topic, rng, life.age, life.has, life.barred)
    one = pick(own, rng)
    return one if fits(one, life.age, life.has, life.barred) else None


def _worded(one: Entry, topic: str, life: Life, rng: Random) -> Statement:
    text, _, front = fill(inflected(one.text, life.who), rng, life.slots).partition(" ^")
    return Statement(text, one.clause, topic, front, _lasts(one.text))


def profile(life: Life, statements: Sequence[Statement], rng: Random) -> tuple[str, list[str]]:
    """``life`` as prose, and the facts it states: age, job, place and ``statements``."""
    name = life.slots["name"] if rng.random() < NAMED else ""
    rest = rng.sample(statements, len(statements))
    opening: list[str] = []
    facts: list[str] = []
    for kind in pick(_SPLITS, rng):
        sentence, said = _opened(kind, life, name if not opening else "", rest, rng)
        opening.append(sentence)
        facts += said
    del rest[max(0, pick(MAX_FACTS, rng) - len(facts)) :]
    body = _sentences(rest, life, rng)
    facts += [sentence_of(one, life) for one in rest]
    if body and not name and rng.random() < 0.2:
        opening.insert(0, body.pop(0))
    if body and len(opening) > 1 and rng.random() < 0.5:
        opening.insert(len(opening) - 1, body.pop(0))
    text = " ".join(opening + body)
    where = life.slots["inplace"]
    return text.replace(f"{where[1:]} ", f"{where[1:]}, ") if "," in where else text, facts


def sentence_of(one: Statement, life: Life) -> str:
    """``one`` as a short statement without a full stop."""
    return capital(one.whole) if one.clause else f"{capital(life.who)} {one.whole}"


def _opened(kind: str, life: Life, name: str, rest: list[Statement], rng: Random) -> tuple[str, list[str]]:
    """A sentence with age, job or place, and the facts it states; it may consume one of ``rest``."""
    has = life.has | {"named" if name else "noname"}
    spare = [at for at, one in enumerate(rest) if one.lasting and one.joins]
    frame = _suited(kind, life, has, bool(name), bool(spare), rng)
    one = frame.entry
    slots = {**life.slots, "subj": name or life.who, "subjlow": name or FORMS[life.who]["them"]}
    facts = [f"{capital(life.who)} {fill(inflected(fact, life.who), rng, life.slots)}" for fact in frame.facts]
    if frame.asks:
        used = rest.pop(pick(spare, rng))
        slots["p"] = used.whole
        facts.append(sentence_of(used, life))
    text = inflected(one.text, life.who, named=bool(name) and frame.named)
    return f"{capital(fill(text, rng, slots))}.", facts


def _suited(kind: str, life: Life, has: set[str], named: bool, spare: bool, rng: Random) -> Frame:
    """A frame that fits; the first of each kind always does."""
    frames = _frames(kind)
    for _ in range(_TRIES):
        frame = pick(frames, rng)
        # After a name or "who" the verb is singular, but the fact is plural for "they".
        one = life.who == "they" and ("who <p>" in frame.entry.text or (named and frame.named))
        if fits(frame.entry, life.age, has, life.barred) and (not frame.asks or (spare and not one)):
            return frame
    return frames[0]


@cache
def _leads(topic: str) -> tuple[Entry, ...]:
    return tuple(map(entry, bank("author_frames").get(f"{topic}_leads", ())))


def _sentences(statements: Sequence[Statement], life: Life, rng: Random) -> list[str]:
    """``statements`` in sentences of one to three facts."""
    out, at = [], 0
    while at < len(statements):
        dice = rng.random()
        size = min(1 if dice < 0.45 else 2 if dice < 0.85 else 3, len(statements) - at)
        group = statements[at : at + size]
        if size == 3 and not all(one.joins for one in group):
            group = statements[at : at + 2]
        at += len(group)
        out.append(f"{capital(_joined(group, life, rng))}.")
    return out


def _joined(group: Sequence[Statement], life: Life, rng: Random) -> str:
    they = life.who
    if len(group) == 3:
        first, second, third = (one.whole for one in group)
        return f"{they} {first}, {second} and {third}"
    if len(group) == 1:
        return _alone(group[0], life, rng)
    one, two = group
    first = one.whole if one.clause else f"{they} {one.whole}"
    second = two.whole if two.clause else f"{they} {two.whole}"
    dice = rng.random()
    if not one.clause and not two.clause and dice < 0.65:
        return f"{first}{' and' if one.joins and dice < 0.4 else ', and'} {two.whole}"
    plain = " and " not in first + second and "," not in first + second
    return f"{first}, and {second}" if plain and dice > 0.45 else f"{first}; {second}"


def _alone(one: Statement, life: Life, rng: Random) -> str:
    if one.clause:
        return one.whole
    if one.front and rng.random() < 0.5:
        return f"{one.front} {life.who} {one.text}"
    leads = _leads(one.topic)
    if leads and not one.front and rng.random() < 0.25:
        lead = pick(leads, rng)
        if lead.needs <= life.has:
            return f"{fill(inflected(lead.text, life.who), rng, life.slots)}, {life.who} {one.whole}"
    return f"{life.who} {one.whole}"
