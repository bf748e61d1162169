"""The shape of trees, and what they give, by growth: calls, pairs, trajectory pairs, where the deepest branches began.

    python benchmarks/trees.py [--conversations 8] [--turns 6 10] [--grow coin best all beam:4 best-hard information]

Offline, with personas made from the packaged seeds; a minute or two. Prints the table of ``docs/trees.md``.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from personagen import ConversationTree, expand, read_pairs, read_trajectories, read_trees, simulate
from personagen.options.growth import GROWTHS
from personagen.tree import by_id, turn

COLUMNS = ("turns", "`--grow`", "user turns", "deepest branches", "last turn", "calls", "pairs", "trajectory pairs")
COLUMNS += ("began aware", "known per turn")


@dataclass(frozen=True)
class Shape:
    """What is counted in one tree; ``began_aware``: the share of its deepest branches that are aware at the first fork.

    The first fork is the first message of which two replies lead to a deepest branch, or else that has two replies.
    """

    user_turns: int
    deepest: int
    last_turn: int
    began_aware: float | None

    @classmethod
    def of(cls, tree: ConversationTree) -> Shape:
        nodes = by_id(tree)
        users = [node.id for node in tree.nodes if node.role == "user"]
        last = max(map(turn, users))
        deepest = [at for at in users if turn(at) == last]
        steps = [at.split(".") for at in deepest]
        forks = [n for n in range(1, 2 * last - 2, 2) if len({path[n] for path in steps}) > 1]
        forks += [
            n for n in range(1, 2 * last - 2, 2) if {f"{'.'.join(steps[0][:n])}.{end}" for end in "01"} <= {*nodes}
        ]
        began = [nodes[".".join(path[: forks[0] + 1])].agent == "aware" for path in steps] if forks else []
        return cls(len(users), len(deepest), last, fmean(began) if began else None)


def inferences_per_turn(tree: ConversationTree) -> float:
    """The inferences known at the last answered turn, by turn."""
    answered = {node.id.rpartition(".")[0] for node in tree.nodes if node.role == "assistant"}
    last = max((belief for belief in tree.beliefs if belief.node in answered), key=lambda belief: turn(belief.node))
    return len(last.inferences) / turn(last.node)


def row(folder: Path, grow: str, turns: int, conversations: int) -> str:
    """One row of the table: means per tree."""
    run = folder / f"{grow}-{turns}".replace(":", "-")
    options = {"personas": folder / "pool" / "personas.jsonl", "conversations": conversations, "turns": turns}
    summary = simulate(**options, grow=grow, seed=7, out=run)
    trees = list(read_trees(run))
    shapes = [Shape.of(tree) for tree in trees]
    began = [shape.began_aware for shape in shapes if shape.began_aware is not None]
    cells = (
        turns,
        f"`{grow}`",
        f"{fmean(shape.user_turns for shape in shapes):.0f}",
        f"{fmean(shape.deepest for shape in shapes):.1f}",
        f"{fmean(shape.last_turn for shape in shapes):.1f}",
        f"{summary.report.calls / len(trees):.0f}",
        f"{sum(1 for _ in read_pairs(run)) / len(trees):.1f}",
        f"{sum(1 for _ in read_trajectories(run)) / len(trees):.1f}",
        f"{fmean(began):.0%}" if began else "",
        f"{fmean(map(inferences_per_turn, trees)):.2f}",
    )
    return f"| {' | '.join(map(str, cells))} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--conversations", type=int, default=8)
    parser.add_argument("--turns", type=int, nargs="+", default=[6, 10])
    parser.add_argument("--grow", nargs="+", default=[*GROWTHS[:3], "beam:4", *GROWTHS[3:]])
    given = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    with tempfile.TemporaryDirectory() as made:
        expand(target=40, seed=7, out=Path(made) / "pool")
        for turns in given.turns:
            for grow in given.grow:
                print(row(Path(made), grow, turns, given.conversations), flush=True)


if __name__ == "__main__":
    main()
