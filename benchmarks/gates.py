"""What each gate leaves of the offline judge's errors, kind by kind, and how many right pairs it keeps.

    python benchmarks/gates.py [--share 0.2] [--conversations 60] [--turns 8] [--seed 5] [--kind KIND ...]

For each kind of error a run of `personagen simulate --noise KIND=SHARE` is made, with one other persona and nobody
asked about every pair (--counterfactual 1), each verdict asked for again and a second judge (--check-rate 1,
--model checker=offline/second). The truth is the offline judge's own, without errors; pairs about which it is in doubt
are left out. A pair that is `personal` in truth is one whose order is the opposite for that other persona.

Printed for each kind, after each gate: the share of wrong pairs among those that are left, and the share of all right
pairs that are kept (for `personal` of the right ones that are personal in truth).
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personagen.api import read_personas, read_trees
from personagen.flows.expand import expand
from personagen.flows.simulate import simulate
from personagen.gates import PAIR_GATES, Comparison
from personagen.offline.judge import CLOSE, truth
from personagen.options import ExpandOptions, SimulateOptions
from personagen.pairs import comparisons_of
from personagen.records import Persona

KINDS = ("fresh", "order", "length", "blind", "recite", "model")
MIXTURE = ",".join(f"{kind}=0.05" for kind in KINDS)


@dataclass(frozen=True)
class Judged:
    """A pair of replies as the first verdict has it: ``right``, and whether the order is ``personal`` in truth."""

    case: Comparison
    right: bool
    personal: bool


def first(_: Comparison) -> bool:
    """One verdict, in one order."""
    return True


def both(case: Comparison) -> bool:
    """The gates `tie` and `inconsistent`: both orders agree."""
    return not (PAIR_GATES["tie"](case) or PAIR_GATES["inconsistent"](case))


def again(case: Comparison) -> bool:
    """And `disputed` by the judge, asked again: two samples of one order, and the other order."""
    return both(case) and not _disputed(case, case.again[:1])


def second(case: Comparison) -> bool:
    """And `disputed` by another model."""
    return again(case) and not _disputed(case, case.again)


def personal(case: Comparison) -> bool:
    """Both orders, and `--keep personal`: the other persona's verdict is the opposite."""
    flips = [made for made in case.others if made.persona != "nobody" and not made.tie]
    return both(case) and any(made.ranking.index(case.better) > made.ranking.index(case.worse) for made in flips)


STAGES: dict[str, Callable[[Comparison], bool]] = {
    "one verdict": first,
    "both orders": both,
    "asked again": again,
    "other model": second,
    "personal": personal,
}


def _disputed(case: Comparison, verdicts: Any) -> bool:
    return any(made.tie or made.ranking.index(case.better) > made.ranking.index(case.worse) for made in verdicts)


def judged(run: Path, personas: Mapping[str, Persona]) -> Iterator[Judged]:
    """Every pair of replies with a first verdict and a clear truth."""
    for tree in read_trees(run):
        for cases in comparisons_of(tree).values():
            case = cases[0]
            if not case.better or not case.judgments or case.judgments[0].tie or len(case.judgments) < 2:
                continue
            gap = _gap(case, tree.persona)
            if abs(gap) < CLOSE:
                continue
            others = [personas[made.persona] for made in case.others if made.persona != "nobody"]
            flips = any(gap * _gap(case, other) < 0 and abs(_gap(case, other)) >= CLOSE for other in others)
            yield Judged(case, gap > 0, flips)


def _gap(case: Comparison, persona: Persona) -> float:
    """How much better the better reply is in truth for ``persona``."""
    texts = case.texts
    found = truth(
        {
            "conversation": case.before,
            "profile": persona.profile,
            "personality": persona.personality,
            "facts": list(persona.facts),
            "traits": list(persona.traits),
            "replies": [{"label": label, "text": text} for label, text in zip("AB", texts, strict=True)],
        }
    ).utilities
    return found["A"] - found["B"]


def measured(pairs: list[Judged]) -> dict[str, tuple[float, float, int]]:
    """For each stage the share of wrong pairs among those left, of right ones kept, and how many are left."""
    found = {}
    for name, keeps in STAGES.items():
        left = [one for one in pairs if keeps(one.case)]
        counted = [one for one in pairs if one.personal] if name == "personal" else pairs
        right = [one for one in counted if one.right]
        kept = sum(keeps(one.case) for one in right)
        wrong = sum(not one.right for one in left)
        found[name] = (wrong / max(1, len(left)), kept / max(1, len(right)), len(left))
    return found


async def simulated(folder: Path, noise: str, args: argparse.Namespace) -> Path:
    """A run of offline conversations with this noise; returns its folder."""
    out = folder / noise.replace(",", "_")
    await simulate(
        SimulateOptions(
            personas=str(folder / "pool" / "personas.jsonl"),
            conversations=args.conversations,
            turns=args.turns,
            seed=args.seed,
            counterfactual=1,
            check_rate=1.0,
            noise=noise,
            model=("offline", "checker=offline/second"),
            out=str(out),
        )
    )
    return out


async def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--conversations", type=int, default=60)
    parser.add_argument("--turns", type=int, default=8)
    parser.add_argument("--seed", type=int, default=5)
    parser.add_argument("--kind", action="append", choices=(*KINDS, "mixture"))
    args = parser.parse_args()
    print(f"share {args.share}; after each gate: wrong pairs left / right pairs kept (pairs left)")
    print(f"{'kind':8s} " + " ".join(f"{name:>22s}" for name in STAGES))
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        await expand(ExpandOptions(target=max(60, args.conversations), seed=args.seed, out=str(folder / "pool")))
        personas = {one.id: one for one in read_personas(folder / "pool" / "personas.jsonl")}
        for kind in args.kind or (*KINDS, "mixture"):
            noise = MIXTURE if kind == "mixture" else f"{kind}={args.share}"
            run = await simulated(folder, noise, args)
            figures = measured(list(judged(run, personas)))
            row = " ".join(f"{wrong:7.1%} / {kept:5.0%} ({n:5,})" for wrong, kept, n in figures.values())
            print(f"{kind:8s} {row}", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
