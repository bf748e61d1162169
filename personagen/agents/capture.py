"""What an agent would ask: its first call, without asking a model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from personagen.agents.ask import AgentContext
from personagen.call import Call
from personagen.llm.middleware import Tally
from personagen.prompts.files import Prompt
from personagen.records import Completion


async def capture_call(prompts: Mapping[str, Prompt], act: Callable[[AgentContext], Awaitable[Any]]) -> Call:
    """The first call that ``act`` makes; no model is asked."""

    async def capture(call: Call) -> Completion:
        raise _Captured(call)

    try:
        await act(AgentContext(capture, prompts, {name.partition("/")[0]: "none" for name in prompts}, Tally(), 1))
    except _Captured as captured:
        call: Call = captured.args[0]
        return call
    raise AssertionError("the agent made no call")


class _Captured(BaseException):
    """Ends an agent at its first call, its argument; a BaseException, so that the agent does not catch it."""
