"""The observer of the cast: inferences from a user's words, each with a quote.

It knows what users of the cast say about the talk and the matter at hand; whatever else they say in the first person
is about themselves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from random import Random
from typing import Any

import orjson

from personagen.offline.disclosing import TALKED
from personagen.offline.facts import spoken, stems
from personagen.offline.style import axes_cued
from personagen.offline.texts import bank, canon, capital, wordings
from personagen.offline.topics import located, names_a_point, topics
from personagen.offline.voice import third
from personagen.offline.voices import all_fillers, contractions, said_as, templates

_UNSUPPORTED = 0.04
_TERSE_WORDS, _TERSE_TURNS = 7, 3
_MARKS = re.compile(r"[!]|\b[25]\)")  # which alone show no trait
# The end of a clause about the speaker.
_END = re.compile(
    r"[.!?;:—()\n]|,? and (?=(?:[Ii](?:'?m|'?ve)?|my) )|, (?:so|which|if|in case|but|by the way|for what|hence|"
    r"though|as|because|just so|and (?!the )[a-z]+ [a-z']+ (?:is|are|me|my)\b|who|too|and that)\b| btw\b"
)
_SPEAKER = re.compile(r"\b(?:[Ii](?:'?m|'?ve|'?d|'?ll)?|[Mm]y|me)\b")
_I = re.compile(r"\b[Ii](?:'?m|'?ve|'?d|'?ll)?\b")
_ASIDE = re.compile(r"\(([^()]+)\)")
_WORD = re.compile(r"[^\W_][\w'-]*")
_HOLDS_A_FACT = re.compile(r"<i>", re.I)
_SLOT = re.compile(r"<\w+>")
_FEWEST, _MOST = 2, 30  # words of a statement
_LEAD = 4  # words before "I" that may only lead to it
_THAT = re.compile(r"^(?:\S+ ){1,6}?that (?=(?:my|a|an|the) )", re.I)


@cache
def _around() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """What users of the cast say before a fact, and the first words of what they add behind it."""
    names = ("wraps", "asides", "fits", "answers")
    lines = [line for name in names for line in (*bank("user")[name], *templates((name,)))]
    lines += [f"<I>, {tail}" for raw in bank("facts").values() for tail in raw["tails"]]
    lines = [one for line in lines for one in spoken(line) if _HOLDS_A_FACT.search(one)]
    fillers = [f"{filler}," for filler in all_fillers()]
    halves = [_HOLDS_A_FACT.split(line, maxsplit=1) for line in lines]
    leads = {text.strip() for before, _ in halves for text in wordings(_SLOT.sub("", before))} - {""}
    tails = {" ".join(text.split()[:3]).strip(" .") for _, after in halves for text in wordings(_SLOT.sub("", after))}
    before = rf"(?:(?:{_any(fillers)}) )?(?:{_any(leads)}) |(?:{_any(fillers)}) "
    return re.compile(before, re.I), re.compile(_any(tail for tail in tails if len(tail) > 4), re.I)


def _any(texts: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(texts, key=len, reverse=True)))


@cache
def _about_the_talk() -> re.Pattern[str]:
    """What users say about the conversation or the moment: it holds "I" and "my", and no fact about them."""
    lines = [line for name, pool in bank("user").items() if name in TALKED for line in pool]
    lines += [*templates(TALKED), *bank("idiolect")["greetings"]]
    lines += [one for line in templates(("fits", "answers")) for one in spoken(line) if not _HOLDS_A_FACT.search(one)]
    lines += [one for line in lines for one in spoken(line) if one != line and not _SLOT.search(one)]
    return said_as(lines)


@cache
def _hints() -> tuple[tuple[str, str], ...]:
    """(what is hinted at, canonical wording) for every line that shows a fact without telling it."""
    shown = bank("voices")["shown"].values()
    return tuple(
        (raw["seems"], canon(text).strip()) for raw in shown for line in raw["lines"] for text in wordings(line)
    )


@lru_cache(maxsize=4096)
def _hinted(text: str) -> tuple[tuple[str, str], ...]:
    """(statement, quote) for what a message only shows."""
    plain = [(sentence, canon(sentence)) for sentence in spoken(text)]
    return tuple((seems, sentence) for seems, line in _hints() for sentence, said in plain if f" {line} " in said)


@lru_cache(maxsize=4096)
def _facts(text: str) -> tuple[tuple[str, str], ...]:
    """(statement, quote) for every clause in first person about the speaker."""
    found: dict[str, str] = {}
    hints = {sentence for _, sentence in _hinted(text)}
    for sentence in spoken(text):
        for part in (*_ASIDE.findall(sentence), _ASIDE.sub("", sentence).strip()):
            core = _core(part)
            if sentence not in hints and _is_telling(core) and not _is_talk(part):
                for quote in _quotes(core):
                    found.setdefault(capital(third(_marked(quote))), quote)
    return tuple(found.items())


def _core(part: str) -> str:
    """A sentence without what users of the cast say before and behind a fact."""
    before, after = _around()
    return after.split(before.sub("", part, count=1) if before.match(part) else part, maxsplit=1)[0]


def _quotes(core: str) -> Iterator[str]:
    """The clauses of a sentence about its speaker."""
    for piece in _END.split(core):
        speaker, subject = _SPEAKER.search(piece), _I.search(piece)
        if speaker is None:
            continue
        led = subject is not None and len(piece[: subject.start()].split()) <= _LEAD
        quote = (piece[subject.start() :] if subject and led else _THAT.sub("", piece)).strip(" ,'\"")
        if _FEWEST <= len(quote.split()) <= _MOST and (led or subject is None):
            yield quote


def _is_telling(sentence: str) -> bool:
    """Whether a sentence is about its speaker, not a question, the matter, the talk or a manner."""
    if sentence.endswith("?") or located(sentence) or names_a_point(sentence) or axes_cued(sentence.replace("!", ".")):
        return False
    return not _is_talk(sentence)


def _is_talk(sentence: str) -> bool:
    """Whether a sentence is of what users of the cast say of the talk, the moment or the matter."""
    said = canon(sentence).strip()
    return said in _matters() or _about_the_talk().fullmatch(said) is not None


@cache
def _matters() -> frozenset[str]:
    """The sentences of what users open with, and ask."""
    every = (
        text for topic in topics().values() for text in (*topic.openings, *(q for a in topic.asks for q in a.questions))
    )
    return frozenset(canon(one).strip() for text in every for wording in wordings(text) for one in spoken(wording))


def _marked(quote: str) -> str:
    """``quote`` with the apostrophes that a careless hand left out."""
    return _WORD.sub(lambda m: contractions().get(m[0].lower(), m[0]), quote)


@lru_cache(maxsize=4096)
def _shown(text: str) -> tuple[tuple[str, str], ...]:
    """(axis, quote) for the axes that a message shows."""
    own = [said for said in spoken(text) if not located(said)]
    bare = {said: _MARKS.sub(".", said) if _is_talk(said) else said for said in own}  # anybody says "Thanks!"
    return tuple((name, said) for said in own for name in axes_cued(_core(bare[said])))


def _traits(users: list[str], rng: Random) -> Iterator[dict[str, str]]:
    """The traits that a user states, or that two of their messages show without saying so."""
    places: dict[str, list[str]] = {}
    for text in users:
        for axis, quote in dict(_shown(text)).items():
            places.setdefault(axis, []).append(quote)
    if len(users) >= _TERSE_TURNS and sum(len(text.split()) for text in users) < _TERSE_WORDS * len(users):
        places.setdefault("terse", []).extend(sorted(users, key=len)[:2])
    for axis, quotes in places.items():
        told = [quote for quote in quotes if axis in axes_cued(_MARKS.sub(".", quote))]
        if told or len(quotes) > 1:
            fact, sure = rng.choice(bank("style")[axis]["seems"]), "high" if told else "low"
            second = "" if told else quotes[1]
            yield {
                "fact": fact,
                "quote": (told or quotes)[0],
                "kind": "personality",
                "sure": sure,
                "second_quote": second,
            }


def infer(inputs: Mapping[str, Any], rng: Random) -> str:
    """The inferences from all user turns as JSON; a few per cent have an invented quote."""
    users = [m.content for m in inputs["conversation"] if m.role == "user"]
    # The first quote of each counts.
    facts = dict(row for text in reversed(users) for row in reversed(_facts(text)))
    hints = dict(row for text in reversed(users) for row in reversed(_hinted(text)))
    out = [{"fact": f, "quote": q, "kind": "profile", "sure": "high"} for f, q in reversed(facts.items())]
    out += [{"fact": f"{f}.", "quote": q, "kind": "profile", "sure": "low"} for f, q in reversed(hints.items())]
    out += [trait for trait in _traits(users, rng) if trait["quote"]]
    if users and rng.random() < _UNSUPPORTED:
        fact, quote = rng.choice(bank("observer")["guesses"])
        word = rng.choice(sorted(stems(users[-1])) or ["this"])
        out.append({"fact": fact, "quote": f"{quote} ({word})", "kind": "profile", "sure": "low"})
    return orjson.dumps({"inferences": out, "retracts": []}).decode()
