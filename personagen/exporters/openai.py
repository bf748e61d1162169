"""OpenAI's fine-tuning files: preference (DPO) and supervised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personagen.errors import UsageError
from personagen.exporters.columns import chat, winners
from personagen.exporters.format import Format, Row
from personagen.records import ConversationTree, Message, PreferencePair

LEAST = 10  # examples; OpenAI refuses a smaller training file


def preference(_: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per pair: ``input.messages``, which end with the user, and one assistant message in each output.

    Raises ``UsageError`` for a pair with an empty message, which OpenAI refuses. A row has no further columns.
    """
    for pair in pairs:
        _check(pair, (*pair.prompt, *pair.chosen, *pair.rejected))
        yield {
            "input": {"messages": chat(pair.prompt)},
            "preferred_output": chat(pair.chosen),
            "non_preferred_output": chat(pair.rejected),
        }


def supervised(_: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per chosen reply: ``messages``, which end with it; ``weight`` 0 keeps earlier replies out of the loss.

    Raises ``UsageError`` as ``preference``.
    """
    for pair in winners(pairs):
        _check(pair, (*pair.prompt, *pair.chosen))
        before: list[Row] = [
            message | ({"weight": 0} if message["role"] == "assistant" else {}) for message in chat(pair.prompt)
        ]
        yield {"messages": [*before, *(message | {"weight": 1} for message in chat(pair.chosen))]}


def _check(pair: PreferencePair, messages: Sequence[Message]) -> None:
    if empty := next((message.role for message in messages if not message.content.strip()), None):
        raise UsageError(
            f"OpenAI refuses empty messages, and the {empty} says nothing in pair {pair.tree}/{pair.node}: remove its"
            " line from pairs.jsonl, or choose another --format"
        )


DPO = Format(preference, "pair", "OpenAI's fine-tuning with method dpo", least=LEAST, exact=True)
SFT = Format(supervised, "tree", "OpenAI's fine-tuning with method supervised", least=LEAST, exact=True)
