"""TRL's conversational preference format with an explicit prompt, for its DPO and reward trainers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personagen.exporters.format import Format, Row
from personagen.records import ConversationTree, Message, PreferencePair


def trl(_: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per pair: ``prompt``, ``chosen`` and ``rejected``, each a list of ``{"role", "content"}``.

    ``prompt`` ends with the user's message; ``chosen`` and ``rejected`` hold one assistant message.
    """
    for pair in pairs:
        yield {"prompt": chat(pair.prompt), "chosen": chat(pair.chosen), "rejected": chat(pair.rejected)}


def chat(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The messages as trainers take them."""
    return [{"role": message.role, "content": message.content} for message in messages]


TRL = Format(trl, "pair", "TRL's DPOTrainer and RewardTrainer")
