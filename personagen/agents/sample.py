"""A small sample conversation, to render and check prompts without a model."""

from __future__ import annotations

from dataclasses import dataclass, replace

from personagen.personas.seeds import load_seeds
from personagen.records import Inference, Kind, Message, Persona

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
    """A moment of a conversation: ``history`` ends before the user speaks at ``turn`` of ``turns``.

    ``conversation`` ends with the user's message; ``known`` is what the observer inferred, ``replies`` compete.
    """

    persona: Persona = SAMPLE
    history: tuple[Message, ...] = CONVERSATION[:2]
    conversation: tuple[Message, ...] = CONVERSATION
    known: tuple[Inference, ...] = INFERENCES
    replies: tuple[str, ...] = REPLIES
    turn: int = 2
    turns: int = 10


def scenes() -> list[Scene]:
    """Scenes that reach every branch of a prompt: the first, a middle and the last turn, with and without facts."""
    nameless = SAMPLE.model_copy(update={"facts": (), "traits": ()})
    first = Scene(history=(), conversation=CONVERSATION[:1], known=(), turn=1)
    return [Scene(), first, replace(Scene(), turn=10), replace(Scene(), persona=nameless)]


def examples(kind: Kind) -> list[str]:
    """Five of the packaged seeds."""
    seeds = load_seeds(None)
    return [entry.text for entry in (seeds.profiles if kind == "profile" else seeds.personalities)[:5]]
