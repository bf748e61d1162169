"""Facts about a person: their words, their kinds, whether a text states them."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from personagen.offline.texts import bank, canon
from personagen.personas.english.verbs import bag

_BREAK = re.compile(r"(?<=[.!?])\s+|\n+")
_WORD = re.compile(r"\w+")
_OPENING = re.compile(r"^(?:\(\?:|\\b|\(\?<![^)]*\)|\^|\()+")
_HEAD = re.compile(r"[A-Za-z]{1,3}|\\d|\[?[0-9]")
_ENOUGH = 0.6
_DENIAL = re.compile(
    r"\b(?:no|never had|without|not have|n't have|n't want) (?:any )?(?:kids|children|pets|car)|childless|"
    r"\b(?:wants?|wanted|hopes? for|dreams? of) (?:\w+ )?(?:kids|children|a (?:dog|cat|child|baby))|"
    # Advice is not tailored to a loss.
    r"\b(?:lost|buried|mourns?|grie\w+|miscarr\w+|late)\b.*\b(?:child|children|baby|son|daughter|wife|husband|partner|"
    r"sister|brother|mother|father)\b",
    re.I,
)
_STOP = bag(
    "a an the and or but of in on at to for with from by as is are was were be been am i you he she they we it its "
    "my your his her their our me him them us this that these those who which what when where how why not no so "
    "if than then too very just also have has had do does did can could will would should may might must "
    "about into over out up down off all any some more most much many there here s m ve re d ll t don isn user "
    "i'd i've i'm "
    "one get got really always often enjoy enjoys enjoying love loves like likes live lives living work works working "
    "spend spends spending local free time year years old named called part member"
)


@lru_cache(maxsize=16384)
def _stem(word: str) -> str:
    if len(word) > 4 and word.endswith("ies"):
        word = word[:-3] + "y"
    for end in ("ing", "ed", "es", "s"):
        if len(word) - len(end) >= 3 and word.endswith(end):
            word = word[: -len(end)]
            break
    return word[:6].rstrip("e") if len(word) > 3 else word


@lru_cache(maxsize=8192)
def stems(text: str) -> frozenset[str]:
    """The crude stems of the content words of a text, in any language."""
    return frozenset(_stem(w) for w in canon(text).split() if w not in _STOP)


@lru_cache(maxsize=4096)
def spoken(text: str) -> tuple[str, ...]:
    """The sentences of a chat message, roughly; lines of a list count as sentences."""
    return tuple(s for s in _BREAK.split(text) if s)


def is_stated(fact: str, texts: tuple[str, ...]) -> bool:
    """Whether one of ``texts`` says most of what ``fact`` says."""
    want = stems(fact)
    return bool(want) and any(len(want & stems(text)) >= _ENOUGH * len(want) for text in texts)


def _starts(pattern: str) -> frozenset[str]:
    """Prefixes (up to three letters, ``0`` for a digit) of which a match must have one; empty if unknown."""
    starts = set()
    for piece in pattern.split("|"):
        head = _HEAD.match(_OPENING.sub("", piece))
        if head is None:
            return frozenset()
        starts.add("0" if not head.group().isalpha() else head.group().lower())
    return frozenset(starts)


@cache
def _kinds() -> tuple[tuple[str, re.Pattern[str], frozenset[str]], ...]:
    return tuple(
        (kind, re.compile(rf"\b(?:{raw['words']})", re.I), _starts(raw["words"])) for kind, raw in bank("facts").items()
    )


@lru_cache(maxsize=8192)
def kinds_of(fact: str) -> tuple[str, ...]:
    """The kinds of a fact (``job_care``, ``kids``, ``pets``, ...), most important first; empty for a denial."""
    if _DENIAL.search(fact):
        return ()
    words = _WORD.findall(fact.lower())
    has = {w[:n] for w in words for n in (1, 2, 3)} | ({"0"} if any(w[0].isdigit() for w in words) else set())
    return tuple(k for k, pattern, starts in _kinds() if (not starts or starts & has) and pattern.search(fact))


def kind_of(fact: str) -> str | None:
    """The most important kind of a fact, or None if unknown."""
    return next(iter(kinds_of(fact)), None)


def tails(kind: str | None) -> list[str]:
    """Continuations of a sentence with a fact of this kind: ``so evenings are short``."""
    return bank("facts")[kind]["tails"] if kind else []


def advice_for(kind: str | None, domain: str) -> list[str]:
    """Advice in ``domain`` for a fact of this kind; empty if irrelevant."""
    return bank("facts")[kind]["tailor"].get(domain, []) if kind else []
