"""The traits of an invented person, and the prose of personalities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from random import Random

from personagen.offline.author.grammar import inflected
from personagen.offline.texts import bank, capital, fill, with_article
from personagen.personas.english.facts import Pronoun
from personagen.personas.population import UNFLATTERING
from personagen.personas.traits import canonical, go_together, valence

_PRONOUNS: tuple[Pronoun, ...] = ("she", "he", "they")


@dataclass(frozen=True)
class Character:
    """A person's traits, the leading ones first, and the pronoun for them."""

    traits: tuple[str, ...]
    who: Pronoun


@cache
def _words() -> tuple[list[str], list[str]]:
    """The author's traits: those that others find hard to bear, and the others."""
    words = bank("author_traits")["traits"]
    hard = [word for word in words if valence(word) == "unflattering"]
    return hard, [word for word in words if word not in hard]


@cache
def _said(trait: str) -> tuple[str, ...]:
    """The author's words for a trait of the lexicon."""
    return tuple(word for word in bank("author_traits")["traits"] if canonical(word) == canonical(trait))


def invented(rng: Random, drawn: Mapping[str, str | int]) -> Character:
    """8 to 10 traits that go together: the leading ones ``drawn``, and the share of unflattering ones."""
    count = rng.choice((8, 8, 9, 9, 10))
    share = drawn.get(UNFLATTERING)
    unkind = round(count * (int(share) if isinstance(share, int) else rng.randint(0, 80)) / 100)
    hard, others = _words()
    leading = (_said(trait) for trait in str(drawn.get("traits", "")).split(", ") if trait)
    chosen = [rng.choice(words) for words in leading if words]
    while len(chosen) < count:
        missing = unkind - sum(word in hard for word in chosen)
        word = rng.choice(hard if missing > 0 and rng.random() < missing / (count - len(chosen)) else others)
        if all(go_together(word, other) for other in chosen):
            chosen.append(word)
    who = next((one for one in _PRONOUNS if one == drawn.get("pronoun")), None)
    return Character(tuple(chosen), who or rng.choices(_PRONOUNS, (49.5, 49.5, 1))[0])


def personality(made: Character, rng: Random, short: bool = False) -> tuple[str, list[str]]:
    """Prose with each of the traits ``made``, most illustrated by behaviour, and the traits; few if ``short``."""
    words = rng.sample(made.traits, rng.randint(3, 6) if short else len(made.traits))
    for _ in range(4):
        text = described(words, made.who, rng)
        if 50 <= text.count(" ") < 120:
            break
    return text, words


def described(words: Sequence[str], who: Pronoun, rng: Random) -> str:
    """Prose with each of the traits ``words``, one to three in a sentence."""
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
