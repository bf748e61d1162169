"""The columns that several formats share: messages, where a row comes from, the persona."""

from __future__ import annotations

from collections.abc import Sequence

from personagen.exporters.format import Row
from personagen.records import ConversationTree, Message, Persona, PreferencePair

# ``datasets`` can't load a file if a column holds nothing but null in its first 10 MB, and a number later.
UNKNOWN_MARGIN = -1.0


def chat(messages: Sequence[Message]) -> list[dict[str, str]]:
    """The messages as trainers take them: ``{"role", "content"}``."""
    return [{"role": message.role, "content": message.content} for message in messages]


def place(pair: PreferencePair) -> Row:
    """Where the user's message of ``pair`` stands; ``persona`` is an id."""
    return {"persona": pair.persona, "tree": pair.tree, "node": pair.node, "turn": pair.turn}


def origin(pair: PreferencePair) -> Row:
    """``place``, the agents of both replies, the margin (``UNKNOWN_MARGIN`` if it is unknown) and the twin."""
    return place(pair) | {
        "chosen_agent": pair.chosen_agent,
        "rejected_agent": pair.rejected_agent,
        "margin": UNKNOWN_MARGIN if pair.margin is None else pair.margin,
        "twin": pair.twin,
    }


def person(persona: Persona) -> Row:
    """The texts of a persona."""
    return {
        "profile": persona.profile,
        "personality": persona.personality,
        "facts": list(persona.facts),
        "traits": list(persona.traits),
    }


def winners(pairs: Sequence[PreferencePair]) -> list[PreferencePair]:
    """One pair for each reply of a tree that is chosen in one of ``pairs`` and rejected in none, in their order.

    With more than two candidates a reply is part of several pairs, and one in the middle is chosen in some of them.
    """
    lost = {(pair.node, pair.rejected[0].content) for pair in pairs}
    found = {(pair.node, pair.chosen[0].content): pair for pair in reversed(pairs)}
    return [pair for key, pair in reversed(found.items()) if key not in lost]


def losers(pairs: Sequence[PreferencePair]) -> list[PreferencePair]:
    """As ``winners``, for each reply that is rejected in one of ``pairs`` and chosen in none."""
    won = {(pair.node, pair.chosen[0].content) for pair in pairs}
    found = {(pair.node, pair.rejected[0].content): pair for pair in reversed(pairs)}
    return [pair for key, pair in reversed(found.items()) if key not in won]


def reply_of(tree: ConversationTree, pair: PreferencePair) -> str:
    """The node id of the chosen reply; pairs of early versions do not have it."""
    below = len(pair.node) + 1
    found = (
        n.id
        for n in tree.nodes
        if n.id.startswith(f"{pair.node}.") and n.id[below:].isdecimal() and n.content == pair.chosen[0].content
    )
    return pair.chosen_node or next(found)
