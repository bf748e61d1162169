"""What a model would be sent: the agents themselves on a small sample conversation, with a model that only listens."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from personagen.agents import assistant, author, judge, observer, user
from personagen.agents.ask import At, Stage, heard
from personagen.call import Call
from personagen.personas.seeds import load_seeds
from personagen.prompts.files import Prompt
from personagen.records import Inference, Message, Persona
from personagen.runs.interrupt import run_sync

SAMPLE = Persona(
    id="sample",
    profile="Ines is 46 and repairs lifts in Porto. She works nights every other week and looks after her father.",
    personality="Ines is blunt and quick-witted, and she loses patience with anyone who talks around a subject.",
    facts=("is 46", "repairs lifts in Porto", "works nights every other week", "looks after her father"),
    traits=("blunt", "quick-witted", "impatient"),
)
CONVERSATION = (
    Message(
        role="user", content="I have six people over on Sunday and one of them eats no meat. What can I cook ahead?"
    ),
    Message(
        role="assistant", content="A chickpea stew keeps well: cook it on Saturday, warm it slowly, serve it with rice."
    ),
    Message(role="user", content="Stew is fine. I have one big pot though, so what about the rice?"),
)
INFERENCES = (
    Inference(fact="has guests on Sunday", quote="I have six people over on Sunday", kind="profile"),
    Inference(fact="likes to plan", quote="What can I cook ahead?", kind="personality"),
)
REPLIES = (
    "Bake it: rice and water in a covered dish, half an hour in the oven while the stew warms.",
    "There are many ways to prepare rice. Which equipment do you have in your kitchen?",
)


@dataclass(frozen=True)
class Scene:
    """A moment of a conversation: the user is to speak at ``turn``, the others have heard ``heard``."""

    persona: Persona = SAMPLE
    spoken: tuple[Message, ...] = CONVERSATION[:2]
    heard: tuple[Message, ...] = CONVERSATION
    known: tuple[Inference, ...] = INFERENCES
    turn: int = 2
    turns: int = 10


ACTS: dict[str, Callable[[Stage, Scene], Awaitable[Any]]] = {
    "author/profiles": lambda stage, _: author.write(stage, "profile", _examples(0), 20, At("", "")),
    "author/personalities": lambda stage, _: author.write(stage, "personality", _examples(1), 20, At("", "")),
    "user/speak": lambda stage, s: user.speak(stage, s.persona, s.spoken, s.turn, s.turns, At("", "")),
    "observer/infer": lambda stage, s: observer.infer(stage, s.heard, At("", "")),
    "assistant/plain": lambda stage, s: assistant.reply(stage, s.heard, None, At("", "")),
    "assistant/aware": lambda stage, s: assistant.reply(stage, s.heard, s.known, At("", "")),
    "judge/prefer": lambda stage, s: judge.prefer(stage, s.persona, s.heard, REPLIES, At("", "")),
}


def rehearse(prompt: Prompt, scene: Scene) -> Call:
    """The call that the agent of ``prompt`` makes in ``scene``; no model is asked.

    Raises:
        UsageError: the prompt file can't be rendered.
    """
    return run_sync(heard({prompt.name: prompt}, lambda stage: ACTS[prompt.name](stage, scene)))


def scenes() -> list[Scene]:
    """Moments that take every way through a prompt: the first, a middle and the last turn, much and little known."""
    nameless = SAMPLE.model_copy(update={"facts": (), "traits": ()})
    first = Scene(spoken=(), heard=CONVERSATION[:1], known=(), turn=1)
    return [Scene(), first, replace(Scene(), turn=10), replace(Scene(), persona=nameless)]


def _examples(half: int) -> list[str]:
    seeds = load_seeds(None)
    return [entry.text for entry in (seeds.profiles, seeds.personalities)[half][:5]]
