"""The brief of one user turn, made by code: what may come up and how, the aim, the length, the mood.

Language models that play users tell everything at once, in messages of one length, and stay content (arXiv 2603.11245,
2605.20204); drawn briefs spread all four. A brief depends on the seed, the turn, the persona and the conversation so
far, not on the number of turns, and on no language.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from random import Random
from typing import Literal, TypeVar

from personagen.agents.reception import Reception, received
from personagen.metrics.disclosure import is_told, stems
from personagen.personas.english.text import sentences
from personagen.personas.english.verbs import bag
from personagen.personas.traits import canonical
from personagen.records import Message, Persona

How = Literal["stated", "mentioned", "shown", "implied"]
Aim = Literal["open", "ask", "follow_up", "object", "react", "shift", "close"]
Mood = Literal["content", "neutral", "impatient", "annoyed"]
T = TypeVar("T")

#: How a person behaves in one conversation, and how often each way is drawn.
STYLES: Mapping[str, Mapping[str, float]] = {
    "disclosure": {"gradual": 0.65, "upfront": 0.35},
    "explicitness": {"stated": 0.6, "implied": 0.4},
    "noise": {"low": 0.3, "medium": 0.4, "high": 0.3},
    "patience": {"high": 0.4, "medium": 0.35, "low": 0.25},
}
NOISE = {"low": (0.0, 0.25), "medium": (0.4, 0.65), "high": (0.75, 1.0)}
PATIENCE = {"high": 3, "medium": 2, "low": 1}  # poor replies until someone is annoyed
# Chances of telling 0, 1 or 2 facts in a turn; a reply that ends with a question invites one.
_TOLD = {"gradual": (0.48, 0.42, 0.10), "upfront": (0.66, 0.28, 0.06)}
_ASKED = {"gradual": (0.25, 0.58, 0.17), "upfront": (0.50, 0.38, 0.12)}
_FIRST = {"gradual": (0.55, 0.45, 0.0), "upfront": (0.0, 0.45, 0.55)}
_UPFRONT_TURNS = 2
_HOW: Mapping[str, Mapping[How, float]] = {
    "stated": {"stated": 0.5, "mentioned": 0.35, "shown": 0.1, "implied": 0.05},
    "implied": {"stated": 0.1, "mentioned": 0.35, "shown": 0.3, "implied": 0.25},
}
_AIMS: Mapping[Mood, Mapping[Aim, float]] = {
    "content": {"follow_up": 0.4, "ask": 0.24, "react": 0.18, "shift": 0.14, "close": 0.04},
    "neutral": {"follow_up": 0.36, "ask": 0.3, "react": 0.12, "object": 0.1, "shift": 0.11, "close": 0.01},
    "impatient": {"object": 0.38, "ask": 0.34, "follow_up": 0.16, "react": 0.09, "close": 0.03},
    "annoyed": {"object": 0.55, "close": 0.2, "ask": 0.25},
}
_FIRST_CLOSE = 3  # the first turn at which someone may want to stop
_BAD_MOOD, _VERY_BAD = 0.25, 0.2  # the chance of one for the least patient, and the share of them that is annoyed
_REMEMBERED = 6  # replies on which a mood rests
# Words a turn: of 981 real conversations the median is 11, p10 4, p90 35 and the CV within one 0.6 (arXiv 2605.02624).
_MEDIAN, _BETWEEN, _WITHIN, _OPENING = 10.5, 0.4, 0.74, 1.5
_SHORTEST, _LONGEST, _WORDS_OF_A_FACT = 2, 90, 5
_CURT = bag("terse taciturn quiet reserved introverted shy impatient blunt aloof")
_WORDY = bag("talkative rambling gossipy boastful enthusiastic meticulous")
_PATIENT = bag("patient calm easy-going tolerant forgiving gentle")
_RASH = bag("impatient irritable hot-headed demanding aggressive")
_LEADING = 3  # traits that show, the first; ten make a caricature
_TOPICS_SEEN = 5  # of which the one that touches this life most is taken
_QUESTION = ("?", "？", "؟", ";")


@dataclass(frozen=True)
class Brief:
    """What one user message is to do.

    ``facts`` (0 to 2) are the only facts that may come up, each with ``how`` it does; ``words`` is a length, ``noise``
    (0 to 1) how carelessly this person types, ``topic`` (of a new matter only) an intent in English, ``last_reply``
    how the last reply served them: ``good``, ``poor``, or empty if that is not known. ``traits`` may show, and must
    with ``show``.
    """

    facts: tuple[Mapping[str, str], ...]
    aim: Aim
    words: int
    mood: Mood
    topic: str
    noise: float
    last_reply: Reception
    traits: tuple[str, ...] = ()
    show: bool = False

    def inputs(self) -> dict[str, object]:
        """The brief as an input of a prompt."""
        return asdict(self) | {"facts": [dict(fact) for fact in self.facts], "traits": list(self.traits)}


def style_of(persona: Persona, place: str) -> dict[str, str]:
    """How the user of the conversation ``place`` behaves, one value of each of ``STYLES``.

    How they type belongs to the person; traits that are known, in English, decide how patient they are.
    """
    style = {name: _draw(Random(f"{place}/{name}"), shares) for name, shares in STYLES.items()}
    style["noise"] = _draw(Random(f"{persona.id}/noise"), STYLES["noise"])
    traits = set(map(canonical, persona.traits))
    if bool(traits & _RASH) != bool(traits & _PATIENT):
        style["patience"] = "low" if traits & _RASH else "high"
    return style


def brief_of(
    persona: Persona,
    conversation: Sequence[Message],
    style: Mapping[str, str],
    place: str,
    topics: Sequence[str],
    reception: Reception | None = None,
) -> Brief:
    """The brief of the user's next message in ``conversation``, drawn by ``place``, its tree.

    ``reception`` says how the last reply served this user; without it the words of the conversation do (``received``).
    """
    turn = sum(message.role == "user" for message in conversation) + 1
    rng = Random(f"{place}/turn {turn}")
    answered = [at for at, message in enumerate(conversation) if message.role == "assistant"][-_REMEMBERED:]
    replies = [received(conversation[: at + 1]) for at in answered]
    if replies and reception is not None:
        replies[-1] = reception
    mood = _mood(replies, PATIENCE[style["patience"]], rng)
    aim = _aim(mood, turn, rng)
    facts = () if aim == "close" else _facts(persona, conversation, style, place)
    return Brief(
        facts=facts,
        aim=aim,
        words=_words(persona, turn, mood, len(facts), rng),
        mood=mood,
        topic=_topic(persona, topics, rng) if topics and aim in ("open", "shift") else "",
        noise=round(Random(f"{persona.id}/typing").uniform(*NOISE[style["noise"]]), 2),
        last_reply=replies[-1] if replies else "",
        traits=persona.traits[:_LEADING],
    )


def _draw(rng: Random, shares: Mapping[T, float]) -> T:
    return rng.choices(list(shares), list(shares.values()))[0]


def _mood(replies: Sequence[Reception], patience: int, rng: Random) -> Mood:
    """The mood after ``replies``: poor ones add up until a good one comes; some are in a bad mood without a reason."""
    poor = 0
    for reply in replies:
        poor = poor + 1 if reply == "poor" else max(0, poor - 1) if reply == "good" else poor
    if poor:
        return "annoyed" if poor >= patience else "impatient"
    drawn = rng.random()
    if drawn < _BAD_MOOD / patience:
        return "annoyed" if replies and drawn < _VERY_BAD * _BAD_MOOD / patience else "impatient"
    return "content" if replies and (replies[-1] == "good" or drawn > 0.85) else "neutral"


def _aim(mood: Mood, turn: int, rng: Random) -> Aim:
    if turn == 1:
        return "open"
    aim = _draw(rng, _AIMS[mood])
    return "ask" if aim == "close" and turn < _FIRST_CLOSE else aim


def _facts(
    persona: Persona, conversation: Sequence[Message], style: Mapping[str, str], place: str
) -> tuple[Mapping[str, str], ...]:
    """The facts that may come up now, of those that were not told: what the talk touches first, else in drawn order."""
    told = [message.content for message in conversation if message.role == "user"]
    facts = list(dict.fromkeys(persona.facts or sentences(persona.profile)))
    rng = Random(f"{place}/facts/{len(told)}")
    last = conversation[-1].content.rstrip() if conversation else ""
    shares = (_FIRST if len(told) < (_UPFRONT_TURNS if style["disclosure"] == "upfront" else 1) else
              _ASKED if last.endswith(_QUESTION) else _TOLD)[style["disclosure"]]  # fmt: skip
    count = rng.choices((0, 1, 2), shares)[0]
    Random(f"{place}/facts").shuffle(facts)
    turned = facts[len(told) % len(facts) :] + facts[: len(told) % len(facts)] if facts else []
    left = [fact for fact in turned if not is_told(fact, told)]
    near = stems(" ".join(message.content for message in conversation[-2:]))
    left.sort(key=lambda fact: not (stems(fact) & near))
    return tuple({"text": fact, "how": _draw(rng, _HOW[style["explicitness"]])} for fact in left[:count])


def _words(persona: Persona, turn: int, mood: Mood, facts: int, rng: Random) -> int:
    """A length in words: log-normal between people and within a conversation, longer at first, shorter if annoyed."""
    traits = set(map(canonical, persona.traits))
    level = Random(f"{persona.id}/words").gauss(0, _BETWEEN) + 0.25 * (bool(traits & _WORDY) - bool(traits & _CURT))
    drawn = _MEDIAN * math.exp(level + rng.gauss(0, _WITHIN)) * (_OPENING if turn == 1 else 1)
    drawn = max(drawn * (0.7 if mood == "annoyed" else 1), _WORDS_OF_A_FACT * facts)
    return max(_SHORTEST, min(_LONGEST, round(drawn)))


def _topic(persona: Persona, topics: Sequence[str], rng: Random) -> str:
    """The one of a few drawn topics that shares most words with the persona."""
    about = stems(" ".join((persona.profile, *persona.facts)))
    seen = rng.sample(topics, min(_TOPICS_SEEN, len(topics)))
    return max(seen, key=lambda topic: len(stems(topic) & about))
