"""``compare``: two runs of ``simulate`` by settings, prompts, verdicts and win rates."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personagen.errors import UsageError
from personagen.metrics.win_rate import Interval, difference, win_rate
from personagen.pairs import pairs_of
from personagen.prompts.differences import diff, diffs
from personagen.records import ConversationTree, content_id
from personagen.store.files import read_records, read_state
from personagen.tree import messages, parent, turn

_PLACES = frozenset({"out", "prompts", "personas"})  # of files; that they differ says nothing about what is in them


@dataclass(frozen=True)
class Turn:
    """How a turn came out: who won, or why there is no pair; ``texts`` is the hash of its messages and replies."""

    outcome: str
    texts: str
    agent: str = ""
    loser: str = ""


@dataclass(frozen=True)
class Change:
    """A turn of both runs with another outcome; ``texts`` says that the conversation up to it differs as well."""

    tree: str
    node: str
    turn: int
    before: str
    after: str
    texts: bool


@dataclass(frozen=True)
class Rate:
    """The win rate of a candidate in either run, and in the turns of both the second minus the first."""

    first: Interval | None
    second: Interval | None
    difference: Interval | None


@dataclass(frozen=True)
class Comparison:
    """What differs between two ``runs``.

    ``settings`` has both values by name, ``prompts`` a unified diff by file. ``trees`` and ``turns`` count what is in
    the first run, the second, and both. Of the turns in both, ``same_texts`` have equal messages and replies;
    ``outcomes`` counts them by outcome in the first and in the second run, ``changed`` lists those where it differs.
    """

    runs: tuple[str, str]
    settings: dict[str, tuple[Any, Any]]
    prompts: dict[str, str]
    trees: tuple[int, int, int]
    turns: tuple[int, int, int]
    same_texts: int
    outcomes: list[tuple[str, str, int]]
    win_rates: dict[str, Rate]
    changed: list[Change]


def compare(first: Path, second: Path) -> Comparison:
    """The differences between the run folders ``first`` and ``second``, of ``simulate`` or merged from it.

    Raises:
        UsageError: a folder is not such a run.
    """
    states = [_state(folder) for folder in (first, second)]
    one, other = (_turns(folder) for folder in (first, second))
    both = [(tree, at) for tree, turns in one.items() for at in turns if at in other.get(tree, {})]
    found = [(tree, at, one[tree][at], other[tree][at]) for tree, at in both]
    outcomes = Counter((a.outcome, b.outcome) for _, _, a, b in found)
    return Comparison(
        runs=(str(first), str(second)),
        settings=_settings(*states),
        prompts=_prompts(first, second),
        trees=(len(one), len(other), len(one.keys() & other.keys())),
        turns=(sum(map(len, one.values())), sum(map(len, other.values())), len(both)),
        same_texts=sum(a.texts == b.texts for _, _, a, b in found),
        outcomes=[(*pair, n) for pair, n in sorted(outcomes.items(), key=lambda item: (-item[1], item[0]))],
        win_rates=_win_rates(one, other),
        changed=[
            Change(tree, at, turn(at), a.outcome, b.outcome, a.texts != b.texts)
            for tree, at, a, b in found
            if a.outcome != b.outcome
        ],
    )


def _state(folder: Path) -> dict[str, Any]:
    state = read_state(folder)
    if state.get("command") == "evaluate":
        raise UsageError(f"{folder} is a run of evaluate: compare those with `personagen evaluate --compare RUN RUN`")
    if "simulate" not in (state.get("command"), state.get("of")):
        raise UsageError(f"{folder} has personas, not conversations; name two runs of `personagen simulate`")
    return state


def _settings(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    a, b = one.get("options", {}), other.get("options", {})
    return {n: (a.get(n), b.get(n)) for n in sorted({*a, *b} - _PLACES) if a.get(n) != b.get(n)}


def _prompts(first: Path, second: Path) -> dict[str, str]:
    new = {str(file.relative_to(second / "prompts")): file for file in (second / "prompts").rglob("*.md")}
    added = {name: diff(None, file) for name, file in new.items() if not (first / "prompts" / name).is_file()}
    return dict(sorted({**diffs(first / "prompts", (second / "prompts",)), **added}.items()))


def _turns(run: Path) -> dict[str, dict[str, Turn]]:
    """The turns of each tree, by the node of the user's message."""
    return {tree.id: _turns_of(tree) for tree in read_records(run / "trees.jsonl", ConversationTree)}


def _turns_of(tree: ConversationTree) -> dict[str, Turn]:
    pairs, rejections = pairs_of(tree)
    nodes = {node.id: node for node in tree.nodes}
    replies: dict[str, list[tuple[str, str]]] = {}
    for node in tree.nodes:
        if node.role == "assistant":
            replies.setdefault(parent(node.id) or "", []).append((node.id, node.content))
    best = {pair.node: pair for pair in reversed(pairs)}  # the best against the worst comes first
    why = {row.place.rpartition("/")[2]: row.gate for row in rejections}
    turns = {}
    for node in tree.nodes:
        if node.role != "user":
            continue
        said = [m.content for m in messages(nodes, node.id)]
        texts = content_id(said, sorted(replies.get(node.id, ())))
        if pair := best.get(node.id):
            won = f"{pair.chosen_agent} .{pair.chosen_node.rpartition('.')[2]}"
            turns[node.id] = Turn(won, texts, pair.chosen_agent, pair.rejected_agent)
        else:
            turns[node.id] = Turn(_WHY.get(why.get(node.id, ""), why.get(node.id, "unjudged")), texts)
    return turns


_WHY = {"consistent": "inconsistent", "judged": "unjudged"}


def _win_rates(one: Mapping[str, Mapping[str, Turn]], other: Mapping[str, Mapping[str, Turn]]) -> dict[str, Rate]:
    """The rate at which each candidate wins against others; paired where both runs have a pair at the same turn."""
    everyone = (t for run in (one, other) for turns in run.values() for t in turns.values())
    agents = sorted({name for t in everyone for name in (t.agent, t.loser) if t.agent != t.loser})
    paired = [
        {
            tree: {at: turns[at] for at in turns if _decided(turns[at]) and _decided(against[tree].get(at))}
            for tree, turns in run.items()
            if tree in against
        }
        for run, against in ((one, other), (other, one))
    ]
    rates = {}
    for agent in agents:
        first, second = (win_rate([_wins(agent, turns) for turns in run.values()]) for run in (one, other))
        same = [[_wins(agent, run[tree]) for tree in paired[0]] for run in paired]
        rates[agent] = Rate(first, second, difference(*same))
    return rates


def _decided(turn: Turn | None) -> bool:
    return turn is not None and turn.agent != turn.loser


def _wins(agent: str, turns: Mapping[str, Turn]) -> tuple[int, int]:
    """The wins of ``agent`` and the pairs in which it meets another candidate."""
    met = [t for t in turns.values() if _decided(t) and agent in (t.agent, t.loser)]
    return sum(t.agent == agent for t in met), len(met)
