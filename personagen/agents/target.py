"""The model under test in ``evaluate``: it answers the chat alone, or with a system text for the baselines.

Its replies are taken as they are, without gates: a broken one is for the judge to score. Reasoning is removed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, TypeAlias

from personagen.agents.act import Act
from personagen.agents.ask import AgentContext, Answer, CallSite, ask
from personagen.agents.replies import Spoken, cut_speech, speech
from personagen.errors import ReplyError
from personagen.records import Message, Persona

Target: TypeAlias = Callable[[AgentContext, Sequence[Message], Persona, CallSite], Awaitable[Answer[Spoken]]]


async def bare(ctx: AgentContext, conversation: Sequence[Message], _persona: Persona, site: CallSite) -> Answer[Spoken]:
    """The reply of the model by itself: no system text, no hint."""
    return await answered(ctx, "assistant/bare", {"conversation": list(conversation)}, site)


async def informed(
    ctx: AgentContext, conversation: Sequence[Message], persona: Persona, site: CallSite
) -> Answer[Spoken]:
    """The reply of the model with ``persona``, the user's or another one, in its system text."""
    person = {"profile": persona.profile, "personality": persona.personality}
    return await answered(ctx, "assistant/informed", {"conversation": list(conversation), **person}, site)


async def reminded(
    ctx: AgentContext, conversation: Sequence[Message], _persona: Persona, site: CallSite
) -> Answer[Spoken]:
    """The reply of the model that is reminded to notice what the user lets show."""
    return await answered(ctx, "assistant/reminded", {"conversation": list(conversation)}, site)


async def answered(ctx: AgentContext, name: str, inputs: Mapping[str, Any], site: CallSite) -> Answer[Spoken]:
    """The reply of the model under test to the prompt ``name``, as it is."""
    return await ask(ctx, name, inputs, partial(speech, role="assistant"), site, parse_cut=_cut)


def _cut(text: str) -> Spoken:
    """A reply that was cut off at its limit, up to its last whole sentence, or all of it."""
    with suppress(ReplyError):
        return cut_speech(text, "assistant")
    return speech(text, "assistant")


ACTS = {
    "assistant/bare": Act(bare, lambda s: (s.conversation, s.persona), usual_tokens=195, offline_tokens=77),
    "assistant/informed": Act(informed, lambda s: (s.conversation, s.persona), usual_tokens=195, offline_tokens=77),
    "assistant/reminded": Act(reminded, lambda s: (s.conversation, s.persona), usual_tokens=195, offline_tokens=77),
}
