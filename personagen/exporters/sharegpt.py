"""ShareGPT's format for conversations in which every reply is a good one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personagen.exporters.columns import place, reply_of, winners
from personagen.exporters.format import Format, Row
from personagen.records import ConversationTree, Message, PreferencePair
from personagen.trajectories import agreed, own_verdicts
from personagen.tree import by_id, messages

TAGS = {"system": "system", "user": "human", "assistant": "gpt"}


def sharegpt(tree: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per conversation that ends with a chosen reply and in which no reply lost: ``conversations``.

    Trainers put their loss on every ``gpt`` turn, so a branch ends before its first reply that lost to another one, in
    ``pairs`` or by the user's verdicts. Of conversations that begin alike only the longest is a row.
    """
    lost = {pair.rejected_node for pair in pairs}
    lost |= {worse for verdicts in own_verdicts(tree).values() for _, worse in agreed(verdicts)}
    ends = {reply_of(tree, pair): pair for pair in winners(pairs)}
    good = [end for end in ends if not any(end == reply or end.startswith(f"{reply}.") for reply in lost)]
    nodes = by_id(tree)
    for end in good:
        if not any(other.startswith(f"{end}.") for other in good):
            said = tagged(messages(nodes, end))
            yield {"conversations": said, **place(ends[end]), "node": end}


def tagged(said: Sequence[Message]) -> list[dict[str, str]]:
    """The messages as ``{"from", "value"}``."""
    return [{"from": TAGS[message.role], "value": message.content} for message in said]


SHAREGPT = Format(sharegpt, "tree", "FastChat, LLaMA-Factory (formatting: sharegpt), axolotl (type: chat_template)")
