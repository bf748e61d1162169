"""TRL's conversational preference format with an explicit prompt, for its DPO and reward trainers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from personagen.records import ConversationTree, PreferencePair


def trl(trees: Iterable[ConversationTree], pairs: Iterable[PreferencePair]) -> Iterator[dict[str, Any]]:  # noqa: ARG001
    """One row per pair: ``prompt``, ``chosen`` and ``rejected``, each a list of ``{"role", "content"}``.

    ``prompt`` ends with the user's message; ``chosen`` and ``rejected`` hold one assistant message. There are no other
    columns, which a trainer would need settings to ignore; ``pairs.jsonl`` has the origin of each pair.
    """
    for pair in pairs:
        yield {
            name: [{"role": message.role, "content": message.content} for message in messages]
            for name, messages in (("prompt", pair.prompt), ("chosen", pair.chosen), ("rejected", pair.rejected))
        }
