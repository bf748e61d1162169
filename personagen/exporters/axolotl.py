"""axolotl's preference format, for its ``chat_template.default`` strategy of ``rl: dpo``, ``ipo``, ``orpo``..."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personagen.exporters.columns import chat, origin
from personagen.exporters.format import Format, Row
from personagen.records import ConversationTree, PreferencePair


def axolotl(_: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per pair: ``messages``, which end with the user, and ``chosen`` and ``rejected``, one message each."""
    for pair in pairs:
        [chosen], [rejected] = chat(pair.chosen), chat(pair.rejected)
        yield {"messages": chat(pair.prompt), "chosen": chosen, "rejected": rejected, **origin(pair)}


AXOLOTL = Format(axolotl, "pair", "axolotl: rl: dpo, type: chat_template.default, ds_type: json")
