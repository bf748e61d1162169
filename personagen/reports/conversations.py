"""A conversation as the page has it: its messages, what is shown beside them, and what it is found by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from personagen.reports import rules
from personagen.reports.source import Row
from personagen.tree import parent, turn

TITLE = 90  # characters of the first message
_OF_PAIR: tuple[str, ...] = ("node", "chosen_node", "rejected_node", "margin", "confidence", "because", "knowable")
_OF_PAIR += ("generic", "leaking", "flip_share", "pooled", "personal", "twin", "scores")
_OF_TREE: tuple[str, ...] = ("judgments", "checks", "repeated", "seconded", "unasked", "style", "models", "prompts")
_OF_TREE += ("grow", "keep", "session", "memory", "changed", "twin", "run", "ratings")
_OF_RATED = ("condition", "of_run", "rated", "shared")  # of a run of ``evaluate``
Outcomes = Mapping[tuple[str, str, str], Mapping[str, float]]  # of a pair: conversation, chosen, rejected reply
_TRI = {None: 0, False: 1, True: 2}  # not known, no, yes
_POOLED = {None: 0, "chosen": 1, "rejected": 2, "tie": 3}


def messages(tree: Row) -> list[list[str]]:
    """Each message: id, role, agent, text, key of its call."""
    return [[one["id"], one["role"], one["agent"], one["content"], one.get("call") or ""] for one in tree["nodes"]]


def details(tree: Row, pairs: Sequence[Row], rejected: Sequence[Row]) -> Row:
    """What is shown beside the messages; empty values are left out."""
    found = {name: tree[name] for name in _OF_TREE if tree.get(name)}
    found["beliefs"] = _new_beliefs(tree.get("beliefs") or ())
    found["pairs"] = [{name: pair.get(name) for name in _OF_PAIR} for pair in pairs]
    found["rejected"] = [
        {"node": place_of(row)[1], "gate": row.get("gate"), "reason": row.get("reason"), "text": row.get("text")}
        for row in rejected
    ]
    return {name: value for name, value in found.items() if value}


def place_of(rejection: Row) -> tuple[str, str]:
    """The conversation and the message of a rejection."""
    tree, _, node = str(rejection.get("place", "")).partition("/")
    return tree, node.partition("/")[0]


def _new_beliefs(beliefs: Iterable[Row]) -> list[Row]:
    """Each belief with only those of its inferences that are not in the one before on its path."""
    known: dict[str, set[tuple[Any, Any]]] = {}
    found = []
    for belief in beliefs:
        node = str(belief.get("node", ""))
        own = [one for one in belief.get("inferences") or () if isinstance(one, dict)]
        before = next((known[up] for up in _above(node) if up in known), set())
        known[node] = {(one.get("fact"), one.get("quote")) for one in own}
        new = [one for one in own if (one.get("fact"), one.get("quote")) not in before]
        row = {"node": node, "new": new, "known": len(own), "retracts": belief.get("retracts") or []}
        found.append(row | {"dropped": belief.get("dropped") or 0})
    return found


def _above(node: str) -> Iterable[str]:
    up = parent(node)
    while up:
        yield up
        up = parent(up)


@dataclass
class Names:
    """Words by number, in the order in which they came."""

    words: list[str] = field(default_factory=list)
    _numbers: dict[str, int] = field(default_factory=dict)

    def number(self, word: str) -> int:
        """The number of ``word``, a new one if it is new."""
        if word not in self._numbers:
            self._numbers[word] = len(self.words)
            self.words.append(word)
        return self._numbers[word]


@dataclass
class Columns:
    """What the page filters by: a column a field, of conversations, of pairs and of rejections."""

    agents: Names = field(default_factory=Names)
    gates: Names = field(default_factory=Names)
    trees: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    pairs: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    rejected: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    outcomes: Outcomes = field(default_factory=dict)  # of shortcuts

    def add(self, tree: Row, persona: int, pairs: Sequence[Row], rejected: Sequence[Row]) -> None:
        """Appends a conversation of the persona with this number."""
        judged = rules.judged(tree)
        number = len(self.trees["id"])
        turns = sum(one["role"] == "user" for one in tree["nodes"])
        title = " ".join(str(tree["nodes"][0]["content"]).split())
        values = {
            "id": tree["id"],
            "persona": persona,
            "title": title[:TITLE] + "…" * (len(title) > TITLE),
            "turns": turns,
            "messages": len(tree["nodes"]),
            "pairs": len(pairs),
            "depth": max(turn(one["id"]) for one in tree["nodes"]),
            "twin": (tree.get("twin") or {}).get("tree", ""),
            **{name: tree[name] for name in _OF_RATED if name in tree},
        }
        for name, value in values.items():
            self.trees[name].append(value)
        for pair in pairs:
            own = self.outcomes.get((tree["id"], str(pair.get("chosen_node")), str(pair.get("rejected_node"))), {})
            right = {name: value > 0.5 for name, value in own.items() if value != 0.5}
            self._add_pair(number, pair, right | judged.get(str(pair.get("node")), {}))
        for row in rejected:
            node = place_of(row)[1]
            self.rejected["tree"].append(number)
            self.rejected["node"].append(node)
            self.rejected["gate"].append(self.gates.number(str(row.get("gate"))))
            for name in rules.JUDGE:
                self.rejected[name].append(_TRI[judged.get(node, {}).get(name)])

    def _add_pair(self, tree: int, pair: Row, signs: rules.Signs) -> None:
        values = {
            "tree": tree,
            "node": str(pair.get("node", "")),
            "turn": pair.get("turn") or turn(str(pair.get("node", ""))),
            "chosen": self.agents.number(str(pair.get("chosen_agent"))),
            "rejected": self.agents.number(str(pair.get("rejected_agent"))),
            "margin": pair.get("margin"),
            "pooled": _POOLED.get(pair.get("pooled"), 0),
            **{name: _TRI.get(pair.get(name), 0) for name in ("personal", "knowable", "generic", "leaking")},
        }
        values |= {name: _TRI[signs.get(name)] for name in (*rules.SHORTCUTS, *rules.JUDGE)}
        for name, value in values.items():
            self.pairs[name].append(value)

    def signs(self) -> dict[str, str]:
        """Each sign that a turn has, as ``longer:no``, with what it means."""
        found: dict[str, str] = {}
        for name, means in {**rules.SHORTCUTS, **rules.JUDGE}.items():
            there = {*self.pairs[name], *self.rejected.get(name, ())}
            sides = zip(("yes", "no"), means, (True, False), strict=True)
            found |= {f"{name}:{side}": words for side, words, value in sides if _TRI[value] in there}
        return found

    def packed(self) -> Mapping[str, Any]:
        """All of it, for the page; without columns of signs that no turn has."""
        known = {sign.partition(":")[0] for sign in self.signs()}
        empty = {*rules.SHORTCUTS, *rules.JUDGE} - known
        columns = {
            kind: {name: column for name, column in table.items() if name not in empty}
            for kind, table in (("trees", self.trees), ("pairs", self.pairs), ("rejected", self.rejected))
        }
        return {"agents": self.agents.words, "gates": self.gates.words, "signs": self.signs(), **columns}
