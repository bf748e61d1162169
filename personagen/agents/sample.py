"""A small sample conversation, to render and check prompts without a model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import get_args

from personagen.agents.brief import Aim, Brief, How, Mood
from personagen.agents.reception import Reception
from personagen.personas.seeds import load_seeds
from personagen.records import Inference, Kind, Memory, Message, Persona

SAMPLE = Persona(
    id="sample",
    profile="Ines is 46 and repairs lifts in Porto. She works nights every other week and looks after her father.",
    personality="Ines is blunt and quick-witted, and she loses patience with anyone who talks around a subject.",
    facts=("is 46", "repairs lifts in Porto", "works nights every other week", "looks after her father"),
    traits=("blunt", "quick-witted", "impatient"),
)
TOPIC = "the car makes a new noise"
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
    """A moment of a conversation: ``history`` ends before the user speaks at ``turn`` of ``turns``.

    ``brief`` is that of this message, with which ``conversation`` ends; ``known`` is what the observer inferred,
    ``replies`` compete; ``memory`` is of earlier conversations.
    """

    persona: Persona = SAMPLE
    history: tuple[Message, ...] = CONVERSATION[:2]
    conversation: tuple[Message, ...] = CONVERSATION
    known: tuple[Inference, ...] = INFERENCES
    replies: tuple[str, ...] = REPLIES
    turn: int = 2
    turns: int = 10
    brief: Brief | None = None
    memory: Memory = field(default_factory=Memory)


def scenes() -> list[Scene]:
    """Scenes that reach every branch of a prompt: the first, a middle and the last turn, with and without facts."""
    nameless = SAMPLE.model_copy(update={"facts": (), "traits": ()})
    first = Scene(history=(), conversation=CONVERSATION[:1], known=(), turn=1)
    told = [{"text": fact, "how": how} for fact, how in zip(SAMPLE.facts, get_args(How), strict=True)]
    drawn = zip(get_args(Aim)[1:], 2 * get_args(Mood), 3 * get_args(Reception), strict=False)
    briefs = [
        Brief(tuple(told[n : n + 2]), aim, 4 * n + 4, mood, TOPIC, n / 5, reception, SAMPLE.traits[:n])
        for n, (aim, mood, reception) in enumerate(drawn)
    ]
    asked = [replace(Scene(), brief=brief) for brief in briefs]
    again = replace(Scene(), memory=Memory(topics=(CONVERSATION[0].content,), inferences=Scene.known))
    return [Scene(), first, again, replace(Scene(), turn=10), replace(Scene(), persona=nameless), *asked]


def examples(kind: Kind) -> list[str]:
    """Five of the packaged seeds."""
    seeds = load_seeds(None)
    return [entry.text for entry in (seeds.profiles if kind == "profile" else seeds.personalities)[:5]]
