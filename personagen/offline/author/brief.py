"""Profiles and personalities of one sentence or a few, for pools whose seeds are shorter than the packaged ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from personagen.offline.author import prose
from personagen.offline.author.character import Character, described
from personagen.offline.author.person import Life
from personagen.offline.texts import capital
from personagen.personas.english.text import sentences, words

LONGEST = 70  # words asked for; beyond it the author's usual prose fits
_TRIES = 40


def is_brief(form: Mapping[str, Any] | None) -> bool:
    """Whether ``form``, an input of the author's prompts, asks for texts shorter than the usual ones."""
    return form is not None and form["unit"] == "words" and (form["one_sentence"] or form["longest"] < LONGEST)


def invented(rng: Random, drawn: Mapping[str, str | int]) -> tuple[Life, list[prose.Statement]]:
    """A life as ``prose.invented`` draws it, of a person with a singular pronoun: "a baker who keeps bees"."""
    while True:
        one, statements = prose.invented(rng, drawn)
        told = [statement for statement in statements if not statement.clause]
        if one.who != "they" and len(told) > 1:
            return one, told
        drawn = {name: value for name, value in drawn.items() if name != "pronoun"}


def profile(
    made: tuple[Life, Sequence[prose.Statement]], rng: Random, form: Mapping[str, Any], short: bool = False
) -> tuple[str, list[str]]:
    """A life in one sentence or a few, as long as ``form`` asks for if it can, and its facts; none if ``short``."""
    one, statements = made
    write = _sentence if form["one_sentence"] else _few
    drafts = [write(one, statements, rng) for _ in range(_TRIES)]
    text, facts = min(drafts, key=lambda draft: _misses(draft[0], form))
    return text, [] if short else facts[: max(1, form["most"])]


def personality(made: Character, rng: Random, form: Mapping[str, Any], short: bool = False) -> tuple[str, list[str]]:
    """Some of the traits ``made``, as many as ``form`` asks for, in one sentence or a few; none listed if ``short``."""
    most = min(form["most"] or 3, len(made.traits))
    count = rng.randint(min(form["fewest"] or 1, most), most)
    named = rng.sample(made.traits[:count], count)
    drafts = [described(named, made.who, rng) for _ in range(_TRIES)]
    plain = f"{capital(', '.join(named[:-1]) + ' and ' if named[1:] else '')}{named[-1]}."
    text = min([*drafts, capital(plain)], key=lambda draft: _misses(draft, form))
    return text, [] if short else named


def _misses(text: str, form: Mapping[str, Any]) -> int:
    """By how many words ``text`` is too short or too long; more than any length if it should be one sentence."""
    size = len(words(text))
    several = bool(form["one_sentence"]) and len(sentences(text)) > 1
    least, most = int(form["shortest"]), int(form["longest"])
    return max(least - size, size - most, 0) + 1000 * several


def _sentence(one: Life, statements: Sequence[prose.Statement], rng: Random) -> tuple[str, list[str]]:
    """One sentence: a job, perhaps a place, and one to three statements."""
    told = rng.sample(statements, rng.randint(1, min(3, len(statements))))
    where = one.told(" <inplace>", rng) if rng.random() < 0.5 else ""
    job = one.told("<ajob>", rng)
    first = f"{job}{where}"
    said = [statement.whole for statement in told]
    listed = f"{', '.join(said[:-1])} and {said[-1]}" if said[1:] else said[0]
    facts = [f"{capital(one.who)} is {first}", *(f"{capital(one.who)} {text}" for text in said)]
    return f"{capital(first)}{',' * (',' in first)} who {listed}.", facts


def _few(one: Life, statements: Sequence[prose.Statement], rng: Random) -> tuple[str, list[str]]:
    """A sentence with job and place, and one for each of some statements."""
    told = rng.sample(statements, rng.randint(1, len(statements)))
    first = one.told("<they> is <ajob> <inplace>", rng)
    facts = [capital(first), *(capital(statement.said(one.who)) for statement in told)]
    return " ".join(f"{fact}." for fact in facts), facts
