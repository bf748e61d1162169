"""TRL's conversational preference format with an explicit prompt, what its DPO and reward trainers take."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from personagen.records import ConversationTree, PreferencePair


def trl(trees: Iterable[ConversationTree], pairs: Iterable[PreferencePair]) -> Iterator[dict[str, Any]]:  # noqa: ARG001
    """One row a pair: ``prompt``, ``chosen`` and ``rejected``, each a list of ``{"role", "content"}``.

    ``prompt`` ends with the user's message; ``chosen`` and ``rejected`` hold the assistant's answer to it. Where a pair
    comes from stays in ``pairs.jsonl``: a trainer would have to be told to ignore further columns.
    """
    for pair in pairs:
        yield {
            name: [{"role": message.role, "content": message.content} for message in messages]
            for name, messages in (("prompt", pair.prompt), ("chosen", pair.chosen), ("rejected", pair.rejected))
        }
