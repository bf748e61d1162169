"""What ALOE's data generation sends: its message lists with texts of the same length, not its texts.

Reproduced from the authors' repository, github.com/ShujinWu-0814/ALOE, file data_generation/data_generation.py as of
commit d5015c5 (the paper, arXiv 2410.03642, section 3.2, has the same five steps). A turn is five calls to one model,
one after another, none of them with a system message:

1. user: one chat that grows. Its first message holds the role play's rules with profile and personality inside; then
   the user's own messages stand as the assistant's, and the replies as the user's, each with a reminder behind it.
2. inference: a new list every turn. Two worked examples (question and answer, fixed texts), then the question: a
   sentence, the whole conversation, profile and personality, the rules.
3. aware reply: one chat that grows. Every user message has a hint behind it that repeats all that is known so far, and
   a reminder; hints stay in the history.
4. plain reply: the same chat without the hints.
5. judge: one message, with profile, personality and the two replies, without the conversation.

The reply that goes on is drawn by a coin, and every turn makes a pair: the verdict is asked for once.
The numbers below are the lengths of the fixed texts, counted with o200k_base; the words put in their place are filler.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

from benchmarks.prefix_cache import tokens

LENGTHS = {
    "rules of the role play, before": 27,
    "rules of the role play, between": 6,
    "rules of the role play, after": 188,
    "reminder to the user": 20,
    "reminder to the assistant": 26,
    "hint, before": 20,
    "hint, after": 52,
    "inference, before": 41,
    "inference, after": 154,
    "example persona": 101,
    "example conversation 1": 34,
    "example answer 1": 16,
    "example conversation 2": 148,
    "example answer 2": 42,
    "judge, before": 53,
    "judge, between": 22,
    "judge, after": 41,
}
Ask = Callable[[str, Sequence[Mapping[str, str]]], str]


def fixed(name: str) -> str:
    """The stand-in for one fixed text: as many tokens, and a first word of its own."""
    first = name.partition(" ")[0].strip(",")
    return " ".join([first, *["word"] * (LENGTHS[name] - len(tokens(first)))])


def chat(texts: Sequence[str]) -> list[dict[str, str]]:
    """A chat without a system message that the user opens."""
    return [{"role": ("user", "assistant")[i % 2], "content": text} for i, text in enumerate(texts)]


def converse(ask: Ask, profile: str, personality: str, turns: int, coin: Random) -> int:
    """One conversation; ``ask(role, messages)`` is a call. Returns the number of pairs it makes."""
    user = [
        f"{fixed('rules of the role play, before')} {profile}\n{fixed('rules of the role play, between')} "
        f"{personality}\n{fixed('rules of the role play, after')}"
    ]
    aware: list[str] = []
    plain: list[str] = []
    transcript = ""
    for _ in range(turns):
        said = ask("user", chat(user))
        transcript += f"A: {said}\n"
        known = ask("observer", chat([*_examples(), _inference(transcript, f"{profile}\n{personality}")]))
        reminder = fixed("reminder to the assistant")
        aware.append(f"{said}\n{fixed('hint, before')}\n{known}\n{fixed('hint, after')}\n{reminder}")
        plain.append(f"{said}\n{reminder}")
        replies = [ask("assistant", chat(aware)), ask("assistant", chat(plain))]
        ask("judge", chat([_comparison(profile, personality, replies)]))
        goes_on = coin.choice(replies)
        transcript += f"B: {goes_on}\n"
        user += [said, f"{goes_on}\n{fixed('reminder to the user')}"]
        aware.append(goes_on)
        plain.append(goes_on)
    return turns


def _examples() -> list[str]:
    persona = fixed("example persona")
    return [
        _inference(fixed("example conversation 1"), persona),
        fixed("example answer 1"),
        _inference(fixed("example conversation 2"), persona),
        fixed("example answer 2"),
    ]


def _inference(transcript: str, persona: str) -> str:
    return f"{fixed('inference, before')}\n{transcript}\n{persona}\n{fixed('inference, after')}"


def _comparison(profile: str, personality: str, replies: Sequence[str]) -> str:
    first, second = replies
    who = f"{fixed('judge, before')} {profile}\n{personality}\n{fixed('judge, between')}"
    return f"{who}\n{first}\n{second}\n{fixed('judge, after')}"
