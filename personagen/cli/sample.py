"""A sample call of each agent: the real agents in a small conversation, with a model that only records the call."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from personagen.agents import assistant, author, judge, observer, user
from personagen.agents.ask import AgentContext, CallSite, capture_call
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
    """A moment of a conversation: the user speaks next at ``turn``, and the other agents have seen ``heard``."""

    persona: Persona = SAMPLE
    spoken: tuple[Message, ...] = CONVERSATION[:2]
    heard: tuple[Message, ...] = CONVERSATION
    known: tuple[Inference, ...] = INFERENCES
    turn: int = 2
    turns: int = 10


ACTS: dict[str, Callable[[AgentContext, Scene], Awaitable[Any]]] = {
    "author/profiles": lambda ctx, _: author.write(ctx, "profile", _examples(0), 20, CallSite("", "")),
    "author/personalities": lambda ctx, _: author.write(ctx, "personality", _examples(1), 20, CallSite("", "")),
    "user/speak": lambda ctx, s: user.speak(ctx, s.persona, s.spoken, s.turn, s.turns, CallSite("", "")),
    "observer/infer": lambda ctx, s: observer.infer(ctx, s.heard, CallSite("", "")),
    "assistant/plain": lambda ctx, s: assistant.reply(ctx, s.heard, None, CallSite("", "")),
    "assistant/aware": lambda ctx, s: assistant.reply(ctx, s.heard, s.known, CallSite("", "")),
    "judge/prefer": lambda ctx, s: judge.prefer(ctx, s.persona, s.heard, REPLIES, CallSite("", "")),
}


def sample_call(prompt: Prompt, scene: Scene) -> Call:
    """The call that the agent of ``prompt`` makes in ``scene``; no model is asked.

    Raises:
        UsageError: the prompt file cannot be rendered.
    """
    return run_sync(capture_call({prompt.name: prompt}, lambda ctx: ACTS[prompt.name](ctx, scene)))


def scenes() -> list[Scene]:
    """Moments that reach every branch of a prompt: the first, a middle and the last turn; much and little is known."""
    nameless = SAMPLE.model_copy(update={"facts": (), "traits": ()})
    first = Scene(spoken=(), heard=CONVERSATION[:1], known=(), turn=1)
    return [Scene(), first, replace(Scene(), turn=10), replace(Scene(), persona=nameless)]


def _examples(half: int) -> list[str]:
    seeds = load_seeds(None)
    return [entry.text for entry in (seeds.profiles, seeds.personalities)[half][:5]]
