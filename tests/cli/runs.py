"""Run folders for tests of the commands, written as `simulate` and `expand` write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from personagen.pairs import pairs_of
from personagen.records import ConversationTree, Persona, Record
from personagen.store.files import dump
from tests.trees import conversation

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
