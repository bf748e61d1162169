"""A person's idiolect: consistent words, contractions, fillers and punctuation."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from personagen.offline.texts import bank, canon, small
from personagen.personas.english.verbs import bag

_WORD = re.compile(r"[^\W_][\w'-]*")
_PRONOUN = re.compile(r"\s+(?:i|you|he|she|it|we|they|been|got|had|there)\b", re.I)
_FOLLOWED = bag("it's that's there's what's isn't doesn't don't wasn't didn't can't haven't hasn't aren't")


@dataclass(frozen=True)
class Idiolect:
    """One person's habits: word swaps, favourite fillers and tags, sentence endings."""

    words: Mapping[str, str]
    long: bool
    fillers: tuple[str, ...]
    tags: tuple[str, ...]
    dots: float
    cheers: float


def idiolect_of(
    seed: str,
    axes: tuple[str, ...],
    words_of_voice: Mapping[str, str] | None = None,
    fillers: Sequence[str] | None = None,
) -> Idiolect:
    """The habits of the person ``seed``, some of which follow from the traits.

    A voice of its own has words and ``fillers`` of its own, and no tags.
    """
    rng = Random(f"idiolect/{seed}")
    raw = bank("idiolect")
    words = {word: rng.choice(options) for word, options in raw["swaps"].items() if rng.random() < 0.45}
    words |= raw["american"] if rng.random() < 0.3 else {}
    return Idiolect(
        words=words | dict(words_of_voice or {}),
        long=rng.random() < (0.6 if "traditional" in axes or "proud" in axes else 0.18),
        fillers=tuple(rng.sample(raw["fillers"], 3)) if fillers is None else tuple(fillers),
        tags=tuple(rng.sample(raw["tags"], 3)) if fillers is None else (),
        dots=0.25 if {"gloomy", "tender"} & set(axes) and rng.random() < 0.5 else 0.0,
        cheers=0.4 if "sunny" in axes else 0.0,
    )


def worded(text: str, habit: Idiolect) -> str:
    """``text`` in this person's words: swaps, spelling, contractions."""
    long = bank("idiolect")["long"] if habit.long else {}

    def swapped(match: re.Match[str]) -> str:
        word = match.group()
        tag = word.lower() in _FOLLOWED and _PRONOUN.match(text, match.end())
        new = habit.words.get(word.lower()) or (word if tag else long.get(word.lower(), word))
        return new[:1].upper() + new[1:] if word[:1].isupper() else new

    return _WORD.sub(swapped, text)


def voiced(parts: list[str], loose: set[str], habit: Idiolect, rng: Random, said: str) -> str:
    """The parts of a message as one text, with at most one filler, tags behind the ``loose`` parts, and this
    person's way of ending sentences. ``said`` (``canon``) is what they said before."""
    out: list[str] = []
    for part in parts:
        plain, text = part.endswith("."), part
        filler = rng.choice(habit.fillers or ("",))
        if filler and rng.random() < 0.13 and not part.endswith("?") and canon(filler) not in said:
            text = f"{filler}, {small(part)}"
            said += canon(filler)
        elif habit.tags and plain and part in loose and "," not in part and rng.random() < 0.22:
            text = f"{part[:-1]}, {rng.choice(habit.tags)}."
        ending = rng.random()
        if plain and ending < habit.cheers + habit.dots:
            text = text[:-1] + ("!" if ending < habit.cheers else "...")
        out.append(text)
    return " ".join([*(_ended(part) for part in out[:-1]), *out[-1:]])


def _ended(part: str) -> str:
    """``part`` with a mark at its end, before another one."""
    return part if part.endswith((".", "!", "?", "\u2026", ":", ",")) else f"{part}."
