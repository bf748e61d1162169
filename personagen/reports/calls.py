"""The calls of a conversation as the page has them: the exact messages, as numbers of lines, which many share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from personagen.call import Call
from personagen.records import Completion


def calls_row(made: Iterable[tuple[Call, Completion]], numbers: dict[str, int]) -> list[dict[str, Any]]:
    """The calls, whose messages and replies are lists of numbers of lines; ``numbers`` gets those that are new."""

    def lines(text: str) -> list[int]:
        return [numbers.setdefault(line, len(numbers)) for line in text.split("\n")]

    return [
        {
            "node": call.place.rpartition("/")[2],
            "prompt": call.prompt,
            "key": call.key,
            "model": answer.model or call.model,
            "input": answer.usage.input_tokens,
            "output": answer.usage.output_tokens,
            "cost": answer.usage.cost_usd,
            "reply": lines(answer.text),
            "finish": answer.finish_reason,
            "messages": [[message.role, lines(message.content)] for message in call.messages],
        }
        for call, answer in made
    ]
