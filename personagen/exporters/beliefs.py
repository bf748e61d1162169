"""What a conversation reveals of its user, with quotes, and who the user is: for slot F1 and profile inference."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from personagen.exporters.columns import chat, person
from personagen.exporters.format import Format, Row
from personagen.gates.grounds import revealed
from personagen.personas.lines import lines
from personagen.records import ConversationTree, PreferencePair
from personagen.tree import by_id, messages, turn


def beliefs(tree: ConversationTree, _: Sequence[PreferencePair]) -> Iterator[Row]:
    """One row per user message that the observer read, of all branches: ``messages``, which end with it.

    ``inferences`` are all that is known by then, each with the verbatim ``quote`` of the user; ``profile``,
    ``personality``, ``facts`` and ``traits`` are the true persona, and ``revealed`` those of its lines that the
    inferences cover: the targets that can be met.
    """
    nodes, known = by_id(tree), lines(tree.persona)
    for belief in tree.beliefs:
        found = [inference.model_dump() for inference in belief.inferences]
        yield {
            "messages": chat(messages(nodes, belief.node)),
            "inferences": found,
            "revealed": [line for line in known if revealed(line, belief.inferences)],
            **person(tree.persona),
            "persona": tree.persona.id,
            "tree": tree.id,
            "node": belief.node,
            "turn": turn(belief.node),
        }


BELIEFS = Format(beliefs, "tree", "profile inference: messages in, revealed lines as the targets", persona=True)
