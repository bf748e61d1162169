"""The observer: lists what the user's words reveal, and never meets the persona."""

from __future__ import annotations

from collections.abc import Sequence

from personagen.agents.ask import Answer, At, Stage, ask
from personagen.agents.replies import INFERENCES, inferences
from personagen.records import Inference, Message

Found = tuple[tuple[Inference, ...], int]


async def infer(stage: Stage, conversation: Sequence[Message], at: At) -> Answer[Found]:
    """The inferences with a verbatim quote from a user turn of ``conversation``, and how many had none."""

    def parse(text: str) -> Found:
        return inferences(text, conversation)

    inputs = {"conversation": list(conversation)}
    return await ask(stage, "observer/infer", inputs, parse, at, schema=INFERENCES)
