"""One prompt of an agent: the function that asks it, sample inputs, the usual length of a reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

from personagen.agents.ask import AgentContext, Answer, CallSite
from personagen.agents.sample import Scene


@dataclass(frozen=True)
class Act:
    """One prompt: ``function`` asks it, with a context, ``inputs`` and a call site.

    ``usual_tokens`` is the length of a reply per list entry (an inference, a description), or of the whole reply;
    ``offline_tokens`` is the same for the offline cast.
    """

    function: Callable[..., Awaitable[Answer[Any]]]
    inputs: Callable[[Scene], tuple[Any, ...]]
    usual_tokens: float
    offline_tokens: float

    async def sample(self, ctx: AgentContext, scene: Scene) -> Answer[Any]:
        """Asks the prompt in a sample conversation, to render or check its file."""
        return await self.function(
            replace(ctx, brief=scene.brief, memory=scene.memory), *self.inputs(scene), CallSite()
        )
