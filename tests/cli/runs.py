"""Run folders for tests of the commands, written as `simulate` and `expand` write them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from personagen.flows import alignment
from personagen.pairs import pairs_of
from personagen.ratings import Rating
from personagen.records import ConversationTree, Node, Persona, Record
from personagen.store.files import dump
from tests.trees import PERSONA, conversation

Scores = Mapping[str, Sequence[int]]  # by turn, for each persona; 0 is a reply without a rating

USAGE = {
    "calls": 30,
    "input_tokens": 1200,
    "output_tokens": 340,
    "cached_input_tokens": 0,
    "cache_write_input_tokens": 0,
    "reasoning_tokens": 0,
    "cost_usd": 0.25,
}


def lines(file: Path, records: Iterable[Record]) -> None:
    file.write_bytes(b"".join(record.line() + b"\n" for record in records))


def several(count: int) -> list[ConversationTree]:
    """Trees with ids t1, t2, ..."""
    return [conversation(id=f"t{number}") for number in range(1, count + 1)]


def simulated(folder: Path, trees: Sequence[ConversationTree], status: str = "done") -> Path:
    """A run folder of `simulate` that holds ``trees`` and what follows from them."""
    folder.mkdir(parents=True, exist_ok=True)
    judged = [pairs_of(tree) for tree in trees]
    lines(folder / "trees.jsonl", trees)
    lines(folder / "pairs.jsonl", [pair for pairs, _ in judged for pair in pairs])
    lines(folder / "rejections.jsonl", [rejection for _, rejections in judged for rejection in rejections])
    pairs = sum(len(pairs) for pairs, _ in judged)
    counted = {"trees": len(trees), "conversations": len(trees) + (status != "done"), "pairs": pairs, "turns": pairs}
    state = {"command": "simulate", "status": status, "usage": USAGE, "summary": counted}
    (folder / "run.json").write_bytes(dump({**state, "options": {"model": ["offline"]}}))
    return folder


def expanded(folder: Path, personas: Sequence[Persona]) -> Path:
    """A run folder of `expand` that holds ``personas``."""
    folder.mkdir(parents=True, exist_ok=True)
    lines(folder / "personas.jsonl", personas)
    pools = {"profile": {"size": 9, "seeds": 4, "rejected": {"format": 2}}}
    state = {"command": "expand", "status": "done", "usage": USAGE}
    (folder / "run.json").write_bytes(dump({**state, "summary": {"personas": len(personas), "pools": pools}}))
    return folder


def dialogue(persona: Persona, condition: str, turns: int) -> ConversationTree:
    """A conversation of ``evaluate``: one reply a turn."""
    nodes = []
    for turn in range(1, turns + 1):
        at = ".".join("0" * (2 * turn - 1))
        nodes.append(Node(id=at, role="user", content=f"Question {turn} of {persona.id}.", agent="user"))
        nodes.append(Node(id=f"{at}.0", role="assistant", content=f"Reply {turn}, {condition}.", agent=condition))
    return ConversationTree(
        id=f"{persona.id}-{condition}", persona=persona, nodes=tuple(nodes), models={"assistant": "offline"}
    )


def evaluated(folder: Path, scores: Mapping[str, Scores], *, status: str = "done", **options: object) -> Path:
    """A run folder of `evaluate` with these scores by condition; the judge's reasons name tree and turn."""
    folder.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for by_persona in scores.values() for name in by_persona))
    people = {name: PERSONA.model_copy(update={"id": name, "attributes": {"gender": "female"}}) for name in names}
    trees, ratings = [], []
    for condition, by_persona in scores.items():
        for name, own in by_persona.items():
            tree = dialogue(people[name], condition, len(own))
            trees.append(tree)
            for turn, score in enumerate(own, 1):
                about = {"tree": tree.id, "node": ".".join("0" * (2 * turn)), "turn": turn, "persona": name}
                about |= {"condition": condition, "score": score, "style": score, "reason": f"{tree.id} at {turn}"}
                ratings += [Rating.model_validate(about)] if score else []
    lines(folder / "trees.jsonl", trees)
    lines(folder / "ratings.jsonl", ratings)
    lines(folder / "rejections.jsonl", [])
    turns = max(len(own) for by_persona in scores.values() for own in by_persona.values())
    found = alignment.results(alignment.rated(ratings, names, turns), list(people.values()), {})
    (folder / alignment.FILE).write_bytes(dump(found))
    counted = {"planned": len(trees), "conversations": len(trees), "failed": 0, "answered": len(ratings)}
    summary = counted | {"rated": len(ratings), "results": found}
    state = {"command": "evaluate", "status": status, "usage": USAGE, "summary": summary}
    given = {"model": ["offline"], "judge_model": ["offline"], "user_model": "offline", "protocol": "aloe", **options}
    (folder / "run.json").write_bytes(dump({**state, "options": given}))
    return folder
