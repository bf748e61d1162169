"""How the offline cast's users write and what its observer reads, beside the figures of real users.

    python benchmarks/realism.py [--conversations 200] [--turns 10] [--seed 0] [--pool 150] [--show N]

A pool is grown from the packaged seeds, and simulated in a run folder that is removed again.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import statistics
import tempfile
from pathlib import Path

from personagen.cli.realism import realism_rows
from personagen.flows.expand import expand
from personagen.flows.simulate import simulate
from personagen.metrics.disclosure import is_told, stems
from personagen.metrics.realism import REAL
from personagen.metrics.two_sample import told_apart
from personagen.offline.facts import is_stated
from personagen.offline.voice import clause
from personagen.options import ExpandOptions, SimulateOptions
from personagen.records import ConversationTree, Inference
from personagen.store.files import read_records
from personagen.tree import one_path


def observed(trees: list[ConversationTree]) -> dict[str, float]:
    """Precision and recall of the observer's facts at the end of each conversation, of those that were told.

    A fact was told if a message has most of its words; an inference is right if it has half of the words of a fact.
    What is only hinted at (``sure`` is low) counts for neither.
    """
    told = found = right = sure = 0
    for tree in trees:
        last = tree.beliefs[-1].inferences if tree.beliefs else ()
        inferred = [one for one in last if one.kind == "profile" and one.sure == "high"]
        said = tuple(node.content for node in one_path(tree) if node.role == "user")
        facts = [fact for fact in tree.persona.facts if _was_told(fact, said)]
        told += len(facts)
        found += sum(any(_is_about(one, fact) for one in inferred) for fact in facts)
        right += sum(any(_is_about(one, fact) for fact in tree.persona.facts) for one in inferred)
        sure += len(inferred)
    return {"precision": right / max(1, sure), "recall": found / max(1, told), "told": told, "inferred": sure}


def _was_told(fact: str, said: tuple[str, ...]) -> bool:
    mine = clause(fact)
    return is_told(fact, said) or (mine is not None and is_stated(mine, said))


def _is_about(inference: Inference, fact: str) -> bool:
    one, other = stems(inference.fact), stems(fact)
    return bool(one and other) and len(one & other) >= 0.5 * min(len(one), len(other))


def voices(trees: list[ConversationTree]) -> tuple[float, float]:
    """The share of others whose turns are less like one half of a person's turns than the other half is, and chance.

    Nearness is the share of words in common; topics are taken out by comparing words that stand in five people's turns.
    """
    halves = {}
    for tree in trees:
        said = [node.content for node in one_path(tree) if node.role == "user"]
        if len(said) >= 6:
            halves[tree.id] = [frozenset(" ".join(part).split()) for part in (said[::2], said[1::2])]
    counts: dict[str, int] = {}
    for one, other in halves.values():
        for word in one | other:
            counts[word] = counts.get(word, 0) + 1
    common = {word for word, n in counts.items() if n >= 5}
    near = []
    for name, (mine, own) in halves.items():
        score = _alike(mine & common, own & common)
        near.append(
            statistics.fmean(score > _alike(mine & common, h[1] & common) for n, h in halves.items() if n != name)
        )
    return statistics.fmean(near or [math.nan]), 0.5


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, len(one | other))


def halves_apart(trees: list[ConversationTree]) -> float:
    """The accuracy of the two-sample test on two halves of the same run, which should be near a half."""
    said = [(t.persona.id, [n.content for n in one_path(t) if n.role == "user"]) for t in trees]
    found = told_apart(said[::2], said[1::2])
    return found.value if found else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, default in (("conversations", 200), ("turns", 10), ("seed", 0), ("pool", 150), ("show", 0)):
        parser.add_argument(f"--{name}", type=int, default=default)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pool, run = Path(folder) / "pool", Path(folder) / "run"
        asyncio.run(expand(ExpandOptions(target=args.pool, seed=args.seed, out=str(pool))))
        given = {"personas": str(pool / "personas.jsonl"), "conversations": args.conversations, "turns": args.turns}
        summary = asyncio.run(simulate(SimulateOptions(**given, seed=args.seed, out=str(run))))
        trees = list(read_records(run / "trees.jsonl", ConversationTree))
    for name, value in realism_rows(summary.realism, whole=True):
        print(f"{name:<26}{value}")
    words, real = summary.realism["all"]["words"], REAL["words"]
    inside = real["p10"] <= words["p10"] <= words["p90"] <= real["p90"]
    print(f"{'goal':<26}words within {real['p10']}-{real['p90']}: {inside}, length CV at least 0.5")
    print(f"{'ended early':<26}{summary.ended_early}")
    print(f"{'observer':<26}" + ", ".join(f"{name} {value:.3f}" for name, value in observed(trees).items()))
    print(f"{'own voice nearer':<26}{voices(trees)[0]:.2f} (chance 0.50)")
    print(f"{'halves told apart':<26}{halves_apart(trees):.2f} (chance 0.50)")
    for tree in trees[: args.show]:
        print(f"\n{tree.persona.profile}\n{tree.persona.personality}\n{tree.style}")
        for node in one_path(tree):
            print(f"  {node.agent:>6}  {node.content}")


if __name__ == "__main__":
    main()
