"""How a user of the cast talks and types: one of a few voices with words of its own, and a hand that slips."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, lru_cache
from random import Random

from personagen.offline.texts import OTHER_WORDS, bank, canon, pattern

OWN = "own"  # the voice of the general pools
_VOICES = ("online", "plain", "formal", "brisk", "chatty", OWN)
# Facts and axes that make a voice more likely.
_SIGNS: Mapping[str, frozenset[str]] = {
    "online": frozenset(("age_young", "student", "games", "screens", "impulsive", "scattered")),
    "plain": frozenset(("job_hand", "rural", "migrant", "shy", "easy")),
    "formal": frozenset(("degree", "job_desk", "job_teach", "proud", "traditional", "methodical")),
    "brisk": frozenset(("terse", "blunt", "impatient", "driven")),
    "chatty": frozenset(("grandkids", "chatty", "warm", "playful", "sunny", "tender")),
    OWN: frozenset(("reading", "sceptical", "inventive")),
}
_NOT_FORMAL = frozenset(("age_young", "job_hand"))
_LEFT_SCHOOL = re.compile(r"left school|fourth grade|eighth grade|can't read|cannot read", re.I)
_WORD = re.compile(r"[^\W_][\w'-]*")
_ENDING = re.compile(r"[.?!]+(?=[\"')\]]*$)")
_CASUAL, _CARELESS = 0.3, 0.7


@lru_cache(maxsize=1024)
def voice_of(seed: str, kinds: tuple[str, ...], axes: tuple[str, ...], profile: str) -> str:
    """The voice of the person ``seed`` with facts of these ``kinds`` and these ``axes``."""
    signs = {*kinds, *axes}
    weights = [1 + 3 * len(_SIGNS[name] & signs) for name in _VOICES]
    if _LEFT_SCHOOL.search(profile):
        weights[_VOICES.index("plain")] += 12
    if _NOT_FORMAL & signs or _LEFT_SCHOOL.search(profile):
        weights[_VOICES.index("formal")] = 0
    return Random(f"voice/{seed}").choices(_VOICES, weights)[0]


def pool_of(voice: str, name: str) -> Sequence[str]:
    """The lines of a pool that only this voice says, or nothing."""
    lines: Sequence[str] = bank("voices")["voices"].get(voice, {}).get(name, ())
    return lines


def templates(names: Iterable[str]) -> list[str]:
    """The lines of the pools ``names`` of all voices."""
    return [line for voice in _VOICES for name in names for line in pool_of(voice, name)]


def all_fillers() -> list[str]:
    """The fillers of every voice."""
    return [*bank("idiolect")["fillers"], *(one for own in bank("voices")["fillers"].values() for one in own)]


def said_as(lines: Iterable[str]) -> re.Pattern[str]:
    """A pattern for the ``canon`` of what people say with ``lines``, a filler before one and a tag behind it."""
    said = "|".join(f"(?:{pattern(line)})" for line in lines)
    pools = (all_fillers(), bank("idiolect")["tags"])
    fillers, tags = ("|".join(re.escape(canon(text).strip()) for text in pool) for pool in pools)
    return re.compile(rf"(?:(?:{fillers}) )?(?:{said})(?: (?:{tags}))?")


def fillers_of(voice: str) -> Sequence[str] | None:
    """The fillers of this voice; None for the general ones."""
    found: Sequence[str] | None = bank("voices")["fillers"].get(voice)
    return found


@lru_cache(maxsize=1024)
def words_of(voice: str, seed: str) -> Mapping[str, str]:
    """The words that the person ``seed`` says in place of others, as far as the voice has some."""
    rng = Random(f"words/{seed}")
    return {word: new for word, new in bank("voices")["words"].get(voice, {}).items() if rng.random() < 0.7}


@cache
def contractions() -> Mapping[str, str]:
    """What is written without its apostrophe and is no other word then, and the contraction it stands for."""
    return {short.replace("'", ""): _large(short) for short in bank("idiolect")["long"] if short not in OTHER_WORDS}


def _large(short: str) -> str:
    return f"I{short[1:]}" if short.startswith("i'") else short


def typed(text: str, noise: float, seed: str, rng: Random) -> str:
    """``text`` as the person ``seed`` types it, who is careless to the degree ``noise``, 0 to 1."""
    habit = Random(f"typing/{seed}")
    lower, bare = habit.random(), habit.random()
    if noise > _CARELESS and bare < 0.6:
        text = _WORD.sub(
            lambda m: m[0].replace("'", "") if m[0].lower().replace("'", "") in contractions() else m[0], text
        )
    if noise > _CARELESS and rng.random() < 0.2:
        text = _slipped(text, rng)
    if lower < (0.75 if noise > _CARELESS else 0.3 if noise > _CASUAL else 0.0):
        text = text.lower()
    if rng.random() < 0.12 + 0.8 * noise:
        text = _ENDING.sub("", text)
    return text


def _slipped(text: str, rng: Random) -> str:
    slips: Mapping[str, str] = bank("voices")["slips"]
    found = [match for match in _WORD.finditer(text) if match[0] in slips]
    if not found:
        return text
    match = rng.choice(found)
    return f"{text[: match.start()]}{slips[match[0]]}{text[match.end() :]}"
