"""Which turns of which trees `personagen show` shows: by outcome, by what was rejected, by turn, by words."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from personagen.cli.terminal import one_line
from personagen.errors import UsageError
from personagen.flows.flags import Flags, Links, with_flags, with_links
from personagen.pairs import pairs_of
from personagen.records import ConversationTree, Persona
from personagen.tree import order, parent, turn
from personagen.where import where

_GATES = {"tie": "ties", "consistent": "inconsistent"}  # of pairs, and the words of --only


@dataclass(frozen=True)
class Pick:
    """What to show. ``turn`` counts from 1, ``where`` are conditions on pairs; an empty value picks everything.

    ``flags`` are the messages that were flagged, ``links`` the twins of pairs, if a condition asks for them.
    """

    search: str = ""
    only: str = ""
    rejected: str = ""
    turn: int | None = None
    where: tuple[str, ...] = ()
    flags: Flags = frozenset()
    links: Links = field(default_factory=dict)

    def __str__(self) -> str:
        """The options as they are typed."""
        values = {name: value for name, value in vars(self).items() if name not in ("flags", "links")}
        given = [(name, one) for name, value in values.items() for one in (value if name == "where" else [value])]
        return " ".join(f"--{name} {shlex.quote(str(value))}" for name, value in given if value)

    def test(self, word: str) -> Callable[[Any], bool] | None:
        """Whether a record, a ``word``, is picked; None if all are. ``UsageError`` if personas are picked by turns."""
        if word == "persona" and (self.only or self.rejected or self.turn or self.where):
            raise UsageError(
                "--only, --rejected, --turn and --where pick turns of conversations, and this folder has personas"
            )
        return self._picks if self != Pick() else None

    def _picks(self, record: ConversationTree | Persona) -> bool:
        if isinstance(record, Persona):
            return self._says(record.profile, record.personality, *record.facts, *record.traits)
        return bool(self.turns(record))

    def turns(self, tree: ConversationTree) -> list[str]:
        """The user messages of the picked turns, in path order."""
        pairs, rejections = pairs_of(tree)
        ended = {pair.node: "pairs" for pair in pairs}
        ended |= {row.place.rpartition("/")[2]: _GATES.get(row.gate, row.gate) for row in rejections}
        worse = {(pair.node, pair.rejected_agent) for pair in pairs}
        said, meets = _said(tree) if self.search else {}, where(self.where)
        met = {pair.node for pair in with_links(with_flags(pairs, self.flags), self.links) if meets(pair, tree.persona)}
        return [
            node.id
            for node in sorted(tree.nodes, key=lambda node: order(node.id))
            if node.role == "user"
            and self.turn in (None, turn(node.id))
            and self.only in ("", ended.get(node.id))
            and (not self.rejected or (node.id, self.rejected) in worse)
            and (not self.where or node.id in met)
            and self._says(*said.get(node.id, ()))
        ]

    def _says(self, *texts: str) -> bool:
        wanted = one_line(self.search).casefold()
        return not wanted or any(wanted in one_line(text).casefold() for text in texts)


def _said(tree: ConversationTree) -> dict[str, list[str]]:
    """The texts of each turn: the message, the replies, what was inferred and what the judge said."""
    texts: dict[str, list[str]] = {}
    for node in tree.nodes:
        texts.setdefault(node.id if node.role == "user" else parent(node.id) or "", []).append(node.content)
    for belief in tree.beliefs:
        texts.setdefault(belief.node, []).extend(inference.fact for inference in belief.inferences)
    for judgment in tree.judgments:
        texts.setdefault(judgment.node, []).append(judgment.reason)
    return texts
