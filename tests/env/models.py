"""Models for the tests of the environment: functions that answer from what they are asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from personagen.call import Call
from personagen.records import Completion, Usage

USED = Usage(input_tokens=3, output_tokens=2, cost_usd=0.0)


def model(answer: Callable[[Call], Any]) -> Callable[[Call], Any]:
    """A model that says what ``answer`` gives: a text, or an object as JSON."""

    async def ask(call: Call) -> Completion:
        said = answer(call)
        text = said if isinstance(said, str) else orjson.dumps(said).decode()
        return Completion(text=text, model="fake", usage=USED)

    return ask


def judge(*scores: int) -> Callable[[Call], Any]:
    """A judge that gives the reply of turn k the k-th of ``scores``."""

    def rate(call: Call) -> Any:
        return {"reason": "r", "style": 4, "content": 3, "quality": 2, "score": scores[_turn(call) - 1]}

    return model(rate)


def observer(*facts: list[str]) -> Callable[[Call], Any]:
    """An observer that infers the k-th of ``facts`` once the user has spoken k times."""

    def infer(call: Call) -> Any:
        said = [message.content for message in call.inputs["conversation"] if message.role == "user"]
        found = facts[min(len(said), len(facts)) - 1]
        return {"inferences": [{"fact": f, "quote": said[-1], "kind": "profile", "sure": "high"} for f in found]}

    return model(infer)


def user(*messages: str) -> Callable[[Call], Any]:
    """A user who says the ``messages`` in turn."""
    return model(lambda call: messages[call.inputs["turn"] - 1])


def _turn(call: Call) -> int:
    return (len(call.inputs["conversation"]) + 1) // 2
