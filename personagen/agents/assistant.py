"""The competing assistants: ``plain`` sees the chat, the others are also told about the user, truly or not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import TypeAlias

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, say
from personagen.agents.replies import Spoken
from personagen.options import POLICY
from personagen.personas.lines import fact_lines, trait_lines
from personagen.records import Inference, Kind, Message, Persona

Reply: TypeAlias = Callable[[AgentContext, Sequence[Message], Sequence[Inference], CallSite], Awaitable[Answer[Spoken]]]
Told: TypeAlias = Callable[[Sequence[Inference], Persona, Random], Sequence[Inference]]


@dataclass(frozen=True)
class Candidate:
    """A competing assistant: its name, and the function that replies to a conversation.

    With ``needs_observer`` it waits for the observer's inferences from the user's message. One that ``tailors`` gets
    the words of ``plain`` where there are none. ``told`` makes other inferences of them, given another persona.
    ``prompt`` is what it asks besides the prompts of ``plain`` and ``aware``.
    """

    name: str
    reply: Reply
    needs_observer: bool = True
    tailors: bool = False
    told: Told | None = None
    prompt: str = ""


async def plain(
    ctx: AgentContext, conversation: Sequence[Message], _known: Sequence[Inference], site: CallSite
) -> Answer[Spoken]:
    """A reply to the last message of ``conversation``, from the conversation alone."""
    return await say(ctx, "assistant/plain", {"conversation": list(conversation)}, "assistant", conversation, site)


async def aware(
    ctx: AgentContext, conversation: Sequence[Message], known: Sequence[Inference], site: CallSite
) -> Answer[Spoken]:
    """A reply from the conversation and what the observer inferred."""
    return await _knowing("assistant/aware", ctx, conversation, known, site)


async def overclaim(
    ctx: AgentContext, conversation: Sequence[Message], known: Sequence[Inference], site: CallSite
) -> Answer[Spoken]:
    """A reply that claims to know what the user did not say."""
    return await _knowing("assistant/overclaim", ctx, conversation, known, site)


async def _knowing(
    prompt: str, ctx: AgentContext, conversation: Sequence[Message], known: Sequence[Inference], site: CallSite
) -> Answer[Spoken]:
    inputs = {"conversation": list(conversation), "inferences": [inference.fact for inference in known]}
    return await say(ctx, prompt, inputs, "assistant", conversation, site)


def policy(prompt: str) -> Reply:
    """``plain`` under the name ``prompt``, whose role has its own model."""

    async def reply(
        ctx: AgentContext, conversation: Sequence[Message], _known: Sequence[Inference], site: CallSite
    ) -> Answer[Spoken]:
        return await say(ctx, prompt, {"conversation": list(conversation)}, "assistant", conversation, site)

    return reply


def of_policy(name: str) -> Act | None:
    """The act of a prompt such as ``policy/plain``, which is ``assistant/plain``; None for another prompt."""
    role, _, act = name.partition("/")
    if act != "plain" or not POLICY.fullmatch(role):
        return None
    return replace(ACTS["assistant/plain"], function=policy(name))


def of_another(known: Sequence[Inference], other: Persona, random: Random) -> Sequence[Inference]:
    """As many inferences of each kind as are ``known``, drawn from the lines of ``other``.

    With the same ``random`` state, those from fewer known ones are among those from more.
    """
    lines = {kind: list(lines_of_kind(other, kind)) for kind in ("profile", "personality")}
    for drawn in lines.values():
        random.shuffle(drawn)
    told = [_next(lines[inference.kind], inference.kind) for inference in known]
    return tuple(inference for inference in told if inference)


def with_one_of_another(known: Sequence[Inference], other: Persona, random: Random) -> Sequence[Inference]:
    """The ``known`` inferences with a drawn one replaced by a line of ``other`` of the same kind."""
    at = random.randrange(len(known))
    kind, own = known[at].kind, {one.fact for one in known}
    lines = [line for line in lines_of_kind(other, kind) if line not in own]
    fact = random.choice(lines or [known[at].fact])
    return (*known[:at], Inference(fact=fact, quote="", kind=kind), *known[at + 1 :])


def lines_of_kind(persona: Persona, kind: Kind) -> tuple[str, ...]:
    """The lines of ``persona`` about its life, or about how it is."""
    return fact_lines(persona) if kind == "profile" else trait_lines(persona)


def _next(lines: list[str], kind: Kind) -> Inference | None:
    return Inference(fact=lines.pop(0), quote="", kind=kind) if lines else None


CANDIDATES = {
    "aware": Candidate("aware", aware, tailors=True),
    "plain": Candidate("plain", plain, needs_observer=False),
    "misaware": Candidate("misaware", aware, tailors=True, told=of_another),
    "near": Candidate("near", aware, tailors=True, told=with_one_of_another),
    "overclaim": Candidate("overclaim", overclaim, prompt="assistant/overclaim"),
}
ACTS = {
    "assistant/plain": Act(plain, lambda s: (s.conversation, ()), usual_tokens=195, offline_tokens=77),
    "assistant/aware": Act(aware, lambda s: (s.conversation, s.known), usual_tokens=195, offline_tokens=77),
    "assistant/overclaim": Act(overclaim, lambda s: (s.conversation, s.known), usual_tokens=195, offline_tokens=77),
}
