"""Facts about a person as the cast sees them: their words, their kind, whether a text has told them."""

from __future__ import annotations

import re
from functools import cache, lru_cache

from personagen.llm.offline.texts import bank

_WORD = re.compile(r"\w+")
_BREAK = re.compile(r"(?<=[.!?])\s+|\n+")
_ENOUGH = 0.6
_DENIAL = re.compile(r"\b(?:no|never had|without|not have|n't have|n't want) (?:any )?(?:kids|children|pets|car)|childless", re.I)
_STOP = frozenset(
    "a an the and or but of in on at to for with from by as is are was were be been am i you he she they we it its "
    "my your his her their our me him them us this that these those who which what when where how why not no so "
    "if than then too very just also have has had do does did can could will would should may might must "
    "about into over out up down off all any some more most much many there here s m ve re d ll t don isn user "
    "one get got really always often".split()
)


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
    """The content words of a text, crudely cut to their stems; any language."""
    return frozenset(_stem(w) for w in _WORD.findall(text.lower()) if w not in _STOP)


@lru_cache(maxsize=4096)
def spoken(text: str) -> tuple[str, ...]:
    """The sentences of a chat message; quick and rough, lines of a list count as sentences."""
    return tuple(s for s in _BREAK.split(text) if s)


def told(fact: str, texts: tuple[str, ...]) -> bool:
    """Whether one of ``texts`` says most of what ``fact`` says."""
    want = stems(fact)
    return bool(want) and any(len(want & stems(text)) >= _ENOUGH * len(want) for text in texts)


@cache
def _kinds() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((kind, re.compile(rf"\b(?:{raw['words']})", re.I)) for kind, raw in bank("facts").items())


@lru_cache(maxsize=8192)
def kinds_of(fact: str) -> tuple[str, ...]:
    """What a fact is about (``job_care``, ``kids``, ``pets``, ...), the weightiest first; not what it denies."""
    if _DENIAL.search(fact):
        return ()
    return tuple(kind for kind, pattern in _kinds() if pattern.search(fact))


def kind_of(fact: str) -> str | None:
    """What a fact is about above all, or None where the bank has no word for it."""
    return next(iter(kinds_of(fact)), None)


def tails(kind: str | None) -> list[str]:
    """Ways a person goes on after telling a fact of this kind: ``so evenings are short``."""
    return bank("facts")[kind]["tails"] if kind else []


def advice_for(kind: str | None, domain: str) -> list[str]:
    """What a fact of this kind changes about advice in ``domain``; empty where it has no bearing."""
    return bank("facts")[kind]["tailor"].get(domain, []) if kind else []
