"""TRL's conversational formats: preference, reward with a margin, unpaired preference, prompt-completion, prompt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personagen.exporters.columns import chat, losers, origin, person, place, winners
from personagen.exporters.format import Format, Row
from personagen.records import ConversationTree, PreferencePair


def dpo(_: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per pair: ``prompt``, ``chosen`` and ``rejected``, each a list of ``{"role", "content"}``.

    ``prompt`` ends with the user's message; ``chosen`` and ``rejected`` hold one assistant message. TRL ignores the
    columns after them, which say where a pair comes from (``columns.origin``): a split needs them.
    """
    for pair in pairs:
        yield {
            "prompt": chat(pair.prompt),
            "chosen": chat(pair.chosen),
            "rejected": chat(pair.rejected),
            **origin(pair),
        }


def reward(tree: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """As ``dpo``, with a ``margin`` in every row: 0 to 4, and 0 if it is unknown, as if there were no margin."""
    for pair, row in zip(pairs, dpo(tree, pairs), strict=True):
        yield {**row, "margin": pair.margin or 0.0}


def kto(_: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per reply: ``prompt``, ``completion`` and ``label``, whether it is desirable.

    Each reply occurs once, and one that is chosen in one pair and rejected in another one is left out. The desirable
    replies of a conversation come first: TRL estimates the KL term from the completion of the next row, which must not
    be the other answer to the same prompt.
    """
    for pair in winners(pairs):
        yield _completed(pair, chosen=True) | {"label": True}
    for pair in losers(pairs):
        yield _completed(pair, chosen=False) | {"label": False}


def sft(_: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per chosen reply: ``prompt``, the conversation so far, and ``completion``, the reply.

    TRL's loss is on the completion alone, so each chosen reply is learned once. The assistant's earlier messages are
    context: a growth such as ``coin`` continues rejected replies too.
    """
    for pair in winners(pairs):
        yield _completed(pair, chosen=True)


def prompt(tree: ConversationTree, pairs: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per user message with a pair: ``prompt``, and the persona in columns that reward functions get."""
    first = {pair.node: pair for pair in reversed(pairs)}
    for pair in reversed(first.values()):
        yield {"prompt": chat(pair.prompt), **place(pair), **person(tree.persona)}


def _completed(pair: PreferencePair, *, chosen: bool) -> Row:
    return {
        "prompt": chat(pair.prompt),
        "completion": chat(pair.chosen if chosen else pair.rejected),
        **place(pair),
        "agent": pair.chosen_agent if chosen else pair.rejected_agent,
    }


DPO = Format(dpo, "pair", "TRL's DPOTrainer; also ORPO, CPO, SimPO and IPO")
REWARD = Format(reward, "pair", "TRL's RewardTrainer, which uses the margin")
KTO = Format(kto, "tree", "TRL's KTOTrainer; shuffle the rows")
SFT = Format(sft, "tree", "TRL's SFTTrainer; the loss is on the chosen reply alone")
PROMPT = Format(prompt, "tree", "TRL's GRPOTrainer; reward functions get profile, personality, ...", persona=True)
